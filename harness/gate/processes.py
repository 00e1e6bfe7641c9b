"""Processes of cells on this machine: with a time limit, a memory limit, and no survivors."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from harness.gate.world import Ended, Stopped

_POLL = 0.1
_PR_SET_PDEATHSIG = 1


class LocalProcesses:
    """Runs processes for several threads; `stop` ends them all and refuses new ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(
        self,
        command: list[str],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        log: Path,
        timeout: float,
        memory_limit: int | None,
    ) -> Ended:
        """Run `command` to its end. Raises Stopped where `stop` was called meanwhile."""
        with log.open("wb") as output:
            process = self._start(command, environment, cwd, output.fileno())
            try:
                ended = _watch(process, timeout, memory_limit)
            finally:
                _end_tree(process)
                with self._lock:
                    self._running.discard(process)
        if self._stopped:
            raise Stopped
        return ended

    def _start(
        self, command: list[str], environment: Mapping[str, str], cwd: Path, output: int
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise Stopped
            process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
            )
            self._running.add(process)
            return process

    def stop(self) -> None:
        """End every process that runs now, and refuse new ones."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _end_tree(process)


def _watch(process: subprocess.Popen[bytes], timeout: float, memory_limit: int | None) -> Ended:
    until = time.monotonic() + timeout
    while True:
        try:
            code = process.wait(_POLL)
        except subprocess.TimeoutExpired:
            pass
        else:
            return _exited(code)
        if time.monotonic() > until:
            return Ended("timeout", f"{timeout:g} s")
        if memory_limit is not None and resident(process.pid) > memory_limit:
            return Ended("memory", f"{memory_limit / 2**30:.3g} GiB")


def _exited(code: int) -> Ended:
    """A kill that was not ours is the kernel's, which kills where memory ran out."""
    if code >= 0:
        return Ended("exited", f"exit code {code}", code)
    name = signal.Signals(-code).name
    if name == "SIGKILL":
        return Ended("memory", "the kernel's limit (SIGKILL)")
    return Ended("died", name)


def resident(pid: int) -> int:
    """Bytes of memory that a process and its descendants hold; 0 where it is gone."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.Error:
        pass
    return total


def _end_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process and its descendants."""
    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        children = []
    if process.poll() is None:
        process.kill()
    for child in children:
        try:
            child.kill()
        except psutil.Error:
            continue
    process.wait()


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux: have the kernel kill the child when the gate dies, however it dies."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
