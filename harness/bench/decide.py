"""The verdict of one quantity, from every sample so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from harness.bench.estimate import Estimate, estimate
from harness.bench.generations import floor, generations
from harness.bench.priors import (
    CONFIRMED,
    CONTENTION,
    DWARFED,
    GENERATIONS,
    GENERATIONS_OF_LITTLE,
    GENERATIONS_OF_WALL_ALONE,
    LITTLE,
    MARGIN,
    RESOLUTION,
    prior,
)
from harness.vocabulary.costs import (
    Bound,
    Compared,
    CostVerdict,
    Decision,
    Interval,
    Quantity,
    Role,
    Sample,
)

UNKNOWN = Interval(1.0, 0.0, math.inf)

MORE = {"s": CostVerdict.SLOWER, "bytes": CostVerdict.HEAVIER}
LESS = {"s": CostVerdict.FASTER, "bytes": CostVerdict.LIGHTER}


def decide(quantity: Quantity, samples: Sequence[Sample], *, finished: bool) -> Decision:
    """What can be said of `quantity`. `finished` when no further generation will come.

    Samples of other quantities, rounds that an arm is missing from and values that are no
    numbers are left out.
    """
    found = generations(quantity, samples)
    rounds = sum(each.rounds for each in found)
    if not found:
        reason = "no round has all three arms"
        return Decision(CostVerdict.INCONCLUSIVE, UNKNOWN, UNKNOWN, 0, 0, reason)
    made = estimate(found, prior(quantity))
    cost = max(middle(quantity, samples, "baseline"), floor(quantity))
    verdict, reason = _judge(quantity, made, len(found), cost, finished)
    return Decision(verdict, made.change, made.control, len(found), rounds, reason, made.cpu)


def settled(decision: Decision) -> bool:
    """Whether further generations would change nothing."""
    return decision.verdict is not CostVerdict.INCONCLUSIVE


def compared(
    quantity: Quantity,
    samples: Sequence[Sample],
    decision: Decision,
    bounds: Mapping[Role, Bound] | None = None,
) -> Compared:
    """All that is told of `quantity`; `samples` of other quantities are left out."""
    own = tuple(each for each in samples if each.quantity == quantity.id)
    return Compared(
        quantity,
        middle(quantity, own, "baseline"),
        middle(quantity, own, "candidate"),
        decision,
        own,
        dict(bounds or {}),
    )


def middle(quantity: Quantity, samples: Sequence[Sample], role: Role) -> float:
    """The median of an arm's samples, a call, in the quantity's unit; nan without any."""
    values = [
        each.value
        for each in samples
        if (each.quantity, each.role) == (quantity.id, role) and math.isfinite(each.value)
    ]
    return median(values) if values else math.nan


def _judge(
    quantity: Quantity, made: Estimate, count: int, cost: float, finished: bool
) -> tuple[CostVerdict, str]:
    change = made.change
    if count < GENERATIONS:
        return _open(f"{count} generation of processes; a verdict needs {GENERATIONS}")
    if _control_moved(made):
        return _open(f"the control itself moved by {_percent(made.control.ratio)}")
    if _excludes_one(change) and _beyond(change.ratio, MARGIN) and _worth(quantity, change, cost):
        if not _along(made.quiet, change.ratio):
            return _open(f"in the quieter processes it is {_percent(made.quiet)}")
        if _waited(made, count):
            return _open(
                f"wall time moved by {_percent(change.ratio)}, processor time by "
                f"{_percent(made.cpu or 1.0)}; that needs {GENERATIONS_OF_WALL_ALONE} generations"
            )
        if not finished and count < GENERATIONS_OF_LITTLE and not _beyond(change.ratio, LITTLE):
            return _open(f"so little a change needs {GENERATIONS_OF_LITTLE} generations")
        return (MORE if change.ratio > 1 else LESS)[quantity.unit], _spans(change)
    if finished or not _beyond(change.ratio, MARGIN):
        if _narrow(change):
            return CostVerdict.SAME, ""
        if _little(quantity, change, cost):
            return CostVerdict.SAME, (
                f"{_spans(change)}, but less than {_least(quantity)} to either side, which counts "
                "as the same"
            )
    return _open(f"{_spans(change)} is wider than {RESOLUTION:.0%} to either side")


def _open(reason: str) -> tuple[CostVerdict, str]:
    return CostVerdict.INCONCLUSIVE, reason


def _control_moved(made: Estimate) -> bool:
    """Whether the baseline's two processes are apart, by more than rounds explain."""
    seen = made.control_of_rounds or made.control
    moved = _beyond(seen.ratio, MARGIN) and _excludes_one(seen)
    return moved and abs(math.log(made.change.ratio)) < DWARFED * abs(math.log(seen.ratio))


def _waited(made: Estimate, count: int) -> bool:
    """Whether the change may be somebody else's load beside one arm."""
    if made.cpu is None or count >= GENERATIONS_OF_WALL_ALONE:
        return False
    return not _along(made.cpu, made.change.ratio) and not _beyond(
        made.change.ratio, CONTENTION - 1.0
    )


def _along(other: float, change: float) -> bool:
    """Whether another ratio moved the way of the change, and by enough of it."""
    return math.log(other) / math.log(change) >= CONFIRMED


def _excludes_one(interval: Interval) -> bool:
    return not interval.low <= 1.0 <= interval.high


def _beyond(ratio: float, share: float) -> bool:
    """Whether `ratio` is further from 1 than by `share`, alike in either direction."""
    return abs(math.log(ratio)) >= math.log1p(share)


def _worth(quantity: Quantity, change: Interval, cost: float) -> bool:
    """Whether the change is large enough in seconds or bytes."""
    return abs(cost * (change.ratio - 1.0)) >= quantity.least


def _narrow(change: Interval) -> bool:
    """Whether the interval leaves no room for a ratio that matters."""
    return change.low > 0 and not any(_beyond(end, RESOLUTION) for end in (change.low, change.high))


def _little(quantity: Quantity, change: Interval, cost: float) -> bool:
    """Whether it leaves no room for seconds or bytes that matter, whatever their ratio."""
    return all(abs(cost * (end - 1.0)) < quantity.least for end in (change.low, change.high))


def _least(quantity: Quantity) -> str:
    """The smallest seconds or bytes worth a verdict: `10 ms`, `20 µs`, `4 MiB`."""
    if quantity.unit == "bytes":
        return f"{quantity.least / 2**20:.3g} MiB"
    unit, factor = ("ms", 1e3) if quantity.least >= 1e-3 else ("µs", 1e6)
    return f"{quantity.least * factor:.3g} {unit}"


def _percent(ratio: float) -> str:
    return f"{ratio - 1.0:+.1%}"


def _spans(interval: Interval) -> str:
    return f"{interval.low:.4g} to {interval.high:.4g}"
