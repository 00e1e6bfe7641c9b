"""Words for a calibration: what moved, by how much, and what that replaces."""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.calibration.conditions import Condition
from harness.calibration.spreads import Calibration, Number
from harness.report.jsonform import finite
from harness.report.plain import one_line
from harness.vocabulary.cells import PRECISIONS
from harness.vocabulary.comparison import flatten
from harness.vocabulary.observations import BOUND_FACTOR, BOUNDS

SHOWN = 24
"""So many numbers are listed, those furthest beyond their bound first; `--json` has all."""

_PRECISION = re.compile(rf"-({'|'.join(PRECISIONS)})-")


def bound_of(number: Number) -> float:
    """The tolerance that the measured one replaces: that of the bound of its precision."""
    noise = number.observation.noise
    if noise is not None and noise.provenance.startswith("bound"):
        return noise.tolerance(noise.level)
    found = _PRECISION.search(number.cell)
    return BOUND_FACTOR * BOUNDS[found[1] if found else "float32"] * _size(number)


def _size(number: Number) -> float:
    value = number.observation.value
    numbers = value["gaps"] if number.observation.kind == "tokens" else value
    return max((abs(each) for each in flatten(numbers)), default=0.0)


def ratio(number: Number, within: float) -> float:
    """The measured tolerance within a kernel level, `within` times the spread, by the bound's."""
    allowed, before = within * number.spread.within, bound_of(number)
    return allowed / before if before else 0.0


def render(calibration: Calibration, within: float, console: Console) -> None:
    """Print what was measured, what should have been equal and is not, and under what."""
    numbers = sorted(calibration.numbers, key=lambda number: -number.spread.across)
    numbers = sorted(numbers, key=lambda number: -ratio(number, within))
    still = sum(number.spread.across == 0 for number in numbers)
    _line(
        console,
        f"{len(numbers)} numbers in {len(calibration.runs)} runs: {still} never moved, "
        f"{sum(ratio(n, within) > 1 for n in numbers)} move by more than their bound allowed",
        "bold",
    )
    for run in calibration.runs:
        _line(console, f"  {run.condition}", "dim")
    if numbers:
        _table(console, numbers, within)
    for each in calibration.differing:
        _line(console, f"not equal: {each.behaviour} in {each.cell}: {each.name}", "bold red")
        _line(console, f"  {one_line(each.conditions)}: {one_line(each.detail)[:200]}")
    if calibration.unheld:
        _line(console, f"{len(calibration.unheld)} did not hold in every run, and are left out:")
        for behaviour, cell in calibration.unheld[:SHOWN]:
            _line(console, f"  {behaviour} in {cell}")


def _table(console: Console, numbers: list[Number], within: float) -> None:
    _line(console, f"{'spread':>10} {'across':>10} {'bound':>10} {'ratio':>8}  observation", "bold")
    for number in numbers[:SHOWN]:
        spread = number.spread
        name = f"{number.behaviour} {number.observation.name} ({number.cell})"
        _line(
            console,
            f"{spread.within:10.2e} {spread.across:10.2e} {bound_of(number):10.2e} "
            f"{ratio(number, within):8.2g}  {one_line(name)}",
        )
    if len(numbers) > SHOWN:
        _line(console, f"and {len(numbers) - SHOWN} more: --json FILE has all", "dim")


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)


def to_json(calibration: Calibration, within: float) -> dict[str, Any]:
    """Everything that was measured. `bound` and `ratio` are of tolerances."""
    return {
        "conditions": [_condition(run.condition) for run in calibration.runs],
        "numbers": [
            {
                "id": number.behaviour,
                "cell": number.cell,
                "observation": number.observation.name,
                "within": finite(number.spread.within),
                "across": finite(number.spread.across),
                "bound": finite(bound_of(number)),
                "ratio": finite(ratio(number, within)),
            }
            for number in calibration.numbers
        ],
        "differing": [
            {
                "id": each.behaviour,
                "cell": each.cell,
                "observation": each.name,
                "conditions": each.conditions,
                "detail": each.detail,
            }
            for each in calibration.differing
        ],
        "unheld": [{"id": behaviour, "cell": cell} for behaviour, cell in calibration.unheld],
    }


def _condition(condition: Condition) -> dict[str, Any]:
    return {
        "threads": condition.threads,
        "kernels": condition.kernels,
        "repeat": condition.repeat,
    }
