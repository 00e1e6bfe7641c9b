"""One generation: a fresh worker for each arm, all alive at once, measuring in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from harness.bench import schedule
from harness.execution import Talk
from harness.running.benching_worker import Lost, Opening, Worker
from harness.vocabulary.costs import ROLES, Quantity, Role, Sample
from harness.vocabulary.turns import Missing

Start = Callable[[Role], Talk]
"""Starts the worker of a role in this generation."""


@dataclass(frozen=True)
class Gap:
    """What a role did not measure: a quantity, or all of the task if that is empty; and why."""

    role: Role
    quantity: str
    reason: str


@dataclass(frozen=True)
class Terms:
    """How a generation is held. Times in seconds.

    The workers of `alone` open their tasks one after another while no other does anything; then
    all the others at once. `wanted` says whether a quantity still needs samples. `left` is what
    is left of the budget, after `done` generations. A turn takes `least`; a worker may be silent
    for `silence`.
    """

    number: int
    alone: frozenset[Role]
    wanted: Callable[[Quantity], bool]
    left: float
    done: int = 0
    least: float = 0.15
    silence: float = 600.0


@dataclass(frozen=True)
class Generation:
    """What a generation measured; `lost` is the worker that ended it early, and how."""

    samples: tuple[Sample, ...] = ()
    gaps: tuple[Gap, ...] = ()
    openings: Mapping[Role, Opening] = field(default_factory=dict)
    lost: Gap | None = None
    starting: float = 0.0
    seconds: float = 0.0

    @property
    def quantities(self) -> dict[str, Quantity]:
        """Those that every arm said it can measure, by id."""
        said = [
            {each.id: each for each in opening.ready.quantities}
            for opening in self.openings.values()
        ]
        if len(said) < len(ROLES):
            return {}
        return {id: each for id, each in said[0].items() if all(id in other for other in said)}

    @property
    def lacking(self) -> tuple[Gap, ...]:
        """What one arm can measure and another said nothing of: nothing may vanish in silence."""
        said = {
            role: {each.id for each in opening.ready.quantities}
            for role, opening in self.openings.items()
            if not opening.hopeless
        }
        told = {gap.quantity for gap in self.gaps}
        every = dict.fromkeys(id for ids in said.values() for id in sorted(ids))
        return tuple(
            Gap(role, id, "this arm has no such quantity, the other one has")
            for role, ids in said.items()
            for id in every
            if id not in ids and id not in told
        )


def run_generation(start: Start, terms: Terms) -> Generation:
    """Hold one generation; every worker has ended when this returns or raises."""
    held = _Held(terms)
    with ExitStack() as stack:
        try:
            held.open(start, stack)
            held.measure()
        except Lost as lost:
            held.lost = Gap(lost.role, "", lost.reason)
        held.end()
    return held.result()


class _Held:
    def __init__(self, terms: Terms) -> None:
        self.lost: Gap | None = None
        self._terms = terms
        self._begun = time.monotonic()
        self._starting = 0.0
        self._talks: list[Talk] = []
        self._workers: dict[Role, Worker] = {}
        self._openings: dict[Role, Opening] = {}
        self._gaps: list[Gap] = []
        self._samples: list[Sample] = []

    def open(self, start: Start, stack: ExitStack) -> None:
        """Start the workers, the order reversed in every other generation."""
        order = schedule.order(self._terms.number)
        for role in (each for each in order if each in self._terms.alone):
            self._launch(role, start, stack)
            self._opened(role)
        together = [role for role in order if role not in self._terms.alone]
        for role in together:
            self._launch(role, start, stack)
        for role in together:
            self._opened(role)
        self._starting = time.monotonic() - self._begun

    def measure(self) -> None:
        """Take what was measured once, then rounds until they are enough."""
        if any(opening.hopeless for opening in self._openings.values()):
            return
        quantities = self.result().quantities
        self._take_once(quantities)
        waiting = [each.id for each in quantities.values() if each.repeats]
        calls = self._warmed(id for id in waiting if self._terms.wanted(quantities[id]))
        self._starting = time.monotonic() - self._begun
        if calls:
            self._rounds(calls)

    def end(self) -> None:
        """Tell all to end, then wait for each."""
        for worker in self._workers.values():
            worker.end()
        for talk in self._talks:
            talk.wait()

    def result(self) -> Generation:
        return Generation(
            tuple(whole(self._samples)),
            tuple(self._gaps),
            dict(self._openings),
            self.lost,
            self._starting,
            time.monotonic() - self._begun,
        )

    def _watch(self) -> None:
        for talk in self._talks:
            talk.look()

    def _launch(self, role: Role, start: Start, stack: ExitStack) -> None:
        talk = stack.enter_context(start(role))
        self._talks.append(talk)
        self._workers[role] = Worker(role, talk, self._terms.silence, self._watch)

    def _opened(self, role: Role) -> None:
        opening = self._workers[role].opened()
        self._openings[role] = opening
        self._gaps += [Gap(role, each.quantity, each.reason) for each in opening.missed]

    def _take_once(self, quantities: Mapping[str, Quantity]) -> None:
        for place, (role, opening) in enumerate(self._openings.items()):
            for each in opening.once:
                if each.quantity in quantities and self._terms.wanted(quantities[each.quantity]):
                    self._keep(each.quantity, role, 0, place, each.value, each.cpu, 1)

    def _warmed(self, quantities: Iterable[str]) -> dict[str, float]:
        """The seconds of a call of each quantity that every arm could warm."""
        calls: dict[str, float] = {}
        for quantity in quantities:
            answers = []
            for role in schedule.order(self._terms.number):
                answer = self._workers[role].warm(quantity)
                if isinstance(answer, Missing):
                    self._gaps.append(Gap(role, quantity, answer.reason))
                    break
                answers.append(answer.call)
            else:
                calls[quantity] = max(answers)
        return calls

    def _rounds(self, calls: Mapping[str, float]) -> None:
        """As many rounds as are worth it, of the quantities in `calls`.

        Where those do not fit into this generation's part of the budget, fewer: as many as take
        no longer than starting did, but two.
        """
        terms, begun = self._terms, time.monotonic()
        round_seconds = len(ROLES) * sum(max(terms.least, call) for call in calls.values())
        left = terms.left - self._starting
        count = schedule.rounds(self._starting, round_seconds, left=left, generations=terms.done)
        part = schedule.part(self._starting, left=left, generations=terms.done)
        waiting = list(calls)
        for number in range(count):
            if number >= schedule.LEAST_ROUNDS and time.monotonic() - begun > part:
                return
            waiting = [id for id in waiting if self._round(id, number)]

    def _round(self, quantity: str, number: int) -> bool:
        """One turn of each arm; whether every arm could."""
        for place, role in enumerate(schedule.order(number)):
            answer = self._workers[role].turn(quantity, self._terms.least)
            if isinstance(answer, Missing):
                self._gaps.append(Gap(role, quantity, answer.reason))
                return False
            self._keep(quantity, role, number, place, answer.value, answer.cpu, answer.calls)
        return True

    def _keep(
        self,
        quantity: str,
        role: Role,
        round: int,
        place: int,
        value: float,
        cpu: float | None,
        calls: int,
    ) -> None:
        generation = self._terms.number
        self._samples.append(Sample(quantity, role, generation, round, place, value, cpu, calls))


def whole(samples: Iterable[Sample]) -> list[Sample]:
    """The samples of rounds in which every arm had its turn."""
    kept = list(samples)
    roles: dict[tuple[str, int, int], set[Role]] = {}
    for each in kept:
        roles.setdefault((each.quantity, each.generation, each.round), set()).add(each.role)
    return [
        each
        for each in kept
        if len(roles[each.quantity, each.generation, each.round]) == len(ROLES)
    ]
