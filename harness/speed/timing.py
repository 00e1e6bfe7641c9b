"""The clock: how long a call takes, in turns and in warm-ups."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from time import perf_counter, process_time

from harness.speed.task import Measure
from harness.vocabulary.turns import Turned, Warmed

WARM_SECONDS = 2.0
_GROUP_SECONDS = 0.02
"""A warm-up looks at groups of calls at least this long: a shorter one is too noisy to judge by."""
_STABLE = 0.05


@dataclass(frozen=True)
class Timed:
    """`calls` calls took `seconds` of wall and `cpu` of processor time together."""

    seconds: float
    cpu: float
    calls: int


def turn(measure: Measure, least: float) -> Turned:
    """Call for at least `least` seconds, at least once, with the garbage collector off."""
    with _uncollected():
        parts = [_stretch(measure, least)]
        while (done := sum(part.seconds for part in parts)) < least:
            parts.append(_stretch(measure, least - done))
    calls = sum(part.calls for part in parts)
    return Turned(
        quantity=measure.quantity.id,
        value=done / calls,
        cpu=sum(part.cpu for part in parts) / calls,
        calls=calls,
    )


def warm(measure: Measure, clock: Callable[[], float] = perf_counter) -> Warmed:
    """Call until the time a call takes is stable, as `stable` says, or WARM_SECONDS are over.

    At least twice all the same: the first call allocates what later ones find.
    """
    begun = clock()
    times: list[float] = []
    calls = 0
    with _uncollected():
        while calls < 2 or not (stable(times) or clock() - begun >= WARM_SECONDS):
            part = _stretch(measure, _GROUP_SECONDS)
            times.append(part.seconds / part.calls)
            calls += part.calls
    return Warmed(measure.quantity.id, calls, min(times[-2:]))


def stable(times: Sequence[float]) -> bool:
    """Whether the last two times agree with the two before them, the better of each, to 5 %."""
    if len(times) < 4:
        return False
    return abs(math.log(min(times[-2:]) / min(times[-4:-2]))) <= _STABLE


def _stretch(measure: Measure, least: float) -> Timed:
    """Prepare, then call for `least` seconds, or as often as one preparation allows.

    The clock is read after 1, 2, 4, … calls more, so that reading it costs next to nothing
    beside calls however short.
    """
    if measure.prepare is not None:
        measure.prepare()
    call, settle = measure.call, measure.settle
    if settle is not None:
        settle()
    most = measure.stretch or math.inf
    calls, more = 0, 1
    cpu = process_time()
    begun = perf_counter()
    while True:
        for _ in repeat(None, more):
            call()
        if settle is not None:
            settle()
        seconds = perf_counter() - begun
        calls += more
        if seconds >= least or calls >= most:
            return Timed(seconds, process_time() - cpu, calls)
        wanted = (least - seconds) * calls / seconds if seconds else 2.0 * more
        more = max(1, int(min(2 * more, wanted, most - calls)))


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection inside: when one falls due depends on what ran long before."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
