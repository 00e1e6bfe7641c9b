"""Repeats of cells that share a process."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.gate.attempts import CellRun
from harness.gate.plan import Side, Task
from harness.gate.sharing import agree
from harness.gate.world import Stopped
from harness.running.cells import CellRunner, files_of, of_cells, read
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.records import Outcome


@dataclass(frozen=True)
class SharedRunner:
    """Runs tasks of one side and repeat in one process. `first` is what each side did at first.

    What did not come to an answer there, or to another than at first, runs again alone: its
    company may be the reason.
    """

    cells: CellRunner
    first: Mapping[Side, Mapping[tuple[str, str], Outcome]]

    def __call__(self, tasks: Sequence[Task]) -> dict[Task, CellRun]:
        begun = time.monotonic()
        kept = {task: run for task in tasks if (run := self.cells.kept(task)) is not None}
        lacking = [task for task in tasks if task not in kept]
        shared = self._together(lacking) if len(lacking) > 1 else {}
        each = (time.monotonic() - begun) / max(len(lacking), 1)
        for task in (*kept, *shared):
            self.cells.listener.finished(task, each, task in kept)
        alone = {task: self.cells(task) for task in lacking if task not in shared}
        return {**kept, **shared, **alone}

    def _together(self, tasks: Sequence[Task]) -> dict[Task, CellRun]:
        """Raises Stopped and NoEvidence; what was answered until then is kept."""
        work = self.cells.store.open("shared")
        try:
            keys = [(name, task.cell.id) for task in tasks for name in task.behaviours]
            arguments, written = of_cells(keys, work)
            files = files_of(name for name, _ in keys)
            try:
                self.cells.start(tasks[0].side, arguments, work, work / "attempt.log", files=files)
            except (Stopped, NoEvidence):
                self._whole(tasks, written)
                raise
            return self._whole(tasks, written)
        finally:
            self.cells.store.drop(work)

    def _whole(self, tasks: Sequence[Task], written: Path) -> dict[Task, CellRun]:
        """The tasks of which every behaviour was recorded, and did as at first."""
        record = read(written)
        came = {outcome.key: outcome for outcome in record.outcomes} if record else {}
        found: dict[Task, CellRun] = {}
        for task in tasks:
            keys = [(name, task.cell.id) for name in task.behaviours]
            if record is None or not all(key in came for key in keys):
                continue
            run = CellRun(record.header, {name: came[name, cell] for name, cell in keys}, ())
            if run.conclusive and agree(self.first[task.side], run.outcomes.values()):
                self.cells.keep(task, run)
                found[task] = run
        return found
