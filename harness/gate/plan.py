"""What a gate runs: one task a side, a cell and a repeat, each with a key that names its result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.gate.selection import matches, nothing_matches
from harness.vocabulary.cells import Cell
from harness.vocabulary.errors import HarnessError, UsageError
from harness.vocabulary.tiers import TIERS, Tier

Side = Literal["baseline", "candidate"]
SIDES: tuple[Side, Side] = ("baseline", "candidate")

PROTOCOL = 1
"""Version of what gate and plugin agree on: options, the plan file, the record."""

APART = 1000
"""Added to the candidate's replica where both sides are one stack, so that both truly run."""


@dataclass(frozen=True)
class PlannedCell:
    """A cell as the plugin lists it, with the ids of its behaviours in running order."""

    cell: Cell
    behaviours: tuple[str, ...]


Plan = tuple[PlannedCell, ...]


@dataclass(frozen=True)
class Conditions:
    """Everything beside stack, cell and behaviours that a result may depend on.

    `sources` is the digest of the suites and of the harness's code that runs inside a
    stack; `subjects` the digest of each subject's files, by name.
    """

    sources: str
    hardware: Mapping[str, str]
    environment: Mapping[str, str]
    subjects: Mapping[str, str]
    threads: int


@dataclass(frozen=True)
class Task:
    """The behaviours of one cell, to run on one side; in a process of their own, if no repeat."""

    side: Side
    repeat: int
    cell: Cell
    behaviours: tuple[str, ...]
    key: str


def parse_plan(text: str, where: str) -> Plan:
    """The plan that `pytest --list-cells FILE` wrote. Raises HarnessError if it is none."""
    try:
        return tuple(
            PlannedCell(
                Cell(entry["subject"], entry["precision"], entry["device"]),
                tuple(entry["behaviours"]),
            )
            for entry in json.loads(text)["cells"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise HarnessError(
            f"the list of cells is damaged: {error}",
            where=where,
            allowed="what `pytest --list-cells FILE` writes",
            next="the same command with --no-cache",
        ) from None


def parse_refusal(text: str) -> UsageError | None:
    """What the plugin found wrong with the options that it was to list cells by, if anything."""
    try:
        return UsageError(**json.loads(text)["refused"])
    except (ValueError, KeyError, TypeError):
        return None


def select(plan: Plan, expressions: Sequence[str]) -> Plan:
    """The part of `plan` that any of the expressions matches; all of it without expressions.

    An expression is the beginning of a behaviour's id on a boundary (`tokenizers`,
    `tokenizers/test_ids.py::test_round_trip`), or a pattern with `*`.
    """
    if not expressions:
        return plan
    chosen = (
        PlannedCell(
            planned.cell,
            tuple(
                name for name in planned.behaviours if any(matches(name, e) for e in expressions)
            ),
        )
        for planned in plan
    )
    return tuple(planned for planned in chosen if planned.behaviours)


def behaviours(plan: Plan) -> frozenset[str]:
    """The ids of all behaviours of `plan`, in whatever cells."""
    return frozenset(name for planned in plan for name in planned.behaviours)


def check_selected(
    plan: Plan,
    whole: Plan,
    expressions: Sequence[str],
    tier: Tier = TIERS[-1],
    option: str = "--select",
) -> None:
    """Raise NothingMatches where the expressions matched nothing of a plan that has something.

    `option` is where they were given.
    """
    if not plan and whole:
        known = [name for planned in whole for name in planned.behaviours]
        raise nothing_matches(",".join(expressions), known, tier, option)


def first_tasks(
    plans: Mapping[Side, Plan], locks: Mapping[Side, str], conditions: Mapping[Side, Conditions]
) -> tuple[Task, ...]:
    """Every cell of every side once; both sides of a cell are neighbours in the order."""
    asked = {
        side: {planned.cell: planned.behaviours for planned in plan} for side, plan in plans.items()
    }
    return _tasks(asked, range(1), locks, conditions)


def confirming_tasks(
    asked: Mapping[Cell, Sequence[str]],
    repeats: int,
    locks: Mapping[Side, str],
    conditions: Mapping[Side, Conditions],
) -> tuple[Task, ...]:
    """`repeats` more runs on both sides of the behaviours in question, sides taking turns."""
    cells = {cell: tuple(behaviours) for cell, behaviours in asked.items()}
    both = {side: cells for side in SIDES}
    return _tasks(both, range(1, repeats + 1), locks, conditions)


def _tasks(
    asked: Mapping[Side, Mapping[Cell, tuple[str, ...]]],
    repeats: Iterable[int],
    locks: Mapping[Side, str],
    conditions: Mapping[Side, Conditions],
) -> tuple[Task, ...]:
    cells = dict.fromkeys(cell for side in asked for cell in asked[side])
    return tuple(
        _task(side, repeat, cell, asked[side][cell], locks, conditions)
        for cell in cells
        for repeat in repeats
        for side in SIDES
        if side in asked and cell in asked[side]
    )


def _task(
    side: Side,
    repeat: int,
    cell: Cell,
    behaviours: tuple[str, ...],
    locks: Mapping[Side, str],
    conditions: Mapping[Side, Conditions],
) -> Task:
    same = side == "candidate" and locks.get("baseline") == locks["candidate"]
    key = cell_key(locks[side], cell, behaviours, repeat + APART * same, conditions[side])
    return Task(side, repeat, cell, behaviours, key)


def cell_key(
    lock: str, cell: Cell, behaviours: Sequence[str], replica: int, conditions: Conditions
) -> str:
    """sha256 over everything that the result of a task can depend on."""
    parts = {
        "protocol": PROTOCOL,
        "lock": lock,
        "cell": [cell.subject, cell.precision, cell.device],
        "subject": conditions.subjects.get(cell.subject, ""),
        "behaviours": list(behaviours),
        "replica": replica,
        "sources": conditions.sources,
        "hardware": dict(conditions.hardware),
        "environment": dict(conditions.environment),
        "threads": conditions.threads,
    }
    return digest(parts)


def digest(value: object) -> str:
    """sha256 of plain data, whatever the order of its mappings."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
