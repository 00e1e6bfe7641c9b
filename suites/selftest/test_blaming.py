"""Blame on the miniature world: real stacks, real runs, and what brought what is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

SUITE = """
from harness.plugin import requires

@requires("engine")
def test_size(observe):
    import engine
    observe.exact("size", engine.size)

@requires("engine")
def test_weight(observe):
    import engine
    observe.exact("weight", engine.weight)

@requires("engine", "gear")
def test_speed(observe):
    import engine, gear
    observe.exact("speed", engine.fast and gear.fast)

@requires("gear")
def test_teeth(observe):
    import gear
    observe.exact("teeth", gear.teeth)
"""

ENGINES = {
    "1.0": (10, 3, False),
    "1.1": (10, 3, False),
    "1.2": (11, 3, False),
    "1.3": (11, 3, True),
    "1.4": (11, 3, True),
    "1.5": (11, 4, True),
    "2.0rc1": (11, 4, True),
    "2.0": (11, 4, True),
}
"""Size, weight and whether it is fast, by release."""

GEARS = {"1.0": (7, False), "1.1": (8, False), "1.2": (8, True), "1.3": (8, True)}

SIZE, WEIGHT, SPEED, TEETH = (
    f"machines/test_machine.py::test_{name}" for name in ("size", "weight", "speed", "teeth")
)


def build(mini: Miniature) -> Miniature:
    for version, (size, weight, fast) in ENGINES.items():
        source = f"size, weight, fast = {size}, {weight}, {fast}\n"
        make_wheel(mini.wheelhouse, "engine", version, modules=modules("engine", source))
    for version, (teeth, fast) in GEARS.items():
        source = f"teeth, fast = {teeth}, {fast}\n"
        make_wheel(mini.wheelhouse, "gear", version, modules=modules("gear", source))
    make_wheel(mini.wheelhouse, "paint", "1.0")
    make_wheel(mini.wheelhouse, "paint", "2.0")
    mini.stack("reference", "engine==2.0", "gear==1.3", "paint==2.0")
    mini.stack("old", "engine==1.0", "gear==1.0", "paint==1.0")
    mini.suite("machines/test_machine.py", SUITE)
    mini.count_starts()
    return mini


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    return build(make_miniature())


@pytest.fixture(scope="module")
def blamed(world: Miniature) -> Answer:
    return world.gate(
        *("--baseline", "old", "--candidate", "reference", "--blame"),
        *("--report", str(world.home / "report")),
    )


def groups(answer: Answer) -> dict[str, dict[str, Any]]:
    """The group of each behaviour, by its test."""
    return {
        change["behaviour"].rpartition("::")[2]: group
        for group in answer.report["blame"]["groups"]
        for change in group["changes"]
    }


def test_each_change_is_put_on_its_package_and_release(blamed: Answer) -> None:
    found = groups(blamed)
    assert found["test_size"]["releases"] == {"engine": "1.2"}, blamed.err
    assert found["test_weight"]["releases"] == {"engine": "1.5"}
    assert found["test_teeth"]["releases"] == {"gear": "1.1"}
    assert blamed.code == 1


def test_two_packages_that_need_each_other_are_both_named(blamed: Answer) -> None:
    group = groups(blamed)["test_speed"]
    assert (group["standing"], group["moves"]) == ("named", ["engine", "gear"])
    assert group["releases"] == {"engine": "1.3", "gear": "1.2"}
    assert "engine 1.3 together with gear 1.2" in blamed.out
    assert "none of these moves suffices without the others" in blamed.out
