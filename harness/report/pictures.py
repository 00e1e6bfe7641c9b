"""Matrices as heatmaps: SVG that stands in a page by itself, without script or network."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from harness.report.numbers import TIMES
from harness.report.plain import clip, one_line
from harness.vocabulary.observations import Axes, Observation

SIDE = 18
"""Width and height of a square, in units of the drawing."""

MOST = 64
"""So many rows and columns are drawn; the report's JSON has all."""

_LABEL = 14
_LOW, _ZERO, _HIGH = (33, 102, 172), (247, 247, 247), (178, 24, 43)
_CHARACTER = 6.5


@dataclass(frozen=True)
class Heatmap:
    """A drawing and what is to be said under it."""

    svg: str
    caption: str


def drawable(observation: Observation | None) -> bool:
    """Whether an observation is a matrix with axes."""
    return (
        observation is not None and observation.axes is not None and _is_matrix(observation.value)
    )


def heatmap(observation: Observation) -> Heatmap:
    """Draw an observation that is `drawable`: blue below zero, white at it, red above."""
    assert observation.axes is not None
    return _draw(observation.value, observation.axes, observation.unit)


def difference(baseline: Observation, candidate: Observation) -> Heatmap | None:
    """Candidate minus baseline; None where their shapes differ."""
    old, new = baseline.value, candidate.value
    if [len(row) for row in old] != [len(row) for row in new] or candidate.axes is None:
        return None
    moved = [
        [_number(b) - _number(a) for a, b in zip(*rows, strict=True)]
        for rows in zip(old, new, strict=True)
    ]
    return _draw(moved, replace(candidate.axes, full=None), candidate.unit)


def _is_matrix(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, list) and row for row in value)
        and len({len(row) for row in value}) == 1
        and all(isinstance(x, int | float | None) for row in value for x in row)
    )


def _draw(matrix: list[list[Any]], axes: Axes, unit: str) -> Heatmap:
    rows = [[_number(value) for value in row[:MOST]] for row in matrix[:MOST]]
    finite = [value for row in rows for value in row if math.isfinite(value)]
    size = axes.full or max((abs(value) for value in finite), default=0.0)
    left = _margin(_names(axes.row_names, len(rows)))
    bottom = _margin(_names(axes.column_names, len(rows[0])))
    told = f"{axes.columns} →   ({axes.rows} ↓)"
    width = left + max(SIDE * len(rows[0]), _CHARACTER * (len(told) + 1))
    height = SIDE * len(rows) + bottom + 2 * _LABEL
    parts = [
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img" '
        f'font-size="10" fill="currentColor" aria-label="{escape(_told(axes), quote=True)}">'
    ]
    parts += _squares(rows, axes, size, left)
    parts += _row_labels(axes, len(rows), left)
    parts += _column_labels(axes, len(rows[0]), left, SIDE * len(rows))
    parts.append(
        f'<text x="{left:g}" y="{height - 4:g}" font-weight="600">{escape(told)}</text></svg>'
    )
    return Heatmap("".join(parts), _caption(matrix, finite, unit))


def _told(axes: Axes) -> str:
    return f"heatmap of {axes.rows} by {axes.columns}"


def _caption(matrix: list[list[Any]], finite: list[float], unit: str) -> str:
    if not finite:
        return "no finite number"
    told = f"from {min(finite):.3g} to {max(finite):.3g}{f' {unit}' if unit else ''}"
    if len(matrix) > MOST or len(matrix[0]) > MOST:
        told += f"; the first {MOST} of {len(matrix)} {TIMES} {len(matrix[0])}"
    return told


def _squares(rows: list[list[float]], axes: Axes, size: float, left: float) -> list[str]:
    down, across = (
        _names(names, count)
        for names, count in ((axes.row_names, len(rows)), (axes.column_names, len(rows[0])))
    )
    return [
        f'<rect x="{left + SIDE * j:g}" y="{SIDE * i}" width="{SIDE}" height="{SIDE}" '
        f'fill="{_colour(value, size)}"><title>'
        f"{escape(axes.rows)} {escape(down[i])}, {escape(axes.columns)} {escape(across[j])}: "
        f"{value:.4g}</title></rect>"
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
    ]


def _row_labels(axes: Axes, count: int, left: float) -> list[str]:
    names = _names(axes.row_names, count)
    step = 1 if axes.row_names else _step(count)
    return [
        f'<text x="{left - 4:g}" y="{SIDE * i + 13}" text-anchor="end">{escape(names[i])}</text>'
        for i in range(0, count, step)
    ]


def _column_labels(axes: Axes, count: int, left: float, top: float) -> list[str]:
    names = _names(axes.column_names, count)
    step = 1 if axes.column_names else _step(count)
    turned = bool(axes.column_names)
    found = []
    for j in range(0, count, step):
        x, y = left + SIDE * j + SIDE / 2, top + 12
        place = (
            f'x="{x + 4:g}" y="{y:g}" text-anchor="end" transform="rotate(-90 {x + 4:g} {y - 6:g})"'
            if turned
            else f'x="{x:g}" y="{y:g}" text-anchor="middle"'
        )
        found.append(f"<text {place}>{escape(names[j])}</text>")
    return found


def _names(names: tuple[str, ...], count: int) -> list[str]:
    given = [clip(one_line(name) or "␣", 16) for name in names[:count]]
    return given + [str(index) for index in range(len(given), count)]


def _margin(names: list[str]) -> float:
    return _CHARACTER * max(map(len, names)) + 8


def _step(count: int) -> int:
    """Label every row of a few, every fifth of many."""
    return 1 if count <= 12 else 5


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _colour(value: float, size: float) -> str:
    """White at zero, towards red above and blue below, grey for what is no number."""
    if not math.isfinite(value):
        return "#999999"
    share = min(1.0, abs(value) / size) if size else 0.0
    end = _HIGH if value > 0 else _LOW
    mixed = (round(zero + (full - zero) * share) for zero, full in zip(_ZERO, end, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
