"""`pytest --fault ID`: in before the first behaviour, told in the record, or the run ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_world import PluginWorld

FAULT = "torch.argmax-takes-the-last"
SUITE = """
    @requires("torch")
    def test_ties(observe):
        import torch
        observe.exact("index", torch.argmax(torch.ones(3), dim=-1).item())
"""


@pytest.fixture
def world(tmp_path: Path) -> PluginWorld:
    world = PluginWorld.make(tmp_path)
    world.behaviours(SUITE)
    return world


def test_a_fault_is_there_when_the_behaviour_runs_and_stands_in_the_header(
    world: PluginWorld,
) -> None:
    ran = world.run("--snapshots=witness", f"--fault={FAULT}")
    assert ran.record.header.fault == FAULT
    (seen,) = ran.outcome("test_ties").observations
    assert seen.value == 2


def test_a_run_without_a_fault_has_none_in_its_header(world: PluginWorld) -> None:
    ran = world.run("--snapshots=witness")
    assert ran.record.header.fault == ""
    (seen,) = ran.outcome("test_ties").observations
    assert seen.value == 0


def test_an_unknown_fault_ends_the_run_with_what_comes_near(world: PluginWorld) -> None:
    ran = world.run("--fault=torch.argmax-takes-the-lst")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert f"near: {FAULT}" in ran.output
    assert f"next:    --fault {FAULT}" in ran.output


def test_two_faults_are_refused(world: PluginWorld) -> None:
    ran = world.run(f"--fault={FAULT}", "--fault=torch.seed-ignored")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "one fault a run" in ran.output
    assert f"next:    pytest --fault {FAULT}" in ran.output


def test_of_two_faults_one_that_is_unknown_is_told_first(world: PluginWorld) -> None:
    ran = world.run(f"--fault={FAULT}", "--fault=torch.argmax-takes-the-lst")
    assert "no fault is called" in ran.output


def test_an_empty_fault_is_refused(world: PluginWorld) -> None:
    ran = world.run("--fault=")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "--fault is empty" in ran.output


def test_a_fault_records_no_snapshot(world: PluginWorld) -> None:
    ran = world.run(f"--fault={FAULT}", "--snapshot-update")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "records no snapshots" in ran.output
    assert f"next:    pytest --fault {FAULT}" in ran.output
    assert list((world.root / "snapshots").rglob("*.ambr")) == []


def test_a_run_with_a_fault_says_so_first_and_last(world: PluginWorld) -> None:
    ran = world.run("--snapshots=witness", f"--fault={FAULT}", "-v")
    assert ran.output.count(f"fault: {FAULT} was put into torch") == 2


def test_a_fault_that_has_no_place_ends_the_run_and_runs_nothing(world: PluginWorld) -> None:
    (world.root / "conftest.py").write_text(
        'pytest_plugins = ["harness.plugin"]\nimport torch\ndel torch.argmax\n', encoding="utf-8"
    )
    ran = world.run(f"--fault={FAULT}")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert ran.output.count("cannot be installed: no attribute 'argmax'") == 1, "said once"
    assert ran.record.outcomes == ()
