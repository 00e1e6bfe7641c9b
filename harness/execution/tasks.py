"""What is executed and how it ended: plain data that can travel to another machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

EndKind = Literal["exited", "signalled", "timeout", "memory"]


@dataclass(frozen=True)
class CellTask:
    """One cell to run as a process of its own.

    `env` is added to the inherited environment. `timeout_s` and `memory_limit_bytes`
    (resident memory of the process and all it started) may be None: unlimited.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    env: tuple[tuple[str, str], ...] = ()
    timeout_s: float | None = None
    memory_limit_bytes: int | None = None
    directory: Path | None = None


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    `kind`: `exited` by itself with exit status `code`; `signalled` by signal number
    `code`; `timeout` and `memory` were ended by the harness, or, for `memory`, by the
    kernel out of memory. `peak_bytes` is the highest resident memory of the whole tree
    that was seen, in samples 50 ms apart.
    """

    kind: EndKind
    code: int
    seconds: float
    peak_bytes: int


class Executor(Protocol):
    """Runs tasks somewhere: here, in a local pool; elsewhere, an engine such as Ray."""

    def run_all(
        self, tasks: Sequence[CellTask], on_done: Callable[[CellTask, Ended], None]
    ) -> dict[CellTask, Ended]:
        """Run every task to its end; `on_done` hears of each as it happens, one at a time."""
        ...
