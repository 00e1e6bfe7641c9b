"""Running one process to its end, whatever it does: time and memory bounded, tree and all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from harness.execution.ended import Ended, EndKind
from harness.execution.trees import Tree, die_with, dying_with
from harness.vocabulary.errors import StackError

_SAMPLE_S = 0.2
"""Seconds between two looks at memory: at 0.05 watching two cells took 8 % of a core."""


def run_process(
    argv: Sequence[str],
    env: Mapping[str, str],
    log_path: Path,
    timeout_s: float | None,
    memory_limit_bytes: int | None,
    *,
    directory: Path | None = None,
    stop: threading.Event | None = None,
) -> Ended:
    """Run `argv` in a session of its own, its output in `log_path`, and say how it ended.

    `env` is its whole environment. The process and all that it started are killed at the
    timeout, above the memory limit (resident, summed over the tree), when `stop` is set,
    and when this call is interrupted or this process dies. A kill that nobody here sent
    is taken for the kernel's, out of memory.

    Raises StackError if the program cannot be started.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log_path.open("ab") as log:
        try:
            process = _start(argv, env, directory, log)
        except OSError as error:
            raise StackError(
                f"cannot be started: {error.strerror}",
                where=argv[0],
                next="harness stacks prune --all, and the same command: it is built anew",
            ) from None
    tree = Tree(process.pid)
    try:
        ended_by = _watch(process, tree, started, timeout_s, memory_limit_bytes, stop)
    finally:
        tree.kill()
        status = process.wait()
    seconds = time.monotonic() - started
    kind, code = _kind(status, ended_by)
    return Ended(kind, code, seconds, tree.peak)


def _start(
    argv: Sequence[str], env: Mapping[str, str], directory: Path | None, log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a process that the kernel kills when the thread that started it ends.

    From the main thread, which hears Ctrl-C, by a program of our own: see `dying_with`.
    """
    main = threading.current_thread() is threading.main_thread()
    launcher = dying_with(os.getpid()) if main else []
    return subprocess.Popen(
        [*launcher, _program(argv[0], env), *argv[1:]] if launcher else list(argv),
        env=dict(env),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=None if main else die_with(os.getpid()),
    )


def _program(name: str, env: Mapping[str, str]) -> str:
    """Where a program lies. Raises OSError where it cannot be started."""
    found = shutil.which(name, path=env.get("PATH"))
    if found is None:
        there = errno.EACCES if os.path.exists(name) else errno.ENOENT
        raise OSError(there, os.strerror(there), name)
    return found


def end_children() -> None:
    """Kill every process that this one started and that still runs, and what they started."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()


def _kind(status: int, ended_by: EndKind | None) -> tuple[EndKind, int]:
    if ended_by is not None:
        return ended_by, abs(status)
    if status == -signal.SIGKILL:
        return "memory", signal.SIGKILL
    return ("signalled", -status) if status < 0 else ("exited", status)


def _watch(
    process: subprocess.Popen[bytes],
    tree: Tree,
    started: float,
    timeout_s: float | None,
    memory_limit_bytes: int | None,
    stop: threading.Event | None,
) -> EndKind | None:
    """Wait for the end; what ended the process, or None if it ended itself."""
    while True:
        resident = tree.sample()
        if memory_limit_bytes is not None and resident > memory_limit_bytes:
            return "memory"
        if timeout_s is not None and time.monotonic() - started > timeout_s:
            return "timeout"
        if stop is not None and stop.is_set():
            raise KeyboardInterrupt
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_SAMPLE_S)
            return None
