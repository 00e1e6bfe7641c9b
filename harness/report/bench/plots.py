"""What a benchmark looks like: how samples scatter, how costs grow, how near the limit they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.report.bench import amounts, scatter
from harness.report.bench.canvas import (
    COLOURS,
    INK,
    Plot,
    figure,
    label,
    legend_above,
    named_rows,
    plot,
    styled,
)
from harness.report.bench.overview import ArmCosts, Overview, arm_costs
from harness.report.bench.rows import Pair
from harness.vocabulary.costs import Quantity

_GROWING = re.compile(r"^(?P<stem>.+)@(?P<size>\d+)x(?P<batch>\d+)$")


def of_pair(pair: Pair) -> tuple[Plot, ...]:
    """The plots of two arms: of one comparison all, of many trials their ratios."""
    costs = arm_costs([pair])
    with styled():
        if len(pair.trials) > 1:
            return tuple(scatter.ratios(pair))
        drawn = [*_growth(costs), *_shares(costs)]
        return tuple([*drawn, *scatter.samples(pair.trials[0])])


def side_by_side(table: Overview) -> tuple[Plot, ...]:
    """The plots of several arms; `table` has the quantities that each is drawn in."""
    with styled():
        return tuple([_arms(table), *_growth(table.arms), *_shares(table.arms)])


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
    legend_above(drawn)
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
    named_rows(axes, list(bars))
    legend_above(drawn)
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
        named_rows(axes, [arm.name for arm in table.arms])
    return plot(drawn, "Arms side by side", "Medians; the shorter the bar, the better.")
