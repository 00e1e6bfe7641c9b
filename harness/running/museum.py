"""Answering cases of the museum: a gate a case, a few at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

from harness.gate.selection import NothingMatches
from harness.gate.world import Listener, Request, Stopped, World
from harness.museum import exit_code, judge, tally, unanswered, unseen
from harness.running.crew import ended_by, wait_for_all
from harness.running.session import run_gate
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.museum import Case, CaseResult, Museum
from harness.vocabulary.tiers import DEFAULT, TIERS


class MuseumListener(Protocol):
    """Told how far the museum is, from several threads."""

    def started(self, case: Case) -> Listener:
        """A case begins; returns what its gate shall tell."""

    def answered(self, result: CaseResult) -> None: ...


@dataclass(frozen=True)
class Plan:
    """What to answer and how: `at_once` cases at a time, `template` what their gates share.

    The template's stacks, behaviours and options are replaced by each case's own.
    """

    cases: tuple[Case, ...]
    template: Request
    at_once: int


def run_museum(
    plan: Plan, make_world: Callable[[Listener], World], listener: MuseumListener
) -> Museum:
    """Gate the two stacks of every case, and judge what was found.

    `make_world` is called once a case: what stops one must not stop another. A case whose
    gate ends in an error is `unknown`. Raises KeyboardInterrupt after stopping what ran;
    cells that ended are kept, so that the same again goes on.
    """
    begun = time.monotonic()
    worlds = _Worlds(make_world)
    with ThreadPoolExecutor(plan.at_once, thread_name_prefix="case") as pool:
        asked = [pool.submit(_answer, case, plan, worlds, listener) for case in plan.cases]
        with ended_by(worlds.interrupt, asked):
            wait_for_all(asked)
    results = tuple(future.result() for future in asked)
    return Museum(results, tally(results), int(exit_code(results)), time.monotonic() - begun)


def request_of(case: Case, template: Request) -> Request:
    """The gate that answers `case`.

    Where the template's tier is the whole, a case that must be silent takes the tier that a
    gate takes unless told: of the rest a library promises nothing.
    """
    whole = template.tier == TIERS[-1]
    tier = DEFAULT if whole and case.must_be_silent else template.tier
    options: tuple[str, ...] = ("--tier", tier)
    if case.precisions:
        options += ("--precision", ",".join(case.precisions))
    return replace(
        template,
        tier=tier,
        baseline=case.baseline,
        candidate=case.candidate,
        select=case.select,
        options=options,
    )


def _answer(case: Case, plan: Plan, worlds: _Worlds, listener: MuseumListener) -> CaseResult:
    begun = time.monotonic()
    world = worlds.make(listener.started(case))
    try:
        result = judge(case, run_gate(request_of(case, plan.template), world))
    except NothingMatches as error:
        tier = plan.template.tier
        result = unanswered(case, str(error)) if tier == TIERS[-1] else unseen(case, tier)
    except HarnessError as error:
        result = unanswered(case, str(error))
    if worlds.stopped:
        raise Stopped
    result = replace(result, seconds=time.monotonic() - begun)
    listener.answered(result)
    return result


class _Worlds:
    """The worlds of the cases. Subjects are made ready once for all of them.

    `stopped` once `interrupt` was called: what a case then says is the interrupt's doing.
    """

    def __init__(self, make: Callable[[Listener], World]) -> None:
        self._make = make
        self._guard = threading.Lock()
        self._made: list[World] = []
        self.stopped = False
        self._subjects: Future[Mapping[str, str]] | None = None

    def make(self, listener: Listener) -> World:
        """A world for one more case. Raises Stopped after `interrupt`."""
        with self._guard:
            if self.stopped:
                raise Stopped
            world = self._make(listener)
            self._made.append(world)
        return replace(world, prepare=lambda: self._prepared(world))

    def interrupt(self) -> None:
        """End everything that any case waits for, and start no other."""
        with self._guard:
            self.stopped = True
            made: Sequence[World] = tuple(self._made)
        for world in made:
            world.processes.stop()
            world.interrupt()

    def _prepared(self, world: World) -> Mapping[str, str]:
        with self._guard:
            first = self._subjects is None
            if self._subjects is None:
                self._subjects = Future()
            subjects = self._subjects
        if first:
            try:
                subjects.set_result(world.prepare())
            except BaseException as error:
                subjects.set_exception(error)
        return subjects.result()
