"""Ctrl-C or SIGTERM in a search for blame: the gate before it is finished, and told as well."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from miniature import Miniature, modules
from wheels import make_wheel

SUITE = """
from harness.plugin import requires

@requires("engine")
def test_size(observe):
    import engine
    observe.exact("size", engine.size)

@requires("engine")
def test_name(observe):
    import engine
    observe.exact("name", engine.__name__)
"""
NOTE = "interrupted, and not finished: the search for what brought the changes"


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    for nth in range(6):
        source = modules("engine", f"size = {10 if nth < 3 else 11}\n")
        make_wheel(mini.wheelhouse, "engine", f"1.{nth}", modules=source)
    mini.stack("reference", "engine==1.5")
    mini.stack("old", "engine==1.0")
    mini.suite("machines/test_machine.py", SUITE)
    return mini


def searching(
    world: Miniature, *command: str, ended_by: signal.Signals = signal.SIGINT
) -> tuple[str, str]:
    """What a command prints, and says, that hears a signal while it probes."""
    process = world.start(*command, "--parallel", "1")
    assert process.stderr is not None
    for line in process.stderr:
        if " left, about " in line:
            break
    process.send_signal(ended_by)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    return out, err


def gate(folder: Path, *more: str) -> tuple[str, ...]:
    stacks = ("--baseline", "old", "--candidate", "reference")
    return ("gate", "--blame", *stacks, "--report", str(folder), *more)


def finished(file: Path) -> dict[str, Any]:
    """The report in `file`, whose verdicts must be those of the whole gate."""
    report: dict[str, Any] = json.loads(file.read_text())
    verdicts = {each["id"].rpartition("::")[2]: each["verdict"] for each in report["behaviours"]}
    assert verdicts == {"test_size": "changed", "test_name": "same"}
    return report


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_a_gate_writes_its_verdicts_and_prints_the_command_that_goes_on(
    world: Miniature, tmp_path: Path, ended_by: signal.Signals
) -> None:
    shutil.rmtree(world.cache / "cells", ignore_errors=True)
    out, err = searching(world, *gate(tmp_path), ended_by=ended_by)
    written = sorted(file.name for file in tmp_path.iterdir())
    assert written == ["gate.html", "gate.json", "gate.md", "gate.xml"], err
    report = finished(tmp_path / "gate.json")
    assert (report["exit_code"], report["notes"][-1]) == (130, NOTE)
    assert "blame" not in report
    assert f"note: {NOTE}\n" in out
    printed = err.splitlines()[-1].partition("to go on from here: harness ")[2]
    again = world.run(*shlex.split(printed))
    assert again.code == 1, again.err
    (group,) = again.report["blame"]["groups"]
    assert group["releases"] == {"engine": "1.3"}


def test_a_search_in_a_report_writes_its_verdicts_again_and_loses_no_scripts_of_before(
    world: Miniature, tmp_path: Path
) -> None:
    # Other threads are other conditions: nothing of the other gate is found again.
    searching(world, *gate(tmp_path, "--threads", "2"))
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "README.md").write_text("# 1 scripts\n")
    command = ("blame", str(tmp_path / "gate.json"), "--reproduce", str(scripts))
    out, _ = searching(world, *command, "--json", str(tmp_path / "blame.json"))
    report = finished(tmp_path / "blame.json")
    assert (report["exit_code"], report["notes"][-1]) == (130, f"{NOTE}, the scripts")
    assert f"note: {NOTE}, the scripts\n" in out
    assert (scripts / "README.md").read_text() == "# 1 scripts\n"
