"""What a gate has run so far, arranged by side, repeat and behaviour. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.gate.attempts import CellRun
from harness.gate.compare import Imports, Key
from harness.gate.plan import SIDES, Plan, Side, Task
from harness.vocabulary.cells import Cell
from harness.vocabulary.errors import UsageError
from harness.vocabulary.records import Outcome

SideRuns = list[dict[Key, Outcome]]
"""The outcomes of one side, a mapping a repeat."""


@dataclass(frozen=True)
class Listing:
    """What one side would run; `plan` None where it could not be listed, for `problem`.

    `refusal` where that is what the options ask for, and not how the stack is; `left_out`
    the behaviours that `--select` did not choose.
    """

    plan: Plan | None
    problem: str = ""
    refusal: UsageError | None = None
    left_out: frozenset[str] = frozenset()


@dataclass
class Results:
    """Finished tasks of both sides, and the listings they came from."""

    runs: dict[Task, CellRun] = field(default_factory=dict)
    listings: dict[Side, Listing] = field(default_factory=dict)

    def cells(self) -> dict[str, Cell]:
        """Every cell of either side by its id, in running order."""
        return {
            planned.cell.id: planned.cell
            for side in SIDES
            if side in self.listings
            for planned in self.listings[side].plan or ()
        }

    def outcomes(self, repeats: int) -> tuple[SideRuns, SideRuns]:
        """The outcomes of the baseline and of the candidate, in the order of their listings.

        A side that could not be listed has an `unknown` for everything the other has.
        """
        baseline, candidate = (self.side(side, repeats) for side in SIDES)
        if self.listings["baseline"].plan is None:
            baseline[0] = self._lost("baseline", candidate[0])
        if self.listings["candidate"].plan is None:
            candidate[0] = self._lost("candidate", baseline[0])
        return baseline, candidate

    def side(self, side: Side, repeats: int = 1) -> SideRuns:
        """The outcomes of one side alone, a mapping a repeat."""
        runs: SideRuns = [{} for _ in range(repeats)]
        for task, run in self.runs.items():
            if task.side == side:
                runs[task.repeat] |= {(name, task.cell.id): o for name, o in run.outcomes.items()}
        order = [
            (name, planned.cell.id)
            for planned in self.listings[side].plan or ()
            for name in planned.behaviours
        ]
        return [{key: run[key] for key in order if key in run} for run in runs]

    def _lost(self, side: Side, other: Mapping[Key, Outcome]) -> dict[Key, Outcome]:
        reason = f"nothing ran in this stack: {self.listings[side].problem}"
        return {key: Outcome(*key, "unknown", reason) for key in other}

    def imports(self, side: Side, stack: Mapping[str, str]) -> Imports:
        """What the side's records say of its libraries; an error in any cell counts."""
        errors: dict[str, str] = {}
        for task, run in self.runs.items():
            if task.side == side and run.header is not None:
                for package, error in run.header.imports.items():
                    errors[package] = errors.get(package) or error
        return Imports(errors, frozenset(stack))

    def left_out(self) -> frozenset[str]:
        """The behaviours of either side that were not chosen."""
        return frozenset().union(*(listing.left_out for listing in self.listings.values()))

    def oddities(self) -> list[str]:
        """A note for each side that was listed with errors."""
        return [
            f"listing the behaviours of the {side} met errors: {listing.problem}"
            for side, listing in self.listings.items()
            if listing.plan is not None and listing.problem
        ]
