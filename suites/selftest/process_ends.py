"""Whether processes have ended."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil


def gone(pids: Iterable[int], within_s: float = 10.0) -> bool:
    """Whether none of these processes runs any more, after so many seconds at most.

    One whose parent was killed stays as a zombie where nobody reaps it, as in many containers.
    """
    waiting = set(pids)
    limit = time.monotonic() + within_s
    while True:
        waiting = {pid for pid in waiting if _runs(pid)}
        if not waiting or time.monotonic() >= limit:
            return not waiting
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
