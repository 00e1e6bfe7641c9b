"""What a gate says while it runs, and how fast Ctrl-C ends what it waits for."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import Miniature
from wheels import make_endless_source, make_wheel

from harness.blame.world import Progress
from harness.running.blaming_progress import BlameProgress
from harness.running.progress import ProgressConsole, ShownProgress

SUITE = """
from importlib.metadata import version
from harness.plugin import requires

@requires("{name}")
def test_version(observe): observe.exact("version", version("{name}"))
"""


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    for name in ("left", "right"):
        for version in ("1.0", "2.0"):
            make_wheel(mini.wheelhouse, name, version)
        mini.suite(f"{name}/test_{name}.py", SUITE.format(name=name))
    make_endless_source(mini.wheelhouse, "endless", "1.0", mini.home / "started")
    mini.stack("reference", "left==1.0", "right==1.0")
    mini.stack("same", "left==1.0", "right==1.0")
    return mini


def until(happened: Callable[[], bool], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not happened() and time.monotonic() < limit:
        time.sleep(0.05)
    assert happened()


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str, float]:
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return process.returncode, err, time.monotonic() - begun


def running(text: str) -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if text.encode() in line:
            found.append(line)
    return found


def test_ctrl_c_ends_a_build_at_once_and_leaves_no_half_environment(world: Miniature) -> None:
    started = world.home / "started"
    process = world.start("gate", "--candidate", "endless==1.0")
    until(started.exists)
    code, err, seconds = interrupted(process)
    assert code == 130
    assert seconds < 10
    assert "Traceback" not in err
    assert "interrupted" in err
    assert list((world.cache / "environments").glob("*.partial")) == []
    assert running(str(world.cache)) == []


def test_two_sides_with_one_lock_build_once_and_do_not_wait_for_each_other(
    world: Miniature,
) -> None:
    answer = world.gate("--baseline", "same", "--candidate", "same")
    assert answer.code == 0, answer.out + answer.err
    assert "waiting for another" not in answer.err
    assert answer.err.count(": building same") <= 1


def test_a_gate_says_which_side_it_builds_and_how_many_cells_are_kept_from_before(
    world: Miniature,
) -> None:
    gate = ("--baseline", "left==1.0 right==2.0", "--candidate", "left==2.0", "--confirm", "0")
    first = world.gate(*gate, "--select", "left")
    assert "kept from before" not in first.err
    built = [line for line in first.err.splitlines() if "building" in line or "built" in line]
    assert built, first.err
    assert all(line.startswith(("baseline: ", "candidate: ")) for line in built)
    second = world.gate(*gate)
    assert "2 of 4 cells are kept from before" in second.err
    third = world.gate(*gate, "--no-cache")
    assert "kept from before" not in third.err


def test_a_probe_tells_its_run_apart_from_how_many_changes_it_is_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    probe = Progress("packages", "engine", 3, 1, 0, 3, probes=4, fewest=5, most=9, seconds=30.0)
    BlameProgress(ShownProgress(ProgressConsole())).probing(probe)
    said = "[5, 5 to 9 left, about 30 s] engine, run 4, for 1 change; 0 of 3 settled\n"
    assert capsys.readouterr().err == said
