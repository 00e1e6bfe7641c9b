"""Cells that are repeated share a process, and one that dies there costs the others nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from miniature import Miniature, modules
from wheels import make_wheel

from harness.gate.plan import SIDES, Conditions, Side, confirming_tasks
from harness.gate.sharing import SHARED, in_turn, shares
from harness.vocabulary.cells import Cell

FIVE = [Cell(name) for name in ("a", "b", "c", "d", "e")]
ASKED = {cell: (f"{cell.id}-1", f"{cell.id}-2") for cell in FIVE}


def named(found: list[dict[Cell, object]]) -> list[str]:
    return ["".join(cell.id for cell in each) for each in found]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([0.0, 0.0, 0.0, 0.0, 0.0], ["abcde"]),
        ([0.5, 0.5, 0.1, 0.1, 0.1], ["ab", "cde"]),
        ([0.1, 3.0, 0.1, 0.1, 0.1], ["a", "b", "cde"]),
        ([2.0, 2.0, 2.0, 2.0, 2.0], ["a", "b", "c", "d", "e"]),
    ],
)
def test_cells_share_a_process_until_their_behaviours_take_long(
    parts: list[float], expected: list[str]
) -> None:
    seconds = {cell: part * SHARED for cell, part in zip(FIVE, parts, strict=True)}
    found = shares(ASKED, seconds)
    assert named(found) == expected  # type: ignore[arg-type]
    assert {cell: each[cell] for each in found for cell in each} == ASKED


def test_one_process_has_one_side_and_one_repeat_and_sides_take_turns() -> None:
    conditions: dict[Side, Conditions] = {side: Conditions("s", {}, {}, {}, 1) for side in SIDES}
    tasks = confirming_tasks(ASKED, 2, {"baseline": "x", "candidate": "y"}, conditions)
    turns = in_turn(tasks)
    assert [(turn[0].repeat, turn[0].side, len(turn)) for turn in turns] == [
        (1, "baseline", 5), (1, "candidate", 5), (2, "baseline", 5), (2, "candidate", 5),
    ]  # fmt: skip
    assert {(task.repeat, task.side) for task in turns[1]} == {(1, "candidate")}
    assert sorted(task.key for turn in turns for task in turn) == sorted(t.key for t in tasks)


SUITE = """
import {name}
from harness.plugin import requires

@requires("{name}")
def test_{name}(observe): observe.exact("answer", {name}.answer())
"""
SAYS = "def answer(): return {version!r}\n"
DIES = (
    "import os, sys\ndef answer():\n    if 'alpha' in sys.modules: os.abort()\n    return 'two'\n"
)


@pytest.fixture
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    """Three libraries that answer otherwise in 2.0; there beta dies in the company of alpha."""
    mini = make_miniature()
    for name in ("alpha", "beta", "gamma"):
        for version in ("1.0", "2.0"):
            dies = (name, version) == ("beta", "2.0")
            source = DIES if dies else SAYS.format(version=version)
            make_wheel(mini.wheelhouse, name, version, modules=modules(name, source))
        mini.suite(f"{name}/test_{name}.py", SUITE.format(name=name))
    mini.stack("reference", "alpha==1.0", "beta==1.0", "gamma==1.0")
    mini.count_starts()
    return mini


CHANGED = {"test_alpha": "changed", "test_beta": "changed", "test_gamma": "changed"}


def test_repeats_share_processes(world: Miniature) -> None:
    answer = world.gate("--candidate", "alpha==2.0 gamma==2.0")
    assert answer.verdicts() == CHANGED | {"test_beta": "same"}, answer.out + answer.err
    assert {each["runs"] for each in answer.report["behaviours"]} == {1, 3}
    first, repeats = 2 * 3, 2 * 2
    assert world.starts() == first + repeats


def test_what_a_death_keeps_from_being_repeated_in_company_is_repeated_alone(
    world: Miniature,
) -> None:
    answer = world.gate("--candidate", "alpha==2.0 beta==2.0 gamma==2.0")
    assert answer.verdicts() == CHANGED, answer.out + answer.err
    assert {each["runs"] for each in answer.report["behaviours"]} == {3}
    first, shared, alone = 2 * 3, 2 * 2, 2 * 2
    assert world.starts() == first + shared + alone
    again = world.gate("--candidate", "alpha==2.0 beta==2.0 gamma==2.0")
    assert again.verdicts() == CHANGED
    assert world.starts() == first + shared + alone
