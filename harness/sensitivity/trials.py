"""Which behaviours a fault is shown to, and the runs that this takes."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.faults import Fault
from harness.gate.compare import Key
from harness.gate.plan import Conditions, Plan, digest
from harness.gate.selection import matches

REFERENCE_RUNS = 2
"""How often the behaviours run without a fault: what differs between them can judge nothing."""


@dataclass(frozen=True)
class Trial:
    """One process: `asked` behaviours in their cells, with the fault of that id, or none."""

    fault: str
    repeat: int
    asked: tuple[Key, ...]
    key: str

    @property
    def name(self) -> str:
        if self.fault:
            return self.fault
        return f"without a fault: {self.asked[0][1]}" if self.asked else "without a fault"


def shown_to(fault: Fault, plan: Plan) -> tuple[Key, ...]:
    """The behaviours of `plan` that `fault.sees`, each in its cell, in running order.

    Of a subject in several precisions, the first that the behaviour has; an expression with
    a part after `@` means the cells whose ids fit that part, a pattern with `*`.
    """
    found: dict[Key, None] = {}
    for expression in fault.sees:
        found |= dict.fromkeys(_meant(expression, plan))
    order = {key: at for at, key in enumerate(_keys(plan))}
    return tuple(sorted(found, key=order.__getitem__))


def _meant(expression: str, plan: Plan) -> Iterable[Key]:
    behaviours, _, cells = expression.partition("@")
    first: set[tuple[str, str]] = set()
    for planned in plan:
        for behaviour in planned.behaviours:
            if not matches(behaviour, behaviours):
                continue
            if cells:
                if fnmatch.fnmatchcase(planned.cell.id, cells):
                    yield behaviour, planned.cell.id
            elif (behaviour, planned.cell.subject) not in first:
                first.add((behaviour, planned.cell.subject))
                yield behaviour, planned.cell.id


def _keys(plan: Plan) -> Iterable[Key]:
    return ((behaviour, planned.cell.id) for planned in plan for behaviour in planned.behaviours)


def reference_trials(
    shown: Iterable[Sequence[Key]], lock: str, conditions: Conditions
) -> tuple[Trial, ...]:
    """The runs without a fault of everything that some fault is shown to, a cell at a time."""
    cells: dict[str, dict[Key, None]] = {}
    for key in sorted({key for keys in shown for key in keys}, key=lambda key: (key[1], key[0])):
        cells.setdefault(key[1], {})[key] = None
    return tuple(
        Trial("", repeat, tuple(keys), trial_key("", "", repeat, tuple(keys), lock, conditions))
        for repeat in range(REFERENCE_RUNS)
        for keys in cells.values()
    )


def fault_trial(
    fault: Fault, asked: tuple[Key, ...], source: str, lock: str, conditions: Conditions
) -> Trial:
    """The run of one fault. `source` is the digest of what defines it."""
    return Trial(fault.id, 0, asked, trial_key(fault.id, source, 0, asked, lock, conditions))


def trial_key(
    fault: str,
    source: str,
    repeat: int,
    asked: Sequence[Key],
    lock: str,
    conditions: Conditions,
) -> str:
    """sha256 over everything that the result of a trial can depend on."""
    return digest(
        {
            "fault": [fault, source],
            "repeat": repeat,
            "asked": [list(key) for key in asked],
            "lock": lock,
            "sources": conditions.sources,
            "subjects": dict(conditions.subjects),
            "hardware": dict(conditions.hardware),
            "environment": dict(conditions.environment),
            "threads": conditions.threads,
        }
    )
