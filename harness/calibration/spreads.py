"""How far each number moved between runs that should agree."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from harness.calibration.conditions import KERNELS, Condition
from harness.vocabulary.comparison import Agreement, compare, flatten, shape
from harness.vocabulary.errors import UsageError
from harness.vocabulary.noise import Spread
from harness.vocabulary.observations import Observation
from harness.vocabulary.records import Header, Outcome
from harness.vocabulary.ties import where_parted

Key = tuple[str, str]
"""A behaviour's id and its cell's id."""


@dataclass(frozen=True)
class Run:
    """What one run under one condition left."""

    condition: Condition
    header: Header
    outcomes: Mapping[Key, Outcome]


@dataclass(frozen=True)
class Number:
    """A numeric observation, or the gaps of generated ids, as all runs had it."""

    behaviour: str
    cell: str
    observation: Observation
    spread: Spread


@dataclass(frozen=True)
class Differing:
    """What should be equal under every condition, and is not."""

    behaviour: str
    cell: str
    name: str
    conditions: str
    detail: str


@dataclass(frozen=True)
class Calibration:
    """What the runs say. `unheld` names what held in some of them only: not measured."""

    runs: tuple[Run, ...]
    numbers: tuple[Number, ...]
    differing: tuple[Differing, ...]
    unheld: tuple[Key, ...]


def condition_of(header: Header, before: Iterable[Condition]) -> Condition:
    """The condition that a run record was made under, the next repeat of those before."""
    threads, batch = int(header.kernels["threads"]), int(header.kernels.get("batch", 1))
    made = Condition(threads, header.kernels[KERNELS], batch)
    return replace(made, repeat=sum(each.kind == made.kind for each in before))


def freedom(conditions: Iterable[Condition]) -> tuple[int, int]:
    """Degrees of freedom within kernel levels, and across them."""
    distinct = {each.kind for each in conditions}
    return len(distinct) - len({kernels for _, kernels, _ in distinct}), len(distinct) - 1


def check_alike(runs: Sequence[Run]) -> None:
    """Raise UsageError where the runs are not of one stack and one machine."""
    first = runs[0].header
    for run in runs[1:]:
        for name, mine, its in (
            ("stack", first.versions, run.header.versions),
            ("machine", first.hardware, run.header.hardware),
        ):
            moved = sorted(k for k in {*mine, *its} if mine.get(k) != its.get(k))
            if moved:
                raise UsageError(
                    f"the runs are not of one {name}: {', '.join(moved[:4])} differ",
                    where=str(run.condition),
                    allowed="runs that differ in threads, kernel levels and batches alone",
                    next="leave that record out of --from, or make it anew beside the others",
                )


def calibrate(runs: Sequence[Run]) -> Calibration:
    """Compare all runs, observation by observation."""
    numbers: list[Number] = []
    differing: list[Differing] = []
    unheld: list[Key] = []
    for key in dict.fromkeys(key for run in runs for key in run.outcomes):
        having = [run for run in runs if key in run.outcomes]
        held = [run.outcomes[key].status == "held" for run in having]
        if any(held) and not all(held):
            unheld.append(key)
        if not all(held):
            continue
        for name, made in _observations(having, key):
            spread = _spread(runs, made) if len(made) == len(runs) else None
            if spread is not None:
                numbers.append(Number(*key, made[0], spread))
                continue
            found = _differing(having, key, name, made)
            differing += [found] if found else []
    return Calibration(tuple(runs), tuple(numbers), tuple(differing), tuple(unheld))


def _observations(runs: Sequence[Run], key: Key) -> Iterable[tuple[str, tuple[Observation, ...]]]:
    made: dict[str, list[Observation]] = {}
    for run in runs:
        for observation in run.outcomes[key].observations:
            made.setdefault(observation.name, []).append(observation)
    return [(name, tuple(each)) for name, each in made.items() if each[0].kind != "cost"]


def _differing(
    runs: Sequence[Run], key: Key, name: str, made: Sequence[Observation]
) -> Differing | None:
    if len(made) < len(runs):
        missing = f"observed in {len(made)} of {len(runs)} runs"
        return Differing(*key, name, "", missing)
    for run, other in zip(runs[1:], made[1:], strict=True):
        result = compare(made[0], other)
        if result.agreement is Agreement.CHANGED or result.distance == math.inf:
            conditions = f"{runs[0].condition} and {run.condition}"
            return Differing(*key, name, conditions, result.detail)
    return None


def _spread(runs: Sequence[Run], made: Sequence[Observation]) -> Spread | None:
    """None where the values are no numbers, not of one shape, or not all finite alike."""
    values = [observation.value for observation in made]
    kinds = {observation.kind for observation in made}
    if kinds == {"tokens"}:
        apart = _gaps_apart
    elif kinds != {"numeric"} or len({shape(value) for value in values}) > 1:
        return None
    else:
        apart = _apart
    levels: dict[str, list[Any]] = {}
    for run, value in zip(runs, values, strict=True):
        levels.setdefault(run.condition.kernels, []).append(value)
    within = max(_widest(each, apart) for each in levels.values())
    across = _widest(values, apart)
    return Spread(within, across) if math.isfinite(across) else None


def _widest(values: Sequence[Any], apart: Any) -> float:
    pairs = ((a, b) for at, a in enumerate(values) for b in values[at + 1 :])
    return max((apart(a, b) for a, b in pairs), default=0.0)


def _apart(first: Any, second: Any) -> float:
    """The largest difference of two numbers at one place."""
    pairs = zip(flatten(first), flatten(second), strict=True)
    return max((_moved(a, b) for a, b in pairs), default=0.0)


def _moved(first: float, second: float) -> float:
    """How far a number moved: without end where it became, or stopped being, finite."""
    if math.isfinite(first) and math.isfinite(second):
        return abs(first - second)
    return 0.0 if math.isfinite(first) == math.isfinite(second) else math.inf


def _gaps_apart(first: Any, second: Any) -> float:
    """How far the gaps moved as long as the ids agree, and the two logits where they part.

    Without end where only one goes on, or where nothing else was to be chosen.
    """
    parted = where_parted(first, second, math.inf)
    gaps = zip(flatten(first["gaps"]), flatten(second["gaps"]), strict=False)
    moved = [_moved(a, b) for a, b in islice(gaps, parted.position if parted else None)]
    if parted is not None:
        flipped = parted.moved if parted.verdict == "tie" else None
        moved.append(math.inf if flipped is None else flipped)
    return max(moved, default=0.0)
