"""Cells that are repeated share a process, and one that dies there costs the others nothing."""

from __future__ import annotations

import signal
import time
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
BESIDE_ALPHA = """
import os, pathlib, sys, time
def answer():
    if 'alpha' in sys.modules:
        {does}
    return 'two'
"""


BETA = {
    "2.0": "os.abort()",
    "2.1": "return 'odd'",
    "2.2": "pathlib.Path({mark!r}).open('a').write('x'); time.sleep(10)",
}
"""What beta does in the company of alpha, by release."""


@pytest.fixture
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    """Three libraries that answer otherwise from 2.0 on."""
    mini = make_miniature()
    for name in ("alpha", "beta", "gamma"):
        mini.suite(f"{name}/test_{name}.py", SUITE.format(name=name))
        for version in ("1.0", "2.0"):
            source = SAYS.format(version=version)
            if (name, version) != ("beta", "2.0"):
                make_wheel(mini.wheelhouse, name, version, modules=modules(name, source))
    for version, does in BETA.items():
        source = BESIDE_ALPHA.format(does=does.format(mark=str(mini.home / "mark")))
        make_wheel(mini.wheelhouse, "beta", version, modules=modules("beta", source))
    mini.stack("reference", "alpha==1.0", "beta==1.0", "gamma==1.0")
    mini.count_starts()
    return mini


def stack(beta: str) -> tuple[str, str]:
    return "--candidate", f"alpha==2.0 beta=={beta} gamma==2.0"


CHANGED = {"test_alpha": "changed", "test_beta": "changed", "test_gamma": "changed"}
FIRST, SHARED_RUNS = 2 * 3, 2 * 2


def test_repeats_share_processes(world: Miniature) -> None:
    answer = world.gate("--candidate", "alpha==2.0 gamma==2.0")
    assert answer.verdicts() == CHANGED | {"test_beta": "same"}, answer.out + answer.err
    assert {each["runs"] for each in answer.report["behaviours"]} == {1, 3}
    assert world.starts() == FIRST + SHARED_RUNS


def test_what_a_death_keeps_from_being_repeated_in_company_is_repeated_alone(
    world: Miniature,
) -> None:
    answer = world.gate(*stack("2.0"))
    assert answer.verdicts() == CHANGED, answer.out + answer.err
    assert {each["runs"] for each in answer.report["behaviours"]} == {3}
    beta_and_gamma = 2 * 2
    assert world.starts() == FIRST + SHARED_RUNS + beta_and_gamma
    again = world.gate(*stack("2.0"))
    assert again.verdicts() == CHANGED
    assert world.starts() == FIRST + SHARED_RUNS + beta_and_gamma


def test_what_answers_otherwise_in_company_is_repeated_alone_and_is_not_flaky(
    world: Miniature,
) -> None:
    answer = world.gate(*stack("2.1"))
    assert answer.verdicts() == CHANGED, answer.out + answer.err
    beta = 2
    assert world.starts() == FIRST + SHARED_RUNS + beta


def test_what_is_not_to_be_kept_leaves_nothing_behind(world: Miniature) -> None:
    answer = world.gate(*stack("2.1"), "--no-cache")
    assert answer.verdicts() == CHANGED, answer.out + answer.err
    running = world.cache / "cells" / "running"
    assert running.is_dir()
    assert list(running.rglob("*")) == []


def test_an_interrupt_keeps_the_repeats_that_a_shared_process_has_answered(
    world: Miniature,
) -> None:
    process = world.start("gate", *stack("2.2"), "--parallel", "1")
    until = time.monotonic() + 120
    while not (world.home / "mark").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert world.starts() == FIRST + 2
    (world.home / "mark").unlink()
    again = world.gate(*stack("2.2"), "--parallel", "1")
    assert again.verdicts() == CHANGED, again.out + again.err
    assert (world.home / "mark").read_text() == "x", "alpha was kept of the first repeat"
