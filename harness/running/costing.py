"""The costs of a gate: a benchmark between its two stacks, which stand already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.gate.costing import Part, Wanted, parts
from harness.gate.plan import Side
from harness.gate.world import Built, Listener, Request, Stacks, World
from harness.running.benching import Bench, BenchRequest, exit_code
from harness.running.benching_task import Budget
from harness.running.benching_tasks import can
from harness.running.progress import TaskLines
from harness.running.sides import Sides
from harness.vocabulary.costs import Arm, BenchReport, Comparison, CostVerdict, Limit, Missed
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.stacks import Lock, Move
from harness.vocabulary.verdicts import Verdict

NOTHING_MOVED = (
    "no costs were compared: none of the libraries that costs are known of moved from one version "
    "to another; --bench-task names what to compare all the same"
)


@dataclass(frozen=True)
class CostsAsked:
    """What the user asked of a gate's costs.

    `prepare` makes ready what the tasks of a part read, and returns the digest of each subject
    by name. `memory_limit` is in bytes, of one worker.
    """

    wanted: Wanted
    prepare: Callable[[Part], Mapping[str, str]]
    budget: Budget = field(default_factory=Budget)
    threads: int = 1
    memory_limit: int | None = None
    subjects_file: Path | None = None


def planned(asked: CostsAsked, moved: Sequence[Move], sides: Sides) -> tuple[Part, ...]:
    """The parts to compare, with the tasks whose libraries both stacks have."""
    versions = (sides.locks["baseline"].versions, sides.locks["candidate"].versions)
    found = (
        part
        if asked.wanted.tasks
        else replace(part, tasks=tuple(task for task in part.tasks if can(task, versions)))
        for part in parts(moved, asked.wanted)
    )
    return tuple(part for part in found if part.tasks)


def compare_costs(
    asked: CostsAsked, planned: Sequence[Part], sides: Sides, fail_on: Collection[Verdict]
) -> BenchReport:
    """Compare the costs of `planned`, one part after the other, while nothing else runs.

    A part that cannot be held is missed, with the reason: what else was found must not be lost
    for that. Raises KeyboardInterrupt after every worker was ended.
    """
    words = {verdict.value for verdict in fail_on}
    failing = frozenset(each for each in CostVerdict if each.value in words)
    lines = TaskLines(sides.world.listener, sum(len(part.tasks) for part in planned))
    return joined([_compare(asked, part, sides, lines, failing) for part in planned], failing)


def joined(reports: Sequence[BenchReport], fail_on: frozenset[CostVerdict]) -> BenchReport:
    """Several benchmarks of one machine as one."""
    limits: dict[str, tuple[Limit, ...]] = {}
    for report in reports:
        for arm, found in report.limits.items():
            limits[arm] = tuple(dict.fromkeys((*limits.get(arm, ()), *found)))
    comparisons = tuple(each for report in reports for each in report.comparisons)
    return BenchReport(
        comparisons=comparisons,
        machine={name: value for report in reports for name, value in report.machine.items()},
        versions={arm: found for report in reports for arm, found in report.versions.items()},
        limits=limits,
        notes=tuple(dict.fromkeys(note for report in reports for note in report.notes)),
        exit_code=int(exit_code(comparisons, fail_on)),
        seconds=sum(report.seconds for report in reports),
    )


def _compare(
    asked: CostsAsked, part: Part, sides: Sides, listener: Listener, fail_on: frozenset[CostVerdict]
) -> BenchReport:
    request = BenchRequest(
        _arm(sides.request.baseline, part),
        (_arm(sides.request.candidate, part),),
        part.tasks,
        budget=asked.budget,
        threads=asked.threads,
        memory_limit=asked.memory_limit,
        subjects_file=asked.subjects_file,
        fail_on=fail_on,
    )
    try:
        return Bench(request, _world(sides, listener, lambda: asked.prepare(part))).run()
    except HarnessError as error:
        return _missed(request, str(error))


def _missed(request: BenchRequest, reason: str) -> BenchReport:
    (candidate,) = request.candidates
    missed = tuple(
        Missed(task, arm.name, reason)
        for task in request.tasks
        for arm in dict.fromkeys((request.baseline, candidate))
    )
    return BenchReport((Comparison(request.baseline, candidate, (), missed),), {}, {})


def _arm(stack: str, part: Part) -> Arm:
    return Arm(stack, stack, part.subject, part.precision, part.device)


def _world(sides: Sides, listener: Listener, prepare: Callable[[], Mapping[str, str]]) -> World:
    stacks = _Standing(sides.world.stacks, sides.locks, sides.built)
    return replace(sides.world, stacks=stacks, listener=listener, prepare=prepare)


@dataclass(frozen=True)
class _Standing:
    """The stacks of a gate whose environments were built: nothing is resolved or built anew."""

    stacks: Stacks
    locks: Mapping[Side, Lock]
    built: Mapping[Side, Built]

    def resolve(self, side: Side, argument: str) -> Lock:
        return self.locks[side]

    def build(self, side: Side, lock: Lock) -> Built:
        return self.built[side]

    def moves(self, baseline: Lock, candidate: Lock) -> tuple[Move, ...]:
        return self.stacks.moves(baseline, candidate)

    def notes(self, request: Request, moved: tuple[Move, ...]) -> tuple[str, ...]:
        return self.stacks.notes(request, moved)
