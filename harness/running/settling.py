"""Running both sides of a gate until what is not the same was repeated."""

from __future__ import annotations

import shlex

from harness.gate.compare import Comparison, compare_runs, questions
from harness.gate.world import Request
from harness.running.sides import Sides
from harness.vocabulary.cells import Cell


def settle(sides: Sides) -> Comparison:
    """Run every cell of both sides, and again, in turn, what is not the same."""
    sides.run()
    comparison = _compare(sides)
    asked = questions(comparison, *sides.outcomes())
    if asked and sides.request.confirm:
        sides.confirm(asked)
        comparison = _compare(sides)
    return comparison


def _compare(sides: Sides) -> Comparison:
    cells = sides.results.cells()
    return compare_runs(
        *sides.outcomes(),
        reproduce=lambda key: reproduce(sides.request, key[0], cells[key[1]]),
    )


def reproduce(request: Request, behaviour: str, cell: Cell) -> str:
    """The one command that gates this behaviour in this cell alone, under both stacks again."""
    parts = ["harness", "gate", "--baseline", request.baseline, "--candidate", request.candidate]
    if cell.subject in request.subjects:
        parts += ["--subject", request.subjects[cell.subject]]
    if cell.precision:
        parts += ["--precision", cell.precision]
    if cell.device and cell.device != "cpu":
        parts += ["--device", cell.device]
    if request.tier == "broad":
        parts += ["--tier", request.tier]
    return shlex.join([*parts, "--select", behaviour])
