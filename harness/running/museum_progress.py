"""Progress of the museum: case n of m and an estimate, a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.gate.plan import Task
from harness.vocabulary.museum import Case, CaseResult


class MuseumProgress:
    """Listens to the museum and shows how far it is. Use as a context."""

    def __init__(self, console: Console, total: int) -> None:
        self.unit = "cases"
        self.total = total
        self.done = 0
        self._console = console
        self._lock = threading.Lock()
        self._begun = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("cases"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total, left="")

    def __enter__(self) -> MuseumProgress:
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

    def started(self, case: Case) -> CaseListener:
        self.say(case.id)
        return CaseListener(self, case)

    def answered(self, result: CaseResult) -> None:
        with self._lock:
            self.done += 1
            left = remaining(time.monotonic() - self._begun, self.done, self.total)
            self._bar.update(self._task, advance=1, left=left)
            by = f" by {result.finders[0].behaviour}" if result.finders else ""
            line = f"[{self.done}/{self.total}] {result.standing.value} {result.case.id}{by}"
            self._console.print(
                f"{line} in {result.seconds:.1f} s" + (f"; {left}" if left else ""),
                markup=False,
                highlight=False,
                soft_wrap=True,
            )

    def say(self, text: str) -> None:
        """Name what goes on now, where there is a bar to name it beside."""
        self._bar.update(self._task, description=text[:70])


class CaseListener:
    """What the gate of one case tells: only the bar shows it."""

    def __init__(self, progress: MuseumProgress, case: Case) -> None:
        self._progress = progress
        self._case = case.id

    def say(self, text: str) -> None:
        self._progress.say(f"{self._case}: {text}")

    def tell(self, text: str) -> None:
        self.say(text)

    def planned(self, tasks: int) -> None:
        pass

    def finished(self, task: Task, seconds: float, kept: bool) -> None:
        self.say(f"{task.side} {task.cell}")

    def ended(self, name: str, behaviours: int, seconds: float, kept: bool) -> None:
        self.say(name)


def remaining(elapsed: float, done: int, total: int) -> str:
    """How long the rest takes if it goes on like this; nothing when all is done."""
    if done in (0, total):
        return ""
    seconds = elapsed / done * (total - done)
    if seconds < 90:
        return f"about {max(1, round(seconds / 10)) * 10} s left"
    return f"about {round(seconds / 60)} min left"
