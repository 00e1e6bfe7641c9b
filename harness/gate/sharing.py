"""Which cells share a process where they are repeated: to start one takes longer than most do.

A repeat counts that did there as at first, alone in its process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from harness.gate.classify import ending
from harness.gate.plan import Side, Task
from harness.vocabulary.cells import Cell
from harness.vocabulary.comparison import Agreement, compare
from harness.vocabulary.records import Outcome

SHARED = 20.0
"""Seconds of behaviours from which on cells get a process of their own."""

Asked = Mapping[Cell, Sequence[str]]


def shares(asked: Asked, seconds: Mapping[Cell, float]) -> list[dict[Cell, Sequence[str]]]:
    """The cells in their order, cut where their behaviours would take more than `SHARED`.

    `seconds` is what a cell's behaviours took before.
    """
    found: list[dict[Cell, Sequence[str]]] = []
    left = 0.0
    for cell, behaviours in asked.items():
        left -= seconds.get(cell, 0.0)
        if not found or left < 0:
            found.append({})
            left = SHARED - seconds.get(cell, 0.0)
        found[-1][cell] = behaviours
    return found


def in_turn(tasks: Iterable[Task]) -> list[tuple[Task, ...]]:
    """Tasks that may share a process, those of one side and repeat, the sides taking turns."""

    def turn(task: Task) -> tuple[int, Side]:
        return task.repeat, task.side

    return [tuple(part) for _, part in groupby(sorted(tasks, key=turn), key=turn)]


def seconds(outcome: Outcome) -> float:
    """What a behaviour takes in a shared process; one that ends its process shares none."""
    return outcome.seconds or SHARED


def agree(first: Mapping[tuple[str, str], Outcome], again: Iterable[Outcome]) -> bool:
    """Whether all of `again` did as at first, but for what it costs."""
    return all(each.key in first and _alike(first[each.key], each) for each in again)


def _alike(first: Outcome, again: Outcome) -> bool:
    if ending(first) != ending(again):
        return False
    before, after = (
        {each.name: each for each in outcome.observations if each.kind != "cost"}
        for outcome in (first, again)
    )
    return list(before) == list(after) and all(
        compare(before[name], after[name]).agreement is Agreement.SAME for name in before
    )
