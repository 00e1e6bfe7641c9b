"""A benchmark from arms to a report: stacks and subjects made, each comparison held in turn."""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import psutil

from harness.execution import Talk
from harness.gate.plan import Side
from harness.gate.world import Built, StackFailure, World
from harness.running.benching_task import (
    Budget,
    Ground,
    TaskAsked,
    TaskFound,
    run_task,
)
from harness.running.benching_tasks import tasks_of
from harness.running.cellstore import CellStore
from harness.running.conditions import cell_environment, hardware
from harness.running.crew import ended_by, wait_for_all
from harness.running.inside import inside_folder
from harness.vocabulary.costs import (
    Arm,
    BenchReport,
    Comparison,
    CostVerdict,
    Limit,
)
from harness.vocabulary.errors import ExitCode
from harness.vocabulary.stacks import Lock

WAITING: Mapping[str, str] = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
"""Threads of a worker that waits for its turn must not spin beside the one that has it."""


@dataclass(frozen=True)
class BenchRequest:
    """What the user asked of a benchmark.

    Every candidate is compared with the baseline, `trials` times. `tasks` and `patterns` (of
    ids of quantities) are empty for what can differ. `memory_limit` is in bytes, of one worker.
    """

    baseline: Arm
    candidates: tuple[Arm, ...]
    tasks: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    threads: int = 1
    trials: int = 1
    memory_limit: int | None = None
    subjects_file: Path | None = None
    fail_on: frozenset[CostVerdict] = frozenset()

    @property
    def stacks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(arm.stack for arm in (self.baseline, *self.candidates)))

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(arm.subject for arm in (self.baseline, *self.candidates)))


class Bench:
    """Runs a benchmark in a world. `report` says what was found so far, whatever ended it."""

    def __init__(self, request: BenchRequest, world: World) -> None:
        self._request = request
        self._world = world
        self._begun = time.monotonic()
        self._locks: dict[str, Lock] = {}
        self._built: dict[str, Built] = {}
        self._comparisons: list[Comparison] = []
        self._grounds: dict[tuple[str, Arm], Ground] = {}
        self._machine: dict[str, str] = {}
        self._work = Path()

    def run(self) -> BenchReport:
        """Compare every candidate with the baseline.

        Raises StackError where a stack cannot be made, HarnessError for what the user can mend,
        KeyboardInterrupt after every worker was ended.
        """
        store = CellStore(self._world.places.cache / "bench")
        store.sweep()
        self._work = store.open("bench")
        try:
            self._make()
            self._compare_all()
        except StackFailure as failure:
            raise failure.error from failure
        finally:
            shutil.rmtree(self._work, ignore_errors=True)
        return self.report()

    def report(self, *notes: str) -> BenchReport:
        """What was found until now."""
        limits: dict[str, tuple[Limit, ...]] = {}
        for (_, arm), ground in self._grounds.items():
            limits[arm.name] = tuple(dict.fromkeys((*limits.get(arm.name, ()), *ground.limits)))
        arms = (self._request.baseline, *self._request.candidates)
        return BenchReport(
            comparisons=tuple(self._comparisons),
            machine={**_machine(self._request.threads), **self._machine},
            versions={
                arm.name: self._locks[arm.stack].versions
                for arm in arms
                if arm.stack in self._locks
            },
            limits=limits,
            notes=notes,
            exit_code=int(exit_code(self._comparisons, self._request.fail_on)),
            seconds=time.monotonic() - self._begun,
        )

    def _make(self) -> None:
        """Resolve and build every stack, and prepare the subjects."""
        world, names = self._world, self._request.stacks
        sides: dict[str, Side] = {name: "candidate" for name in names}
        sides[self._request.baseline.stack] = "baseline"
        with ThreadPoolExecutor(len(names) + 1, thread_name_prefix="build") as pool:
            prepared = pool.submit(world.prepare)
            locks = {n: pool.submit(world.stacks.resolve, sides[n], n) for n in names}
            with ended_by(world.interrupt, [prepared, *locks.values()]):
                wait_for_all(locks.values())
                self._locks = {name: future.result() for name, future in locks.items()}
            built = {n: pool.submit(world.stacks.build, sides[n], self._locks[n]) for n in names}
            with ended_by(world.interrupt, [prepared, *built.values()]):
                wait_for_all([prepared, *built.values()])
                prepared.result()
                self._built = {name: future.result() for name, future in built.items()}

    def _compare_all(self) -> None:
        request = self._request
        planned = [(arm, self._tasks(arm)) for arm in request.candidates]
        self._world.listener.planned(request.trials * sum(len(tasks) for _, tasks in planned))
        for _ in range(request.trials):
            for candidate, tasks in planned:
                self._compare(candidate, tasks)

    def _tasks(self, candidate: Arm) -> tuple[str, ...]:
        request = self._request
        arms = (request.baseline, candidate)
        versions = tuple(self._locks[arm.stack].versions for arm in arms)
        return tasks_of(request.tasks, request.patterns, arms, (versions[0], versions[1]))

    def _compare(self, candidate: Arm, tasks: Sequence[str]) -> None:
        """Compare in every task; what is finished counts even where a later one is interrupted."""
        baseline = self._request.baseline
        place = len(self._comparisons)
        self._comparisons.append(Comparison(baseline, candidate, ()))
        for task in tasks:
            found = self._run(task, candidate)
            so_far = self._comparisons[place]
            self._comparisons[place] = replace(
                so_far,
                compared=(*so_far.compared, *found.compared),
                missed=(*so_far.missed, *found.missed),
                seconds=so_far.seconds + found.seconds,
            )
            self._machine = {**found.machine, **self._machine}
            name = f"{candidate.name}: {task}"
            self._world.listener.ended(name, len(found.compared), found.seconds, False)

    def _run(self, task: str, candidate: Arm) -> TaskFound:
        request = self._request
        asked = TaskAsked(
            task,
            request.baseline,
            candidate,
            request.patterns,
            request.budget,
            {arm: ground for (of, arm), ground in self._grounds.items() if of == task},
        )
        found = run_task(asked, self._start, self._world.listener.say)
        for role, ground in found.grounds.items():
            self._grounds[task, asked.arm(role)] = ground
        return found

    def _start(self, task: str, arm: Arm, limits: bool) -> Talk:
        """A worker in the arm's stack; `limits` says whether it measures the machine's."""
        request, places = self._request, self._world.places
        command = [str(self._built[arm.stack].python), "-m", "harness.speed", task]
        command += ["--arm", json.dumps(asdict(arm)), "--threads", str(request.threads)]
        command += ["--limits"] if limits else []
        command += ["--own"] if len(request.subjects) > 1 else []
        if request.subjects_file:
            command += ["--subjects-file", str(request.subjects_file.absolute())]
        environment = cell_environment(
            self._world.variables,
            home=places.home,
            cache=places.cache,
            inside=inside_folder(places.cache, places.package),
            threads=request.threads,
        )
        return Talk(
            command,
            {**environment, **WAITING},
            self._work / f"{time.monotonic_ns()}.log",
            directory=self._work,
            memory_limit_bytes=request.memory_limit,
        )


def exit_code(comparisons: Sequence[Comparison], fail_on: frozenset[CostVerdict]) -> ExitCode:
    """1 where a verdict is one to fail on; 4 where there is none at all, or none that says much.

    Where any verdict fails, so does what only the candidate cannot do, if it can do anything:
    that is worse than slower.
    """
    verdicts = {each.decision.verdict for one in comparisons for each in one.compared}
    lost = fail_on and any(each.lost for each in comparisons)
    if verdicts & fail_on or (verdicts and lost):
        return ExitCode.CHANGED
    if not verdicts - {CostVerdict.INCONCLUSIVE}:
        return ExitCode.INCONCLUSIVE
    return ExitCode.NOTHING_CHANGED


def _machine(threads: int) -> dict[str, str]:
    """The class of machine, as far as it is known without a worker."""
    return {
        "processor": hardware("")["processor"],
        "cores": str(os.cpu_count() or 1),
        "memory": f"{round(psutil.virtual_memory().total / 2**30)} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "threads": str(threads),
    }
