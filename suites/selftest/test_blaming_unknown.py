"""Releases that say nothing of a change, and changes of which a release has nothing to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from miniature import Answer, Miniature, modules
from wheels import FULL, make_source, make_wheel

SUITE = """
import pytest
from harness.plugin import requires

try:
    from lamp import modes
except ImportError:
    modes = ()

@requires("pump")
def test_flow(observe):
    import pump
    observe.exact("flow", pump.flow)

@requires("lamp")
@pytest.mark.parametrize("mode", modes)
def test_mode(mode, observe):
    observe.exact("mode", mode)

@requires("valve")
def test_opens():
    import valve

@requires("heater")
def test_heat(observe):
    import heater
    observe.exact("heat", heater.heat())

@requires("hose")
def test_length(observe):
    import hose
    observe.exact("length", hose.length)
"""

BROKEN = """
import os, pathlib
with pathlib.Path(os.environ["HARNESS_HOME"], "tries").open("a") as file:
    file.write(f"{__name__} {os.getpid()}\\n")
raise ImportError("its other half is missing")
"""
BUSY = """
import os, pathlib
def heat():
    calls = pathlib.Path(os.environ["HARNESS_HOME"], "calls")
    with calls.open("a") as file:
        file.write(".")
    if calls.stat().st_size == 1:
        raise MemoryError("no room")
    return 2
"""
PUMPS = {"1.0": "flow = 1\n", "1.1": BROKEN, "1.2": BROKEN, "1.3": "flow = 2\n"}
LAMPS = {"1.0": ("dim", "full"), "1.1": ("dim", "full"), "1.2": ("dim",), "1.3": ("dim",)}
VALVES = {"1.0": "", "1.1": "", "1.2": BROKEN, "1.3": BROKEN}
WARM = "def heat(): return 2\n"
HEATERS = {"1.0": "def heat(): return 1\n", "1.1": BUSY, "1.2": WARM, "1.3": WARM}


PACKAGES = ("pump", "lamp", "valve", "hose", "heater")


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    for version in PUMPS:
        lamp = modules("lamp", f"modes = {LAMPS[version]!r}\n")
        make_wheel(mini.wheelhouse, "pump", version, modules=modules("pump", PUMPS[version]))
        make_wheel(mini.wheelhouse, "lamp", version, modules=lamp)
        make_wheel(mini.wheelhouse, "valve", version, modules=modules("valve", VALVES[version]))
        heater = modules("heater", HEATERS[version])
        make_wheel(mini.wheelhouse, "heater", version, modules=heater)
    for version, length in (("1.0", 1), ("1.3", 2)):
        hose = modules("hose", f"length = {length}\n")
        make_wheel(mini.wheelhouse, "hose", version, modules=hose)
    make_source(mini.wheelhouse, "hose", "1.1", FULL)
    for name, version in (("reference", "1.3"), ("old", "1.0")):
        mini.stack(name, *(f"{package}=={version}" for package in PACKAGES))
    mini.suite("machines/test_machine.py", SUITE)
    return mini


def blamed(world: Miniature, test: str) -> tuple[dict[str, Any], Answer]:
    """The one group of a gate of one behaviour."""
    arguments = ("--baseline", "old", "--candidate", "reference", "--blame")
    answer = world.gate(*arguments, "--select", f"machines/test_machine.py::{test}")
    (group,) = answer.report["blame"]["groups"]
    return group, answer


def test_a_release_that_does_not_import_is_neither_good_nor_bad(world: Miniature) -> None:
    group, answer = blamed(world, "test_flow")
    assert group["moves"] == ["pump"], answer.err
    (turn,) = group["turns"]["pump"]
    assert (turn["last"], turn["first"], turn["unknown"]) == ("1.0", "1.3", ["1.1", "1.2"])
    assert "unknown between them: 1.1, 1.2" in answer.out
    why = "not imported, ImportError: its other half is missing"
    assert answer.report["blame"]["notes"] == [f"pump 1.1, 1.2 unknown: {why}"]
    tries = set((world.home / "tries").read_text().splitlines())
    assert len([each for each in tries if each.startswith("pump")]) == 2, "one a release"


def test_memory_that_ran_out_once_is_tried_again_before_a_release_is_stepped_around(
    world: Miniature,
) -> None:
    group, answer = blamed(world, "test_heat")
    assert group["releases"] == {"heater": "1.1"}, answer.err


def test_that_a_library_does_not_import_any_more_is_a_change_like_others(world: Miniature) -> None:
    group, answer = blamed(world, "test_opens")
    assert group["releases"] == {"valve": "1.2"}, answer.err


def test_what_a_release_does_not_have_at_all_is_put_on_that_release(world: Miniature) -> None:
    group, answer = blamed(world, "test_mode")
    assert answer.verdicts() == {"test_mode[dim]": "same", "test_mode[full]": "gone"}
    assert (group["moves"], group["releases"]) == (["lamp"], {"lamp": "1.2"}), answer.err


def test_a_disk_that_fills_up_on_the_way_loses_no_culprit_that_was_found(world: Miniature) -> None:
    group, answer = blamed(world, "test_length")
    assert (group["standing"], group["moves"], group["releases"]) == ("named", ["hose"], {})
    (note,) = answer.report["blame"]["notes"]
    assert note.startswith("not all releases were searched: no space left on the disk"), note
    assert "hose 1.0 → 1.3  1 change" in answer.out
