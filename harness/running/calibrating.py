"""Running the suites of one stack under every condition that must not matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.calibration.conditions import KERNELS, Condition
from harness.calibration.spreads import Run
from harness.gate.plan import Side
from harness.gate.world import Listener, Request, StackFailure, World
from harness.running.sides import Sides, resolve
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.records import Header
from harness.vocabulary.stacks import Lock

_SIDE: Side = "baseline"


def run_conditions(
    request: Request, world: World, conditions: Sequence[Condition]
) -> tuple[Run, ...]:
    """One run of the baseline's cells under each condition, a process a cell.

    What was run before under a condition is not run again, but for repeats and batches. Raises
    StackError where the stack cannot be made, NoEvidence where nothing ran.
    """
    locks: dict[Side, Lock] = {}
    world = replace(world, listener=_Foretold(world.listener, len(conditions)))
    try:
        resolve(request, world, locks, (_SIDE,))
        return tuple(_run(request, world, locks, condition) for condition in conditions)
    except StackFailure as failure:
        raise failure.error from failure


class _Foretold:
    """Tells a listener all tasks at once: every condition runs what the first one does."""

    def __init__(self, listener: Listener, conditions: int) -> None:
        self.say = listener.say
        self.tell = listener.tell
        self.finished = listener.finished
        self.ended = listener.ended
        self._listener = listener
        self._conditions = conditions

    def planned(self, tasks: int) -> None:
        self._listener.planned(tasks * self._conditions)
        self._conditions = 0


def _run(request: Request, world: World, locks: dict[Side, Lock], condition: Condition) -> Run:
    world.listener.tell(f"{condition}")
    plain = condition.repeat == 0 and condition.batch == 1
    options = (*request.options, "--batch", str(condition.batch))
    asked = replace(
        request,
        threads=condition.threads,
        options=request.options if plain else options,
        cache=request.cache and plain,
    )
    variables = {k: v for k, v in world.variables.items() if k != KERNELS}
    if condition.kernels != "auto":
        variables[KERNELS] = condition.kernels
    sides = Sides(asked, replace(world, variables=variables), locks)
    sides.run()
    return Run(condition, _header(sides, condition), sides.results.side(_SIDE)[0])


def _header(sides: Sides, condition: Condition) -> Header:
    headers = [run.header for run in sides.results.runs.values() if run.header is not None]
    if not headers:
        raise NoEvidence("nothing ran", where=str(condition))
    return headers[0]
