"""How the difference grows from layer to layer, as rows and as a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.report import numbers
from harness.report.bench.canvas import (
    COLOURS,
    QUIET,
    Plot,
    figure,
    label,
    legend_above,
    plot,
    styled,
)
from harness.report.plain import one_line
from harness.vocabulary.located import Apart, ModelParted

COLUMNS = ("output of", "apart (of its norm)", f"{numbers.TIMES} what noise allows")

_WHOLE = "the model"
_EQUAL = 1e-9
"""Where a layer that is equal stands on an axis that has no zero."""


@dataclass(frozen=True)
class GrownRow:
    """One layer's output: how far apart, in units of its norm, and how often what noise allows."""

    name: str
    apart: str
    times: str


def grown_rows(model: ModelParted) -> tuple[GrownRow, ...]:
    """The layers in their order; last what the model returns."""
    return tuple(
        GrownRow(_name(each.name), _apart(each.output), _times(each.output))
        for each in model.growth
    )


def growth_plot(model: ModelParted) -> Plot | None:
    """The distance of each layer's output, and what noise allows of it; None of fewer than two."""
    points = [each for each in model.growth if math.isfinite(each.output.relative)]
    if len(points) < 2 or not any(each.output.size for each in points):
        return None
    with styled():
        drawn, (axes,) = figure(2.9)
        places = range(len(points))
        sizes = [max(each.output.relative, _EQUAL) for each in points]
        allowed = [max(_share(each.output), _EQUAL) for each in points]
        axes.plot(
            places, sizes, "-o", markersize=4, linewidth=1.6, color=COLOURS[1],
            label="between the stacks",
        )  # fmt: skip
        axes.plot(places, allowed, "--", linewidth=1.2, color=QUIET, label="noise allows")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_ylabel("apart, of the norm")
        shown = [*range(0, len(points) - 1, -(-len(points) // 8)), len(points) - 1]
        names = [label(_short(points[place].name), 14) for place in shown]
        axes.set_xticks(shown, names, rotation=45, ha="right", rotation_mode="anchor")
        legend_above(drawn)
        begin = model.origin or model.first
        title = "Growth by layer" + (f" from {label(begin.name, 60)}" if begin else "")
        caption = (
            "The norm of the difference of each layer's output, in units of the baseline's norm; "
            "last what the model returns."
        )
        if any(each.output.size == 0 for each in points):
            caption += " At the foot: equal."
        return plot(drawn, title, caption)


def _name(name: str) -> str:
    return one_line(name) or _WHOLE


def _short(name: str) -> str:
    """The end of a layer's name: `layers.3` of `model.layers.3`."""
    return ".".join(name.split(".")[-2:]) or _WHOLE


def _apart(output: Apart) -> str:
    if output.words:
        return one_line(output.words)
    return f"{output.relative:.2g}" if output.size else "equal"


def _times(output: Apart) -> str:
    if output.words or not output.size:
        return ""
    return numbers.multiple(output.size / output.allowed if output.allowed else math.inf)


def _share(output: Apart) -> float:
    return output.allowed / output.norm if output.norm else 0.0
