"""Costs: what a benchmark measures of whom, one sample of it, and what is said of two arms.

An *arm* is one thing that is measured: a stack with a subject, a precision, a device. A
*comparison* has three: baseline, candidate, and the control, which is the baseline once more.
A *generation* is one fresh process an arm; within it the arms measure in turns, a *round* is
one turn of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Role = Literal["baseline", "candidate", "control"]
ROLES: tuple[Role, ...] = ("baseline", "candidate", "control")

Unit = Literal["s", "bytes"]

Work = Literal["", "token", "byte"]
"""What one call of a quantity gets through, if it may be divided by that."""


@dataclass(frozen=True)
class Arm:
    """One thing that is measured.

    `stack` is a stack argument; `attention` an implementation as transformers names it, ""
    for the library's own choice; `plant` a slowdown put in on purpose, "" for none.
    """

    name: str
    stack: str
    subject: str = ""
    precision: str = "float32"
    device: str = "cpu"
    attention: str = ""
    plant: str = ""


@dataclass(frozen=True)
class Quantity:
    """A cost, the lower the better: seconds a call, or bytes.

    `id` is the task it belongs to and a name, `model/decode@256x1` (context 256, batch 1).
    A call gets through `amount` units of `work`: decode's tokens, the bytes of an encoded
    text. `repeats` says whether one process can measure it again and again (a decode) or
    only once in its life (an import, the memory after a load).
    `least` is the smallest number of seconds or bytes at all worth a verdict.
    """

    id: str
    unit: Unit
    work: Work = ""
    amount: float = 1.0
    repeats: bool = True
    least: float = 0.0

    @property
    def task(self) -> str:
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        return self.id.partition("/")[2]


@dataclass(frozen=True)
class Sample:
    """One turn of one arm: `value` a call, in its unit; `cpu` processor seconds a call.

    `calls` is how many calls the turn made; `value` is their mean. `place` counts the turns of
    a round from 0, since the order changes from round to round.
    """

    quantity: str
    role: Role
    generation: int
    round: int
    place: int
    value: float
    cpu: float | None = None
    calls: int = 1


class CostVerdict(StrEnum):
    """What is said of the candidate against the baseline."""

    SLOWER = "slower"
    FASTER = "faster"
    HEAVIER = "heavier"
    LIGHTER = "lighter"
    SAME = "same"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Interval:
    """A ratio of costs and the interval it lies in."""

    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class Decision:
    """A verdict, the ratios it stands on, and why in words, where the interval does not say it.

    `change` is candidate over baseline; `control` the baseline's second process over its first.
    `cpu` is `change` in seconds of processor, where those were measured.
    """

    verdict: CostVerdict
    change: Interval
    control: Interval
    generations: int
    rounds: int
    reason: str = ""
    cpu: float | None = None


@dataclass(frozen=True)
class Limit:
    """What the machine can do at best, measured in the same run: bytes or operations a second.

    `kind` is `read` (memory bandwidth, bytes/s), `matmul` (operations/s in one type) or
    `file` (bytes/s of a plain read of the subject's own files, from the page cache).
    """

    kind: Literal["read", "matmul", "file"]
    type: str
    rate: float


@dataclass(frozen=True)
class Bound:
    """The least seconds a call of `quantity` could take on this machine, and by which limit."""

    quantity: str
    seconds: float
    kind: Literal["read", "matmul", "file"]


@dataclass(frozen=True)
class Compared:
    """Two arms in one quantity: medians in its unit, a call; the decision; every sample.

    `bounds` are the least seconds of either arm, by role, where a limit applies. `accepted` is the
    id of the entry for which the verdict does not fail a gate; empty where there is none.
    """

    quantity: Quantity
    baseline: float
    candidate: float
    decision: Decision
    samples: tuple[Sample, ...] = ()
    bounds: Mapping[Role, Bound] = field(default_factory=dict)
    accepted: str = ""


@dataclass(frozen=True)
class Missed:
    """What could not be measured, of which arm, and why; `accepted` is the id of the entry for
    which that does not fail a gate, empty where there is none."""

    task: str
    arm: str
    reason: str
    accepted: str = ""


@dataclass(frozen=True)
class Comparison:
    """A baseline and a candidate, compared in every quantity both could measure."""

    baseline: Arm
    candidate: Arm
    compared: tuple[Compared, ...]
    missed: tuple[Missed, ...] = ()
    seconds: float = 0.0

    @property
    def lost(self) -> tuple[Missed, ...]:
        """What the candidate could not do and the baseline could.

        A process that was lost once and did its task when it was started again is none.
        """
        of_both = {each.task for each in self.missed if each.arm == self.baseline.name}
        alone = [
            each
            for each in self.missed
            if each.arm != self.baseline.name
            and not of_both.intersection((each.task, each.task.partition("/")[0]))
        ]
        done = {each.quantity.task for each in self.compared}
        times = Counter(each.task for each in alone)
        return tuple(each for each in alone if each.task not in done or times[each.task] > 1)


@dataclass(frozen=True)
class BenchReport:
    """All that a benchmark found: what every report is made from.

    `machine` is what numbers of time depend on (processor, cores, memory, threads, kernel
    level), `versions` the packages of each arm's stack, by the arm's name.
    """

    comparisons: tuple[Comparison, ...]
    machine: Mapping[str, str]
    versions: Mapping[str, Mapping[str, str]]
    limits: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    exit_code: int = 0
    seconds: float = 0.0
