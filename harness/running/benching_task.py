"""Two arms and one task: generations until every quantity is decided, or the budget is spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.bench import schedule
from harness.bench.decide import compared, decide, settled
from harness.bench.priors import GENERATIONS
from harness.execution import Talk
from harness.running.benching_generation import Gap, Generation, Terms, run_generation
from harness.running.benching_tasks import fits
from harness.vocabulary.costs import (
    ROLES,
    Arm,
    Bound,
    Compared,
    Limit,
    Missed,
    Quantity,
    Role,
    Sample,
)

TIMED_WHILE_OPENING = ("import", "load")
"""Families of tasks that measure seconds while they are opened: nothing may run beside that."""

LIMITED = ("load", "model")
"""The tasks whose quantities the machine's limits bound."""


@dataclass(frozen=True)
class Budget:
    """Seconds: of a task and comparison, of a turn at least, of a worker's silence at most."""

    seconds: float = 60.0
    turn: float = 0.15
    silence: float = 600.0


@dataclass(frozen=True)
class Ground:
    """What one arm's machine can do at best, and what follows for the arm's quantities."""

    limits: tuple[Limit, ...] = ()
    bounds: tuple[Bound, ...] = ()


@dataclass(frozen=True)
class TaskFound:
    """What came of a task. `grounds` are those that were measured in it, by role."""

    compared: tuple[Compared, ...] = ()
    missed: tuple[Missed, ...] = ()
    grounds: Mapping[Role, Ground] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class TaskAsked:
    """A task, the arms of a comparison, and which quantities are wanted of it.

    `known` are the grounds of arms whose limits need not be measured (again).
    """

    task: str
    baseline: Arm
    candidate: Arm
    patterns: Sequence[str] = ()
    budget: Budget = field(default_factory=Budget)
    known: Mapping[Arm, Ground] = field(default_factory=dict)

    def arm(self, role: Role) -> Arm:
        return self.candidate if role == "candidate" else self.baseline


Start = Callable[[str, Arm, bool], Talk]
"""Starts the worker of a task and an arm; the last says whether to measure the limits."""


def run_task(asked: TaskAsked, start: Start, say: Callable[[str], None]) -> TaskFound:
    """Hold generations until all is decided; no worker runs any more when this ends."""
    return _TaskRun(asked, start, say).run()


class _TaskRun:
    def __init__(self, asked: TaskAsked, start: Start, say: Callable[[str], None]) -> None:
        self._asked = asked
        self._start = start
        self._say = say
        self._begun = time.monotonic()
        self._held: list[Generation] = []
        self._samples: list[Sample] = []
        self._quantities: dict[str, Quantity] = {}
        self._gaps: list[Gap] = []
        self._grounds: dict[Role, Ground] = {}

    def run(self) -> TaskFound:
        while self._go_on():
            self._generation(len(self._held))
        return self._found()

    @property
    def _left(self) -> float:
        return self._asked.budget.seconds - (time.monotonic() - self._begun)

    @property
    def _done(self) -> int:
        return sum(bool(each.samples) for each in self._held)

    def _go_on(self) -> bool:
        """Whether another generation could decide more, and fits into the budget."""
        if not self._held:
            return True
        last = self._held[-1]
        lost = [each for each in self._held if each.lost]
        if len(lost) > 1 or not last.samples or not self._waiting():
            return False
        if self._done < GENERATIONS:
            return True
        return schedule.another(last.starting, _round_seconds(last), left=self._left)

    def _waiting(self) -> tuple[Quantity, ...]:
        """The quantities that are not decided and that every arm could measure so far."""
        gone = {gap.quantity for gap in self._gaps}
        there = [each for id, each in self._quantities.items() if id not in gone]
        return tuple(
            each for each in there if not settled(decide(each, self._samples, finished=False))
        )

    def _generation(self, number: int) -> None:
        asked, budget = self._asked, self._asked.budget
        self._say(
            f"{asked.task}: generation {number + 1}, {max(0.0, self._left):.0f} of "
            f"{budget.seconds:g} s left"
        )
        grounds = self._grounds_wanted() if number == 0 and asked.task in LIMITED else frozenset()
        timed = asked.task.partition(".")[0] in TIMED_WHILE_OPENING
        waiting = {each.id for each in self._waiting()}
        terms = Terms(
            number=number,
            alone=frozenset(ROLES) if timed else grounds,
            wanted=lambda quantity: (
                fits(quantity.id, asked.patterns) and (number == 0 or quantity.id in waiting)
            ),
            left=self._left,
            done=self._done,
            least=budget.turn,
            silence=budget.silence,
        )
        held = run_generation(
            lambda role: self._start(asked.task, asked.arm(role), role in grounds), terms
        )
        self._take(held, grounds)

    def _grounds_wanted(self) -> frozenset[Role]:
        """The roles whose workers measure the machine's limits: all, or none where all is known.

        It is no matter of the arm alone: a worker that did so computes a prefill in 2 to 5 % less
        time ever after, since its allocator has learned to keep large blocks.
        """
        asked = self._asked
        known = {asked.baseline, asked.candidate} <= asked.known.keys()
        return frozenset() if known else frozenset(ROLES)

    def _take(self, held: Generation, grounds: frozenset[Role]) -> None:
        self._held.append(held)
        self._samples += held.samples
        self._gaps += [gap for gap in (*held.gaps, *held.lacking) if self._asks_for(gap)]
        if held.lost:
            reason = f"in generation {len(self._held)} {held.lost.reason}"
            self._gaps.append(replace(held.lost, reason=reason))
        self._quantities |= {
            id: each for id, each in held.quantities.items() if fits(id, self._asked.patterns)
        }
        if held.quantities and not self._quantities and not self._gaps:
            self._gaps.append(Gap("baseline", "", self._nothing_fits(held.quantities)))
        for role in (each for each in ROLES if each in grounds and each in held.openings):
            ready = held.openings[role].ready
            self._grounds[role] = Ground(ready.limits, ready.bounds)

    def _nothing_fits(self, there: Iterable[str]) -> str:
        return f"no quantity fits {', '.join(self._asked.patterns)}; there are {', '.join(there)}"

    def _asks_for(self, gap: Gap) -> bool:
        return not gap.quantity or fits(gap.quantity, self._asked.patterns)

    def _found(self) -> TaskFound:
        asked = self._asked
        found = []
        for each in self._quantities.values():
            own = [sample for sample in self._samples if sample.quantity == each.id]
            if own:
                decision = decide(each, own, finished=True)
                found.append(compared(each, own, decision, self._bounds(each)))
        missed = dict.fromkeys(
            Missed(gap.quantity or asked.task, asked.arm(gap.role).name, gap.reason)
            for gap in self._gaps
        )
        machines = [o.ready.machine for held in self._held for o in held.openings.values()]
        return TaskFound(
            tuple(found),
            tuple(missed),
            dict(self._grounds),
            next((dict(each) for each in machines if each), {}),
            time.monotonic() - self._begun,
        )

    def _bounds(self, quantity: Quantity) -> dict[Role, Bound]:
        """The least seconds of either arm; of arms that are alike, what one of them found."""
        asked = self._asked
        grounds = {asked.arm(role): ground for role, ground in self._grounds.items()}
        grounds = {**asked.known, **grounds}
        roles: tuple[Role, ...] = ("baseline", "candidate")
        return {
            role: bound
            for role in roles
            if asked.arm(role) in grounds
            for bound in grounds[asked.arm(role)].bounds
            if bound.quantity == quantity.id
        }


def _round_seconds(held: Generation) -> float:
    """The seconds that a round of a generation took."""
    rounds = {(each.quantity, each.round) for each in held.samples}
    quantities = {each.quantity for each in held.samples}
    if not rounds:
        return 0.0
    return (held.seconds - held.starting) * len(quantities) / len(rounds)
