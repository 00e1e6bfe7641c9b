"""A worker's side of the talk: opens the task, then answers until it is told to end."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable

from harness.speed.machine import machine, versions
from harness.speed.task import Asked, Measure, Opened, open_task
from harness.speed.timing import turn, warm
from harness.vocabulary.errors import HarnessError, RecordError
from harness.vocabulary.turns import Answer, End, Missing, Once, Order, Ready, Turn, Warm, said

Tell = Callable[[Answer], None]


def serve(asked: Asked, lines: Iterable[str], tell: Tell) -> None:
    """Open the task, say what came of it, then answer each line until `End` or their end."""
    measures = {each.quantity.id: each for each in opening(asked, tell)}
    for line in lines:
        order = said(line)
        if isinstance(order, End):
            return
        if not isinstance(order, Warm | Turn):
            raise RecordError(f"no order to a worker: {line.strip()!r}", allowed="warm, turn, end")
        tell(answer(measures, order))


def opening(asked: Asked, tell: Tell) -> tuple[Measure, ...]:
    """Open the task and tell what was measured meanwhile; returns what can be measured now."""
    try:
        opened = open_task(asked)
    except Exception as error:
        tell(Missing("", reason(error)))
        opened = Opened()
    gc.collect()
    # What is loaded stays: collections between turns need not look through it again.
    gc.freeze()
    for found in opened.once:
        tell(Once(found.quantity.id, found.value, found.cpu))
    for missing in opened.missed:
        tell(missing)
    tell(
        Ready(
            quantities=(
                *(found.quantity for found in opened.once),
                *(measure.quantity for measure in opened.measures),
            ),
            machine=machine(asked.threads),
            limits=opened.limits,
            bounds=opened.bounds,
            versions=versions(),
        )
    )
    return opened.measures


def answer(measures: dict[str, Measure], order: Order) -> Answer:
    """Do what is asked; what a call raises becomes a `Missing`."""
    assert isinstance(order, Warm | Turn)
    measure = measures.get(order.quantity)
    if measure is None:
        return Missing(order.quantity, "this worker does not measure it")
    try:
        return warm(measure) if isinstance(order, Warm) else turn(measure, order.least)
    except Exception as error:
        return Missing(order.quantity, reason(error))


def reason(error: Exception) -> str:
    """One line that says what an exception says."""
    if isinstance(error, HarnessError):
        return error.what
    words = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
