"""Numbers as text: as short as can be, as long as two that differ need to look different."""

from __future__ import annotations

import math
from collections.abc import Sequence

TIMES = "\N{MULTIPLICATION SIGN}"

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")
_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_RATES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def pair(baseline: float, candidate: float, unit: str) -> tuple[str, str]:
    """Both numbers in one unit, with the fewest digits (5 to 17) that tell them apart."""
    factor, name = scaled(max(_magnitude(baseline), _magnitude(candidate)), unit)
    for digits in range(5, 18):
        texts = _number(baseline / factor, digits), _number(candidate / factor, digits)
        if texts[0] != texts[1] or baseline == candidate:
            break
    return _with_unit(texts[0], name), _with_unit(texts[1], name)


def single(value: float, unit: str = "") -> str:
    return pair(value, value, unit)[0]


def measured(values: Sequence[float], unit: str) -> tuple[str, ...]:
    """Measurements in one unit, four digits each: more would be noise.

    Of rates, `MB/s` and `Gop/s`, the prefix is a power of ten; `unit` is then `B/s` or `op/s`.
    """
    factor, name = scaled(max(map(_magnitude, values), default=0.0), unit)
    return tuple(_with_unit(_rounded(value / factor), name) for value in values)


def ratio(value: float) -> str:
    """A ratio of costs, three decimals near one, three digits far from it."""
    if not math.isfinite(value):
        return f"{_number(value, 4)}{TIMES}"
    return f"{value:.3f}{TIMES}" if 0.1 <= value < 10 else f"{value:#.3g}".rstrip(".") + TIMES


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


def scaled(largest: float, unit: str) -> tuple[float, str]:
    """What to divide by so that `largest` has few digits, and the unit that this gives."""
    if unit == "bytes":
        step = next((i for i in range(len(_BYTES)) if largest < 1024.0 ** (i + 1)), len(_BYTES) - 1)
        return 1024.0**step, _BYTES[step]
    if unit == "seconds":
        return next(((f, name) for f, name in _SECONDS if largest >= f), (1.0, "s"))
    if unit in ("B/s", "op/s"):
        found = next(((f, p) for f, p in _RATES if largest >= f), (1.0, ""))
        return found[0], f"{found[1]}{unit}"
    return 1.0, unit


def _rounded(value: float) -> str:
    if not math.isfinite(value) or value == 0 or abs(value) >= 9999.5:
        return _number(value, 4) if not math.isfinite(value) else f"{value:,.0f}"
    return f"{value:#.4g}".rstrip(".")


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
