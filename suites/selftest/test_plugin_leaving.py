"""`--end-at-once`: how the process of a cell ends."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from plugin_world import PluginWorld


@pytest.fixture
def world(tmp_path: Path) -> PluginWorld:
    return PluginWorld.make(tmp_path)


def test_nothing_that_a_library_left_running_is_waited_for(world: PluginWorld) -> None:
    world.behaviours(
        """
        import threading, time

        def test_leaves_a_thread_behind():
            threading.Thread(target=time.sleep, args=(60,)).start()
        """
    )
    begun = time.monotonic()
    ran = world.run("--end-at-once")
    assert time.monotonic() - begun < 45
    assert ran.code == 0
    assert ran.record.complete
    assert "1 behaviours in 1 cells" in ran.output
    assert ran.output.rstrip().endswith("s"), "to its last line: 1 passed in 0.01s"


def test_what_was_registered_for_the_exit_runs(world: PluginWorld) -> None:
    world.behaviours(
        """
        import atexit, pathlib

        def test_registers():
            atexit.register(pathlib.Path("left.txt").write_text, "left")
        """
    )
    assert world.run("--end-at-once").code == 0
    assert (world.root / "left.txt").read_text() == "left"


@pytest.mark.parametrize(
    ("body", "options", "code"),
    [
        ("def test_fails(): assert False", (), 1),
        ("def test_skips(): pytest.skip('not here')", (), 5),
        ("def test_holds(): pass", ("--precision", "float33"), 4),
        ("def test_holds(): pass", ("--no-such-option",), 4),
        ("def test_holds(): pass", ("suites/no_such_file.py",), 4),
        ("def test_holds(): pass", ("--record=/dev/full",), 4),
        ("raise ValueError('no suite')", (), 2),
    ],
)
def test_the_exit_code_and_what_is_said_are_as_of_any_run(
    world: PluginWorld, body: str, options: tuple[str, ...], code: int
) -> None:
    world.behaviours(body)
    usual, at_once = (world.run(*options, *more) for more in ((), ("--end-at-once",)))
    assert [usual.code, at_once.code] == [code, code]
    assert _untimed(at_once.output) == _untimed(usual.output) != ""


def test_where_finishing_fails_it_is_said(world: PluginWorld) -> None:
    world.behaviours("def test_holds(): pass")
    hook = "def pytest_sessionfinish(): raise OSError('the disk is gone')"
    with (world.root / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(hook)
    ran = world.run("--end-at-once")
    assert ran.code == 1
    assert "the disk is gone" in ran.output


def _untimed(output: str) -> str:
    return re.sub(r"\d+\.\d+", "N", output)
