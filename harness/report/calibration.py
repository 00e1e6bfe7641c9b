"""Words for a calibration: what moved, by how much, and what that replaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.calibration.spreads import Calibration
from harness.calibration.tolerances import Allowed, tolerances
from harness.report.plain import one_line
from harness.report.strict import finite
from harness.report.words import plural

SHOWN = 24
"""So many numbers are listed, those allowed most beside their bound first; `--json` has all."""


def render(calibration: Calibration, console: Console) -> None:
    """Print what was measured, what should have been equal and is not, and under what."""
    found = tolerances(calibration)
    still = sum(each.number.spread.across == 0 for each in found)
    wider = sum(each.ratio > 1 for each in found)
    _line(
        console,
        f"{len(found)} numbers in {len(calibration.runs)} runs: {still} never moved, {wider} are "
        f"allowed more than by their bound, {len(found) - wider} at most as much",
        "bold",
    )
    for run in calibration.runs:
        _line(console, f"  {run.condition}", "dim")
    if found:
        _table(console, found)
    for each in calibration.differing:
        _line(console, f"not equal: {each.behaviour} in {each.cell}: {each.name}", "bold red")
        _line(console, f"  {one_line(each.conditions)}: {one_line(each.detail)[:200]}")
    if calibration.unheld:
        _line(console, f"not measured, held in some runs only: {len(calibration.unheld)}")
        for behaviour, cell in calibration.unheld[:SHOWN]:
            _line(console, f"  {behaviour} in {cell}")


def render_kept(files: Sequence[tuple[str, bool]], console: Console) -> None:
    """Print which files of noise were written, or removed since they hold nothing any more."""
    if not files:
        _line(console, "noise kept: nothing is other than it was")
        return
    _line(
        console, f"noise kept in {plural(len(files), 'file')}; review what git diff says:", "bold"
    )
    for name, there in files:
        _line(console, f"  {'wrote' if there else 'removed'} {name}")


def _table(console: Console, found: Sequence[Allowed]) -> None:
    heads = ("within", "across", "allowed", "bound", "ratio")
    _line(console, " ".join(f"{head:>9}" for head in heads) + "  observation", "bold")
    for each in found[:SHOWN]:
        number, spread = each.number, each.number.spread
        sizes = (spread.within, spread.across, each.tolerance, each.bound)
        name = f"{number.behaviour} {number.observation.name} ({number.cell})"
        _line(
            console,
            " ".join(f"{size:9.2e}" for size in sizes) + f" {each.ratio:9.2g}  {one_line(name)}",
        )
    if len(found) > SHOWN:
        _line(console, f"and {len(found) - SHOWN} more: --json FILE has all", "dim")


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)


def to_json(calibration: Calibration) -> dict[str, Any]:
    """Everything that was measured.

    `within` and `across` kernel levels are spreads, `allowed` and `bound` tolerances: what a
    number may move within a level from now on, and what its bound let it.
    """
    return {
        "conditions": [
            {
                "threads": run.condition.threads,
                "kernels": run.condition.kernels,
                "batch": run.condition.batch,
                "repeat": run.condition.repeat,
            }
            for run in calibration.runs
        ],
        "numbers": [_number(each) for each in tolerances(calibration)],
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


def _number(each: Allowed) -> dict[str, Any]:
    return {
        "id": each.number.behaviour,
        "cell": each.number.cell,
        "observation": each.number.observation.name,
        "within": finite(each.number.spread.within),
        "across": finite(each.number.spread.across),
        "allowed": finite(each.tolerance),
        "bound": finite(each.bound),
        "ratio": finite(each.ratio),
    }
