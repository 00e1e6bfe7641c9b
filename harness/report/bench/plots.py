"""What a benchmark looks like: how samples scatter, how costs grow, how near the limit they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.bench import amounts
from harness.report.bench.canvas import COLOURS, INK, QUIET, Plot, figure, label, plot, styled
from harness.report.bench.overview import ArmCosts, Overview, arm_costs
from harness.report.bench.rows import Pair
from harness.vocabulary.costs import Compared, Quantity, Role

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LANES: Mapping[Role, tuple[float, str]] = {
    "baseline": (-0.24, COLOURS[0]),
    "control": (0.0, "#8a9099"),
    "candidate": (0.24, COLOURS[1]),
}
_POINTS = 30
"""So many samples of an arm are drawn of a quantity; CSV and JSON have all."""

_GROWING = re.compile(r"^(?P<stem>.+)@(?P<size>\d+)x(?P<batch>\d+)$")
_LOGARITHMIC = 3.0
"""Ratios further apart than this are drawn on a logarithmic axis."""


def of_pair(pair: Pair) -> tuple[Plot, ...]:
    """The plots of two arms that were compared once; of trials there are none."""
    if len(pair.trials) > 1:
        return ()
    tasks: dict[str, list[Compared]] = {}
    for each in pair.trials[0].compared:
        if each.samples and each.baseline > 0:
            tasks.setdefault(each.quantity.task, []).append(each)
    costs = arm_costs([pair])
    with styled():
        scattered = [_samples(task, compared) for task, compared in tasks.items()]
        return tuple([*_growth(costs), *_shares(costs), *scattered])


def side_by_side(table: Overview) -> tuple[Plot, ...]:
    """The plots of several arms; `table` has the quantities that each is drawn in."""
    with styled():
        return tuple([_arms(table), *_growth(table.arms), *_shares(table.arms)])


def _samples(task: str, compared: Sequence[Compared]) -> Plot:
    """Every turn as a point, the interval of the ratio as a bar; the baseline's median is 1."""
    drawn, (axes,) = figure(0.8 + 0.5 * len(compared))
    for place, each in enumerate(compared):
        for role, (lane, colour) in _LANES.items():
            values = [s.value / each.baseline for s in each.samples if s.role == role]
            height = place + lane
            shown = _some(values)
            axes.plot(
                shown, [height] * len(shown), "o", color=colour, markersize=3.5, alpha=0.45,
                markeredgewidth=0, label=role if place == 0 else None,
            )  # fmt: skip
        change = each.decision.change
        axes.plot([change.low, change.high], [place + 0.42] * 2, color=INK, linewidth=2)
    axes.axvline(1.0, color=QUIET, linewidth=0.8)
    ends = [s.value / each.baseline for each in compared for s in each.samples]
    ends += [each.decision.change.low for each in compared]
    _ratio_axis(axes, ends)
    axes.set_xlabel("of the baseline's median")
    _rows(axes, [each.quantity.name for each in compared])
    _legend(axes)
    some = f"at most {_POINTS} turns of an arm"
    return plot(
        drawn,
        f"Samples of {label(task, 60)}",
        f"A point a turn ({some}); the dark bar is the interval of the ratio.",
    )


def _some(values: Sequence[float]) -> list[float]:
    step = max(1, -(-len(values) // _POINTS))
    return list(values[::step])


def _ratio_axis(axes: Axes, values: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    positive = [value for value in values if value > 0]
    if positive and max(positive) / min(positive) > _LOGARITHMIC:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [label(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2, handletextpad=0.3
    )


@dataclass(frozen=True)
class _Line:
    """The cost of one arm at one batch as its size grows."""

    name: str
    points: tuple[tuple[int, float], ...]
    colour: str
    batch: int


def _growth(arms: Sequence[ArmCosts]) -> list[Plot]:
    quantities = {id: each.quantity for arm in arms for id, each in arm.readings.items()}
    stems: dict[str, list[tuple[int, int, Quantity]]] = {}
    for id, quantity in quantities.items():
        if found := _GROWING.match(id):
            key = (int(found["batch"]), int(found["size"]), quantity)
            stems.setdefault(found["stem"], []).append(key)
    drawn = []
    for stem, points in stems.items():
        if len({size for _, size, _ in points}) > 1:
            drawn.append(_grown(stem, _lines(arms, points), points[0][2]))
    return drawn


def _lines(arms: Sequence[ArmCosts], points: Iterable[tuple[int, int, Quantity]]) -> list[_Line]:
    by_batch: dict[int, list[tuple[int, str]]] = {}
    for batch, size, quantity in sorted(points, key=lambda each: each[:2]):
        by_batch.setdefault(batch, []).append((size, quantity.id))
    found = []
    for number, arm in enumerate(arms):
        for batch, sizes in by_batch.items():
            there = [(size, arm.readings[id].value) for size, id in sizes if id in arm.readings]
            if there:
                name = arm.name if len(by_batch) == 1 else f"{arm.name}, batch {batch}"
                colour = COLOURS[number % len(COLOURS)]
                found.append(_Line(name, tuple(there), colour, batch))
    return found


def _grown(stem: str, lines: Sequence[_Line], quantity: Quantity) -> Plot:
    """Cost a call over context, from zero, so that twice as high is twice as much."""
    rows = -(-len(lines) // 2)
    drawn, (axes,) = figure(2.6 + 0.2 * rows)
    factor, unit = amounts.scale([value for line in lines for _, value in line.points], quantity)
    smallest = min(line.batch for line in lines)
    for line in lines:
        style = "-" if line.batch == smallest else "--"
        marker = "o" if line.batch == smallest else "s"
        values = [value / factor for _, value in line.points]
        axes.plot(
            [size for size, _ in line.points], values, style, marker=marker, markersize=4.5,
            linewidth=1.6, color=line.colour, label=label(line.name, 24),
        )  # fmt: skip
    sizes = sorted({size for line in lines for size, _ in line.points})
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("tokens of context")
    axes.set_ylabel(f"{unit} a call")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    what = stem.partition("/")[2] or stem
    return plot(drawn, f"{label(what, 60)} as the context grows", "Medians, from zero.")


def _shares(arms: Sequence[ArmCosts]) -> list[Plot]:
    """How much of the time of each quantity the machine's limit explains; 100 % is the best."""
    bars: dict[str, list[tuple[int, float]]] = {}
    for number, arm in enumerate(arms):
        for id, reading in arm.readings.items():
            share = amounts.share(reading.bound, reading.value)
            if share is not None and reading.bound is not None:
                name = f"{id.removeprefix('model/')} of {reading.bound.kind}"
                bars.setdefault(name, []).append((number, 100 * share))
    if not bars:
        return []
    drawn, (axes,) = figure(0.9 + (0.12 + 0.13 * len(arms)) * len(bars))
    thick = 0.8 / len(arms)
    for number, arm in enumerate(arms):
        places = [
            (place - 0.4 + thick * (number + 0.5), share)
            for place, found in enumerate(bars.values())
            for of, share in found
            if of == number
        ]
        heights, widths = zip(*places, strict=True) if places else ((), ())
        colour = COLOURS[number % len(COLOURS)]
        axes.barh(heights, widths, height=thick * 0.9, color=colour, label=label(arm.name, 20))
    axes.axvline(100, color=INK, linewidth=1)
    axes.set_xlim(0, max(105.0, *(share for found in bars.values() for _, share in found)) * 1.02)
    axes.set_xlabel("% of what the machine can do")
    _rows(axes, list(bars))
    _legend(axes)
    caption = "100 % is the least time that the limit allows, measured in the same run."
    return [plot(drawn, "Share of the limit", caption)]


def _arms(table: Overview) -> Plot:
    """A panel a quantity, a bar an arm, the shorter the better."""
    count = len(table.arms)
    drawn, panels = figure((0.55 + 0.22 * count) * len(table.quantities), len(table.quantities))
    for axes, quantity in zip(panels, table.quantities, strict=True):
        found = [arm.readings.get(quantity.id) for arm in table.arms]
        values = [reading.value if reading else 0.0 for reading in found]
        texts = amounts.values(values, quantity)
        colours = [COLOURS[number % len(COLOURS)] for number in range(count)]
        bars = axes.barh(range(count), values, height=0.7, color=colours)
        told = [
            text if reading else "not measured" for text, reading in zip(texts, found, strict=True)
        ]
        axes.bar_label(bars, told, padding=3, fontsize=8)
        axes.set_title(label(quantity.id, 60), loc="left", fontsize=9)
        axes.set_xlim(0, (max(values) or 1.0) * 1.25)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        _rows(axes, [arm.name for arm in table.arms])
    return plot(drawn, "Arms side by side", "Medians; the shorter the bar, the better.")
