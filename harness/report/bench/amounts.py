"""The numbers of a benchmark as text: values, ratios, rates, shares of the machine's limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.report.numbers import measured, ratio, scaled
from harness.report.plain import one_line
from harness.vocabulary.costs import Bound, Interval, Limit, Quantity

ARROW = " → "
_UNITS = {"s": "seconds", "bytes": "bytes"}


def values(numbers: Iterable[float], quantity: Quantity) -> tuple[str, ...]:
    """Values of a quantity in one unit."""
    return measured(tuple(numbers), _UNITS[quantity.unit])


def scale(numbers: Sequence[float], quantity: Quantity) -> tuple[float, str]:
    """What to divide values of `quantity` by, and the unit that this gives."""
    return scaled(max(numbers, default=0.0), _UNITS[quantity.unit])


def interval(between: Interval) -> str:
    """`1.031 to 1.074`; `0.00 to ∞` says that nothing is known."""
    return " to ".join(ratio(end)[:-1] for end in (between.low, between.high))


def rates(numbers: Iterable[float], quantity: Quantity) -> str:
    """Work a second, `812.0 → 20.40 MB/s`; nothing where a call's work is not counted."""
    numbers = tuple(numbers)
    if not quantity.work or quantity.unit != "s" or not all(value > 0 for value in numbers):
        return ""
    unit = "B/s" if quantity.work == "byte" else f"{quantity.work}s/s"
    texts = measured([quantity.amount / value for value in numbers], unit)
    return ARROW.join([*(text.partition(" ")[0] for text in texts[:-1]), texts[-1]])


def share(bound: Bound | None, seconds: float) -> float | None:
    """How much of the time measured the machine's limit explains: 1 is as fast as can be."""
    return None if bound is None or not seconds > 0 else bound.seconds / seconds


def share_text(bound: Bound | None, seconds: float) -> str:
    """`62 % of read`."""
    found = share(bound, seconds)
    if found is None or bound is None:
        return ""
    return f"{100 * found:.{0 if found >= 0.1 else 1}f} % of {bound.kind}"


def limit_text(limit: Limit) -> str:
    unit = "op/s" if limit.kind == "matmul" else "B/s"
    (rate,) = measured((limit.rate,), unit)
    return one_line(f"{limit.kind} {limit.type} {rate}")
