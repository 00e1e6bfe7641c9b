"""A process with all that it started: how much memory it has, and its sure end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
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


class Tree:
    """A process and its descendants, remembered so that orphans are found again."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = 0
        self._seen: dict[int, psutil.Process] = {}
        with contextlib.suppress(psutil.Error):
            self._seen[pid] = psutil.Process(pid)

    def sample(self) -> int:
        """Resident bytes of the tree now; the peak is kept."""
        for process in list(self._seen.values()):
            with contextlib.suppress(psutil.Error):
                for child in process.children(recursive=True):
                    self._seen.setdefault(child.pid, child)
        resident = sum(_resident(process) for process in self._seen.values())
        self.peak = max(self.peak, resident)
        return resident

    def kill(self) -> None:
        """Kill the group, and those that left it for one of their own."""
        with contextlib.suppress(psutil.Error, OSError):
            self.sample()
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
