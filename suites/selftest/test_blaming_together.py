"""A change that needs one package and two others, which only move together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

SUITE = """
from harness.plugin import requires

@requires("lamp", "plug")
def test_shine(observe):
    import lamp, plug
    observe.exact("light", lamp.whole and plug.live)

@requires("lamp")
def test_watts(observe):
    import lamp
    observe.exact("watts", lamp.watts)
"""
LAMPS = {"1.0": (False, 40), "1.1": (True, 40), "1.2": (True, 8)}
"""Whether it is whole, and its watts, by release."""

PLUGS = {"1.0": (False, "<2"), "1.1": (True, "<2"), "1.2": (True, ">=2")}
"""Whether it is live, and which wall it needs."""


@pytest.fixture(scope="module")
def blamed(make_miniature: Callable[[], Miniature]) -> Answer:
    mini = make_miniature()
    for version, (whole, watts) in LAMPS.items():
        source = f"whole, watts = {whole}, {watts}\n"
        make_wheel(mini.wheelhouse, "lamp", version, modules=modules("lamp", source))
    for version, (live, wall) in PLUGS.items():
        source = modules("plug", f"live = {live}\n")
        make_wheel(mini.wheelhouse, "plug", version, [f"wall{wall}"], source)
    for version in ("1.0", "2.0"):
        make_wheel(mini.wheelhouse, "wall", version)
    mini.stack("reference", "lamp==1.2", "plug==1.2", "wall==2.0")
    mini.stack("old", "lamp==1.0", "plug==1.0", "wall==1.0")
    mini.suite("house/test_house.py", SUITE)
    return mini.gate("--baseline", "old", "--candidate", "reference", "--blame")


def test_the_releases_of_both_parts_are_found_each_with_the_other_part_held(blamed: Answer) -> None:
    groups = blamed.report["blame"]["groups"]
    (group,) = [g for g in groups if g["changes"][0]["behaviour"].endswith("test_shine")]
    assert (group["moves"], group["inseparable"]) == (["lamp"], ["plug", "wall"]), blamed.err
    assert group["releases"] == {"lamp": "1.1", "plug": "1.1"}, blamed.out
    held = {each["package"]: each["held"] for each in blamed.report["blame"]["searched"]}
    assert held["plug"] == ["lamp"]


def test_it_is_said_that_neither_suffices_and_what_came_along(blamed: Answer) -> None:
    assert "lamp 1.1 together with plug 1.1" in blamed.out
    assert "none of these moves suffices without the others" in blamed.out
    assert "moved with it wherever it was seen: wall 1.0 → 2.0" in blamed.out


def test_a_package_that_suffices_is_put_there_with_nothing_held(blamed: Answer) -> None:
    groups = blamed.report["blame"]["groups"]
    (group,) = [g for g in groups if g["changes"][0]["behaviour"].endswith("test_watts")]
    assert (group["moves"], group["inseparable"]) == (["lamp"], [])
    assert group["releases"] == {"lamp": "1.2"}
