"""Which runs have the behaviours that measure speed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from plugin_world import PluginWorld

SPEED = """
    def test_sums(benchmark): benchmark(sum, [1, 2])
    def test_sorts(benchmark): benchmark(sorted, [2, 1])
"""
QUICK = ("--benchmark-max-time=0.001", "--benchmark-min-rounds=1", "--benchmark-warmup=off")


@pytest.fixture
def world(tmp_path: Path) -> PluginWorld:
    world = PluginWorld.make(tmp_path)
    (world.root / "suites" / "speed").mkdir()
    world.behaviours(SPEED, "speed/test_fast.py")
    world.behaviours("def test_holds(): pass", "test_other.py")
    return world


def ran(world: PluginWorld, *options: str) -> set[str]:
    record = world.run(*QUICK, *options).record
    return {outcome.behaviour.partition("::")[2] for outcome in record.outcomes}


@pytest.mark.parametrize(
    "options", [(), ("suites",), ("--tier=broad",), ("suites/test_other.py", "--tier=quick")]
)
def test_a_run_that_does_not_ask_for_speed_measures_none(
    world: PluginWorld, options: tuple[str, ...]
) -> None:
    assert not {"test_sums", "test_sorts"} & ran(world, *options)


def test_what_was_left_out_is_counted_with_what_would_run_it(world: PluginWorld) -> None:
    said = world.run().output
    assert "2 x measures speed (pytest suites/speed --benchmark-only)" in said


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        (("suites/speed",), {"test_sums", "test_sorts"}),
        (("suites/speed/test_fast.py::test_sums",), {"test_sums"}),
        (("suites", "suites/speed/test_fast.py"), {"test_sums", "test_sorts", "test_holds"}),
        (("--benchmark-only",), {"test_sums", "test_sorts"}),
        (("suites/speed", "--benchmark-only", "-k", "sorts"), {"test_sorts"}),
    ],
)
def test_speed_is_measured_where_it_is_named_or_nothing_else_is_wanted(
    world: PluginWorld, options: tuple[str, ...], taken: set[str]
) -> None:
    assert ran(world, *options) == taken


def test_benchmarks_elsewhere_run_only_where_their_file_is_named(world: PluginWorld) -> None:
    world.behaviours(SPEED, "test_mine.py")
    assert ran(world, "suites") == {"test_holds"}
    assert ran(world, "suites/test_mine.py") == {"test_sums", "test_sorts"}


@pytest.mark.parametrize(
    ("options", "planned"), [((), ["test_other.py::test_holds"]), (("--benchmark-only",), [])]
)
def test_no_plan_of_a_gate_holds_a_measured_speed(
    world: PluginWorld, options: tuple[str, ...], planned: list[str]
) -> None:
    plan = world.root / "cells.json"
    world.run(f"--list-cells={plan}", "suites", "suites/speed", *options)
    cells = json.loads(plan.read_text())["cells"]
    assert [name for cell in cells for name in cell["behaviours"]] == planned


def test_the_json_of_a_benchmark_is_refused_in_several_processes(world: PluginWorld) -> None:
    said = world.run("suites/speed", "-n", "2", "--benchmark-json=speed.json")
    assert said.code == pytest.ExitCode.USAGE_ERROR
    assert "allowed: one process" in said.output
