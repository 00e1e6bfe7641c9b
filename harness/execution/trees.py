"""A process with all that it started: how much memory it has, and its sure end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable

import psutil

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

_LAUNCHER = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, {int(signal.SIGKILL)})
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""

_REST = 100.0
"""How much longer than a look for descendants took the next one waits: it reads every process
of the machine, which at ten times a second is a tenth of a core here and more elsewhere."""


class Tree:
    """A process and its descendants, remembered so that orphans are found again."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = 0
        self._seen: dict[int, psutil.Process] = {}
        self._next_look = 0.0
        with contextlib.suppress(psutil.Error):
            self._seen[pid] = psutil.Process(pid)

    def sample(self) -> int:
        """Resident bytes of the tree now, of all that was seen to be started; the peak is kept."""
        begun = time.monotonic()
        if begun >= self._next_look:
            self._look()
            ended = time.monotonic()
            self._next_look = ended + _REST * (ended - begun)
        resident = sum(_resident(process) for process in self._seen.values())
        self.peak = max(self.peak, resident)
        return resident

    def _look(self) -> None:
        for process in list(self._seen.values()):
            with contextlib.suppress(psutil.Error):
                for child in process.children(recursive=True):
                    self._seen.setdefault(child.pid, child)

    def kill(self) -> None:
        """Kill the group, and those that left it for one of their own."""
        with contextlib.suppress(psutil.Error, OSError):
            self._look()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        for process in self._seen.values():
            with contextlib.suppress(psutil.Error):
                process.kill()


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def die_with(parent: int) -> Callable[[], None] | None:
    """On Linux, have the kernel kill the child when the thread that started it ends."""
    if _libc is None:
        return None
    prctl = _libc.prctl

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return in_child


def dying_with(parent: int) -> list[str]:
    """A program that does what `die_with` does, then becomes the program whose arguments follow.

    For the main thread: Python runs hooks of its own after a fork that has something to call in
    the child, and a Ctrl-C that arrives during one is lost.
    """
    if _libc is None:
        return []
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(parent)]
