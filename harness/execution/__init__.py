"""Running a cell as a process of its own, bounded in time and memory."""

from __future__ import annotations

from harness.execution.ended import Ended
from harness.execution.processes import end_children, run_process
from harness.execution.talks import Gone, Talk

__all__ = ["Ended", "Gone", "Talk", "end_children", "run_process"]
