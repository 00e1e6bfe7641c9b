"""A pool on this machine: so many cells at a time, each a process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from harness.execution.processes import run_process
from harness.execution.tasks import CellTask, Ended


@dataclass(frozen=True)
class LocalExecutor:
    """Runs `parallel` tasks at a time. See the protocol Executor.

    On Ctrl-C, or when `on_done` raises, running tasks are killed and waiting ones are not
    started; of what had ended `on_done` has heard.
    """

    parallel: int = 2

    def run_all(
        self, tasks: Sequence[CellTask], on_done: Callable[[CellTask, Ended], None]
    ) -> dict[CellTask, Ended]:
        stop = threading.Event()
        ended: dict[CellTask, Ended] = {}
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="cell") as pool:
            futures = {pool.submit(_run, task, stop): task for task in tasks}
            try:
                waiting: set[Future[Ended]] = set(futures)
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        task = futures[future]
                        ended[task] = future.result()
                        on_done(task, ended[task])
            except BaseException:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return ended


def _run(task: CellTask, stop: threading.Event) -> Ended:
    return run_process(
        task.argv,
        {**os.environ, **dict(task.env)},
        task.log,
        task.timeout_s,
        task.memory_limit_bytes,
        directory=task.directory,
        stop=stop,
    )
