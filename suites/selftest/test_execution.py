"""Cells as processes: every way one can end, and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from process_ends import gone

from harness import execution
from harness.execution import Ended, run_process
from harness.vocabulary.errors import StackError

WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         start_new_session={apart})
print(child.pid, flush=True)
time.sleep({seconds})
"""


def _run(code: str, log: Path, timeout_s: float | None = 20, limit: int | None = None) -> Ended:
    return run_process([sys.executable, "-c", code], os.environ, log, timeout_s, limit)


def test_an_exit_status_comes_back_and_both_outputs_are_logged(tmp_path: Path) -> None:
    log = tmp_path / "log"
    ended = _run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", log)
    assert (ended.kind, ended.code) == ("exited", 3)
    assert set(log.read_text().split()) == {"out", "err"}


def test_a_crash_is_told_by_its_signal(tmp_path: Path) -> None:
    ended = _run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", tmp_path / "log")
    assert (ended.kind, ended.code) == ("signalled", signal.SIGSEGV)


def test_a_kill_that_nobody_here_sent_is_the_kernel_out_of_memory(tmp_path: Path) -> None:
    ended = _run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", tmp_path / "log")
    assert ended.kind == "memory"


@pytest.mark.parametrize("apart", [False, True])
def test_a_timeout_ends_the_whole_tree(tmp_path: Path, apart: bool) -> None:
    log = tmp_path / "log"
    ended = _run(WITH_CHILD.format(apart=apart, seconds=60), log, timeout_s=1)
    assert ended.kind == "timeout"
    assert 1 <= ended.seconds < 5
    assert gone([int(log.read_text())])


def test_a_child_left_behind_is_ended_with_its_parent(tmp_path: Path) -> None:
    log = tmp_path / "log"
    ended = _run(WITH_CHILD.format(apart=False, seconds=0.3), log)
    assert (ended.kind, ended.code) == ("exited", 0)
    assert gone([int(log.read_text())])


def test_memory_above_the_limit_ends_it_and_the_peak_is_told(tmp_path: Path) -> None:
    code = "import time; block = b'x' * (200 * 2**20); time.sleep(60)"
    ended = _run(code, tmp_path / "log", limit=100 * 2**20)
    assert ended.kind == "memory"
    assert ended.peak_bytes > 100 * 2**20
    assert ended.seconds < 20


def test_a_program_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="cannot be started"):
        run_process([str(tmp_path / "none")], {}, tmp_path / "log", None, None)


def test_children_die_with_a_harness_that_is_killed(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("the death signal is Linux's")
    log = tmp_path / "log"
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    parent = (
        "import os, sys; from pathlib import Path; from harness.execution import run_process\n"
        f"run_process([sys.executable, '-c', {child!r}], os.environ, Path({str(log)!r}), 60, None)"
    )
    root = str(Path(execution.__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": root}
    harness = subprocess.Popen([sys.executable, "-c", parent], env=env)
    limit = time.monotonic() + 10
    while not (log.exists() and log.read_text().endswith("\n")) and time.monotonic() < limit:
        time.sleep(0.05)
    harness.kill()
    harness.wait()
    assert gone([int(log.read_text())])


def test_no_hook_of_python_runs_around_a_start_from_the_main_thread(tmp_path: Path) -> None:
    """A Ctrl-C that arrives during one, and logging has three, is lost."""
    program = f"""
import os, sys
from pathlib import Path
from harness.execution.processes import run_process

os.register_at_fork(before=lambda: print("hooked", flush=True))
ended = run_process(["true"], dict(os.environ), Path({str(tmp_path / "log")!r}), 30, None)
print(ended.kind, ended.code)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("exited 0\n", "")
