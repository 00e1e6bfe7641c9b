"""Where the changes of a search for blame begin: one change stands for each group."""

from __future__ import annotations

from collections.abc import Callable

from harness.blame.looks import Changed, Known, lookable
from harness.gate.classify import classify
from harness.running.crew import Crew
from harness.running.locating import Looker
from harness.vocabulary.blame import Blamed, BlameReport, Change, Standing
from harness.vocabulary.cells import cell_of
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.located import Located


def locate_groups(
    found: BlameReport, known: Known, looker: Callable[[Blamed], Looker | None], parallel: int = 1
) -> tuple[Located, ...]:
    """Where each group begins that was put on something and of which something can be looked into.

    `looker` looks into the stacks without and with what brought a group; None where they
    cannot be made. `parallel` groups are looked into at a time. Raises NoEvidence, and
    KeyboardInterrupt.
    """
    looks: list[tuple[Changed, Looker]] = []
    for blamed in found.groups:
        changes = (_changed(found.changes[key]) for key in blamed.changes)
        change = lookable(changes, known) if blamed.standing is Standing.NAMED else None
        inside = looker(blamed) if change is not None else None
        if change is not None and inside is not None:
            looks.append((change, inside))

    def look(nth: int) -> Located:
        change, inside = looks[nth]
        try:
            return inside.change(change, known)
        except (HarnessError, OSError) as error:  # an error of one must not end the others
            return Located(change.behaviour, change.cell.id, lacking=(str(error),))

    crew = Crew(look, lambda: looks[0][1].processes.stop(), parallel)
    located = crew.run(range(len(looks)))
    return tuple(located[nth] for nth in range(len(looks)))


def _changed(change: Change) -> Changed:
    observations = classify(change.baseline, change.candidate).observations
    return Changed(change.behaviour, cell_of(change.cell), observations)
