"""Nobody is blamed for what flickers: fifty behaviours and more that do, in real runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

RATES = 150
"""Behaviours that draw, at chances from 2 % to 98 %; about a third differ between two runs."""

SUITE = """
import pathlib, random

import pytest
from harness.plugin import requires

RUN = len(pathlib.Path({log!r}).read_text().splitlines())

@requires("engine")
@pytest.mark.parametrize("nth", range({rates}))
def test_coin(nth, observe):
    chance = 0.02 + 0.96 * nth / ({rates} - 1)
    observe.exact("drawn", random.Random(f"{{RUN}} {{nth}}").random() < chance)

@requires("engine")
def test_size(observe):
    import engine
    observe.exact("size", engine.size)
"""


@pytest.fixture(scope="module")
def answer(make_miniature: Callable[[], Miniature]) -> Answer:
    world = make_miniature()
    for nth in range(5):
        source = f"size = {10 if nth < 3 else 11}\n"
        make_wheel(world.wheelhouse, "engine", f"1.{nth}", modules=modules("engine", source))
    world.stack("reference", "engine==1.4")
    world.stack("old", "engine==1.0")
    world.count_starts()
    log = world.home / "starts.log"
    log.touch()
    world.suite("machines/test_machine.py", SUITE.format(log=str(log), rates=RATES))
    # Without repeats the gate takes every one for a change.
    arguments = ("--baseline", "old", "--candidate", "reference", "--parallel", "1")
    return world.gate(*arguments, "--confirm", "0", "--blame")


def test_fifty_that_flicker_are_put_on_nothing(answer: Answer) -> None:
    groups = answer.report["blame"]["groups"]
    coins = {
        change["behaviour"]: group
        for group in groups
        for change in group["changes"]
        if "test_coin" in change["behaviour"]
    }
    assert len(coins) >= 45, answer.err
    assert [name for name, group in coins.items() if group["moves"] or group["releases"]] == []
    assert {group["standing"] for group in coins.values()} <= {"flaky", "unverified"}


def test_a_true_change_beside_them_is_named(answer: Answer) -> None:
    first = answer.report["blame"]["groups"][0]
    assert [change["behaviour"].rpartition("::")[2] for change in first["changes"]] == ["test_size"]
    assert first["releases"] == {"engine": "1.3"}
