"""Processes of cells on this machine, for several threads, with one stop for all of them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from pathlib import Path

from harness import execution
from harness.gate.world import Ended, Stopped


class LocalProcesses:
    """Runs processes here. Their environment is what is given, with nothing inherited."""

    def __init__(self) -> None:
        self._stop = threading.Event()

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
        """Run `command` to its end. Raises Stopped where `stop` was called before it ended."""
        if self._stop.is_set():
            raise Stopped
        try:
            ended = execution.run_process(
                command, environment, log, timeout, memory_limit, directory=cwd, stop=self._stop
            )
        except KeyboardInterrupt:
            raise Stopped from None
        return worded(ended, timeout, memory_limit)

    def stop(self) -> None:
        """End every process that runs now, and refuse new ones."""
        self._stop.set()


def worded(ended: execution.Ended, timeout: float, memory_limit: int | None) -> Ended:
    """How a process ended, in the words of the report."""
    if ended.kind == "timeout":
        return Ended("timeout", f"{timeout:g} s")
    if ended.kind == "memory":
        return Ended("memory", _limit(ended, memory_limit))
    if ended.kind == "signalled":
        return Ended("died", signal.Signals(ended.code).name)
    return Ended("exited", f"exit code {ended.code}", ended.code)


def _limit(ended: execution.Ended, memory_limit: int | None) -> str:
    """A kill below our limit was the kernel's."""
    if memory_limit is not None and ended.peak_bytes > memory_limit:
        return f"its limit of {memory_limit / 2**30:.3g} GiB"
    return f"the machine's limit, holding {ended.peak_bytes / 2**30:.3g} GiB"
