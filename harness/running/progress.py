"""Progress of a gate: a bar on a terminal, a line a cell elsewhere."""

from __future__ import annotations

import os
import threading
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from harness.gate.plan import Task
from harness.gate.world import Listener


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


class ProgressConsole(Console):
    """Standard error, or nothing once its reader went away: the work goes on and counts."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        self.file = open(os.devnull, "w")  # noqa: SIM115


class ShownProgress:
    """Listens to a gate and shows how far it is; `alone` if only one stack runs.

    Use as a context.
    """

    def __init__(
        self, console: Console, unit: str = "cells", of: str = "behaviour", alone: bool = False
    ) -> None:
        self._console = console
        self.unit = unit
        self._of = of
        self._one = alone
        self._lock = threading.Lock()
        self._total = 0
        self._done = 0
        self.kept = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            TextColumn("eta"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            # Ten times, its default, take 1 % of a core: from what a benchmark measures, too.
            refresh_per_second=1,
        )
        self._task = self._bar.add_task("resolving", total=None, unit=unit)

    def __enter__(self) -> ShownProgress:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    @property
    def done(self) -> int:
        return self._done

    @property
    def total(self) -> int:
        return self._total

    def say(self, text: str) -> None:
        """Name what is going on now."""
        with self._lock:
            if self._console.is_terminal:
                self._bar.update(self._task, description=text[:60])
            else:
                self._print(text)

    def tell(self, text: str) -> None:
        """Print a line that stays, above the bar where there is one."""
        with self._lock:
            self._print(text)

    def planned(self, tasks: int) -> None:
        with self._lock:
            self._total += tasks
            self._bar.update(self._task, total=self._total)

    def stage(self, unit: str) -> None:
        """Count other things from here on."""
        with self._lock:
            self.unit = unit
            self._done = self._total = 0
            self._bar.reset(self._task, total=None, unit=unit)

    def at(self, done: int, total: int, text: str, line: str) -> None:
        """Say that `done` of about `total` are behind, `text` beside a bar and `line` without."""
        with self._lock:
            self._done, self._total = done, total
            self._bar.update(self._task, completed=done, total=total, description=text[:60])
            if line and not self._console.is_terminal:
                self._print(line)

    def finished(self, task: Task, seconds: float, kept: bool) -> None:
        name = str(task.cell) if self._one else f"{task.side} {task.cell}"
        self.ended(name, len(task.behaviours), seconds, kept)

    def ended(self, name: str, behaviours: int, seconds: float, kept: bool) -> None:
        with self._lock:
            self._done += 1
            self.kept += kept
            self._bar.update(self._task, advance=1, description=name[:60])
            if not self._console.is_terminal and not kept:
                self._print(
                    f"[{self._done}/{self._total}] {name}: "
                    f"{plural(behaviours, self._of)} in {seconds:.1f} s"
                )

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class TaskLines:
    """Tells of `total` tasks of a benchmark beside the cells of a gate, which they are none of."""

    def __init__(self, listener: Listener, total: int) -> None:
        self._listener = listener
        self._total = total
        self._done = 0

    def say(self, text: str) -> None:
        self._listener.say(text)

    def tell(self, text: str) -> None:
        self._listener.tell(text)

    def planned(self, tasks: int) -> None:
        """How many there are is known from the start: a part names its own only."""

    def finished(self, task: Task, seconds: float, kept: bool) -> None:
        self._listener.finished(task, seconds, kept)

    def ended(self, name: str, behaviours: int, seconds: float, kept: bool) -> None:
        self._done += 1
        self._listener.tell(
            f"[{self._done}/{self._total}] {name}: {plural(behaviours, 'cost')} in {seconds:.1f} s"
        )
