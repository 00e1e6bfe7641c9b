"""`pytest --record` where the file cannot be written: one clear error, and what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_world import PluginWorld

SUITE = """
    @pytest.mark.parametrize("n", range(40))
    def test_number(n, observe):
        observe.exact("n", n)
"""
LIMITED = """
import resource
pytest_plugins = ["harness.plugin"]

def pytest_collection_finish():
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
"""


@pytest.fixture
def world(tmp_path: Path) -> PluginWorld:
    world = PluginWorld.make(tmp_path)
    world.behaviours(SUITE)
    return world


def test_a_full_disk_from_the_start_is_one_error_before_anything_runs(world: PluginWorld) -> None:
    ran = world.run("--snapshots=witness", "--record=/dev/full")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert ran.output.count("No space left on device") == 1
    assert "/dev/full" in ran.output
    assert "INTERNALERROR" not in ran.output


def test_a_record_that_ends_early_stops_the_run_and_says_what_is_kept(world: PluginWorld) -> None:
    (world.root / "conftest.py").write_text(LIMITED)
    ran = world.run("--snapshots=witness")
    kept = len(ran.record.outcomes)
    assert ran.code == pytest.ExitCode.INTERRUPTED
    assert 0 < kept < 40
    assert not ran.record.complete
    assert "the run record cannot be written any further: File too large" in ran.output
    assert f"{kept} behaviours stand in it and can be read" in ran.output
    assert str(ran.record_file) in ran.output
    assert "Traceback" not in ran.output
    assert "INTERNALERROR" not in ran.output


def test_a_place_that_cannot_be_written_is_wrong_usage(world: PluginWorld) -> None:
    (world.root / "file").write_text("")
    ran = world.run("--record=file/run.jsonl")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "the run record cannot be written" in ran.output
    assert "Traceback" not in ran.output
