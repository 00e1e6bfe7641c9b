"""Where the changes of a search for blame begin: one change stands for each group."""

from __future__ import annotations

from collections.abc import Callable

from harness.blame.looks import Changed, Known, lookable
from harness.gate.classify import classify
from harness.running.locating import Looker
from harness.vocabulary.blame import Blamed, BlameReport, Change, Standing
from harness.vocabulary.cells import cell_of
from harness.vocabulary.located import Located


def locate_groups(
    found: BlameReport, known: Known, looker: Callable[[Blamed], Looker | None]
) -> tuple[Located, ...]:
    """Where each group begins that was put on something and of which something can be looked into.

    `looker` looks into the stacks without and with what brought a group; None where they
    cannot be made. Raises NoEvidence, and KeyboardInterrupt.
    """
    located = []
    for blamed in found.groups:
        changes = (_changed(found.changes[key]) for key in blamed.changes)
        change = lookable(changes, known) if blamed.standing is Standing.NAMED else None
        inside = looker(blamed) if change is not None else None
        if change is not None and inside is not None:
            located.append(inside.change(change, known))
    return tuple(located)


def _changed(change: Change) -> Changed:
    observations = classify(change.baseline, change.candidate).observations
    return Changed(change.behaviour, cell_of(change.cell), observations)
