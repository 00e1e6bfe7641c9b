"""Running cells as processes: bounded in time and memory, here or on an engine of the user's."""

from __future__ import annotations

from harness.execution.local import LocalExecutor
from harness.execution.processes import run_process
from harness.execution.tasks import CellTask, Ended, Executor

__all__ = ["CellTask", "Ended", "Executor", "LocalExecutor", "run_process"]
