"""How samples and ratios scatter, as plots."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.report.bench.canvas import (
    COLOURS,
    INK,
    QUIET,
    Plot,
    figure,
    label,
    legend_above,
    named_rows,
    plot,
)
from harness.report.bench.rows import TONES, Pair
from harness.vocabulary.costs import Compared, Comparison, CostVerdict, Role

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LANES: Mapping[Role, tuple[float, str]] = {
    "baseline": (-0.24, COLOURS[0]),
    "control": (0.0, "#8a9099"),
    "candidate": (0.24, COLOURS[1]),
}
_TONES = {"bad": "#b3261e", "good": "#1b6e3c", "warn": "#e69f00", "": "#8a9099"}

_POINTS = 30
"""So many samples of an arm are drawn of a quantity; CSV and JSON have all."""

_FAR = 5.0
"""Ratios further from one than this have a plot of their own, with a logarithmic axis."""


def samples(comparison: Comparison) -> list[Plot]:
    """Every turn as a point over the baseline's median, the ratio's interval as a bar.

    Intervals that reach further than the axis end with it."""
    tasks: dict[tuple[str, bool], list[Compared]] = {}
    for each in comparison.compared:
        if each.samples and each.baseline > 0:
            far = not 1 / _FAR < each.decision.change.ratio < _FAR
            tasks.setdefault((each.quantity.task, far), []).append(each)
    return [_samples(task, far, compared) for (task, far), compared in tasks.items()]


def _samples(task: str, far: bool, compared: Sequence[Compared]) -> Plot:
    drawn, (axes,) = figure(0.8 + 0.5 * len(compared))
    end = _end(compared)
    for place, each in enumerate(compared):
        for role, (lane, colour) in _LANES.items():
            values = [s.value / each.baseline for s in each.samples if s.role == role]
            name = role if place == 0 else None
            _points(axes, _some(values), place + lane, colour, end, name)
        change = each.decision.change
        between = [max(change.low, 1 / _FAR if not far else 0.0), min(change.high, end)]
        axes.plot(between, [place + 0.42] * 2, color=INK, linewidth=2)
    axes.axvline(1.0, color=QUIET, linewidth=0.8)
    _ratio_axis(axes, logarithmic=far)
    axes.set_xlabel("of the baseline's median")
    named_rows(axes, [each.quantity.name for each in compared])
    legend_above(drawn)
    caption = (
        f"A point a turn, at most {_POINTS} of an arm, a triangle one that lies beyond; "
        "the dark bar is the interval of the ratio."
    )
    ending = ", far apart" if far else ""
    return plot(drawn, f"Samples of {label(task, 60)}{ending}", caption)


def _points(
    axes: Axes, values: Iterable[float], height: float, colour: str, end: float, name: str | None
) -> None:
    values = list(values)
    within = [value for value in values if value <= end]
    beyond = len(values) - len(within)
    style: dict[str, Any] = {
        "color": colour,
        "alpha": 0.45,
        "markeredgewidth": 0,
        "linestyle": "none",
    }
    axes.plot(within, [height] * len(within), marker="o", markersize=3.5, label=name, **style)
    axes.plot([end] * beyond, [height] * beyond, marker=">", markersize=5, **style)


def _end(compared: Sequence[Compared]) -> float:
    """Where the axis ends, so that a few turns that were disturbed do not squeeze the others."""
    highs = (each.decision.change.high for each in compared)
    ends = [high for high in highs if high < _FAR]
    for each in compared:
        values = [sample.value / each.baseline for sample in each.samples]
        usual = statistics.quantiles(values, n=50, method="inclusive")[-1] if values[1:] else 1.0
        ends += [usual, statistics.median(values)]
    return max(ends) * 1.01


def _some(values: Sequence[float]) -> Sequence[float]:
    return values[:: max(1, -(-len(values) // _POINTS))]


def _ratio_axis(axes: Axes, *, logarithmic: bool) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def ratios(pair: Pair) -> list[Plot]:
    """The ratio of every trial as a point, coloured by the verdict."""
    found: dict[str, list[Compared]] = {}
    for comparison in pair.trials:
        for each in comparison.compared:
            found.setdefault(each.quantity.id, []).append(each)
    if not found:
        return []
    drawn, (axes,) = figure(0.9 + 0.45 * len(found))
    for verdict in CostVerdict:
        points = [
            (each.decision.change.ratio, place - 0.35 + 0.7 * number / max(1, len(several) - 1))
            for place, several in enumerate(found.values())
            for number, each in enumerate(several)
            if each.decision.verdict is verdict
        ]
        if points:
            across, down = zip(*points, strict=True)
            colour = _TONES[TONES[verdict]]
            axes.plot(
                across, down, "o", color=colour, markersize=3.5, markeredgewidth=0, label=verdict
            )
    axes.axvline(1.0, color=QUIET, linewidth=0.8)
    far = any(not 1 / _FAR < e.decision.change.ratio < _FAR for s in found.values() for e in s)
    _ratio_axis(axes, logarithmic=far)
    axes.set_xlabel("candidate over baseline")
    named_rows(axes, list(found))
    legend_above(drawn)
    return [plot(drawn, "Ratios of the trials", "A point a trial, the first one on top.")]
