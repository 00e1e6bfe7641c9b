"""Numbers as text: as short as can be, as long as two that differ need to look different."""

from __future__ import annotations

import math

TIMES = "\N{MULTIPLICATION SIGN}"

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")
_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def pair(baseline: float, candidate: float, unit: str) -> tuple[str, str]:
    """Both numbers in one unit, with the fewest digits (5 to 17) that tell them apart."""
    factor, name = _scale(max(_magnitude(baseline), _magnitude(candidate)), unit)
    for digits in range(5, 18):
        texts = _number(baseline / factor, digits), _number(candidate / factor, digits)
        if texts[0] != texts[1] or baseline == candidate:
            break
    return _with_unit(texts[0], name), _with_unit(texts[1], name)


def single(value: float, unit: str = "") -> str:
    return pair(value, value, unit)[0]


def multiple(value: float) -> str:
    """A multiple of something: `3.4`, `34`, `1,200`, `2e+06`."""
    if not math.isfinite(value):
        return "∞"
    if value >= 1e6:
        return f"{value:.0e}"
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _magnitude(value: float) -> float:
    return abs(value) if math.isfinite(value) else 0.0


def _scale(largest: float, unit: str) -> tuple[float, str]:
    if unit == "bytes":
        step = next((i for i in range(len(_BYTES)) if largest < 1024.0 ** (i + 1)), len(_BYTES) - 1)
        return 1024.0**step, _BYTES[step]
    if unit == "seconds":
        return next(((f, name) for f, name in _SECONDS if largest >= f), (1.0, "s"))
    return 1.0, unit


def _number(value: float, digits: int) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.{digits}g}"


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {unit}" if unit else number
