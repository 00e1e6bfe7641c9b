"""What a gate needs from the world, as interfaces: stacks, processes, progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.gate.attempts import End
from harness.gate.plan import Side, Task
from harness.vocabulary.errors import StackError
from harness.vocabulary.stacks import Lock, Move
from harness.vocabulary.tiers import DEFAULT, Tier


@dataclass(frozen=True)
class Request:
    """What the user asked of a gate. Sizes in bytes, times in seconds.

    `options` are the plugin's options that choose cells, passed to it as they are, and `tier`
    one of them; `subjects` what `--subject` named, by the name the subject goes by; `registry` a
    digest of the subjects' entries, which say what each can do; `selected_by` the option that gave
    `select`.
    """

    baseline: str
    candidate: str
    options: tuple[str, ...] = ()
    subjects: Mapping[str, str] = field(default_factory=dict)
    registry: str = ""
    select: tuple[str, ...] = ()
    parallel: int = 2
    threads: int = 1
    confirm: int = 2
    cell_timeout: float = 900.0
    memory_limit: int | None = None
    cache: bool = True
    tier: Tier = DEFAULT
    selected_by: str = "--select"


@dataclass(frozen=True)
class Built:
    """An environment that stands: its interpreter, and that interpreter's version."""

    python: Path
    version: str


@dataclass(frozen=True)
class Ended:
    """How a process ended: see `Attempt`. `code` is its exit code, if it exited."""

    end: End
    how: str
    code: int | None = None


class StackFailure(Exception):
    """A stack of the gate could not be made: the verdict on it, and which side it was."""

    def __init__(self, side: Side, verdict: str, error: StackError) -> None:
        super().__init__(str(error))
        self.side = side
        self.verdict = verdict
        self.error = error


class Stacks(Protocol):
    """Raises StackFailure with `unsolvable` from `resolve`, `uninstallable` from `build`."""

    def resolve(self, side: Side, argument: str) -> Lock: ...

    def moves(self, baseline: Lock, candidate: Lock) -> tuple[Move, ...]: ...

    def build(self, side: Side, lock: Lock) -> Built: ...

    def notes(self, request: Request, moved: tuple[Move, ...]) -> tuple[str, ...]: ...


class Stopped(Exception):
    """The gate is being stopped: the process did not end by itself and means nothing."""


class Processes(Protocol):
    """Runs one process to its end, in a session of its own, with its output in `log`.

    Raises Stopped where `stop` was called before the process ended.
    """

    def run(
        self,
        command: list[str],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        log: Path,
        timeout: float,
        memory_limit: int | None,
    ) -> Ended: ...

    def stop(self) -> None:
        """End every process that runs now, and refuse new ones."""


class Listener(Protocol):
    """Told of progress, from several threads."""

    def say(self, text: str) -> None:
        """What goes on now."""

    def tell(self, text: str) -> None:
        """What is worth a line that stays."""

    def planned(self, tasks: int) -> None: ...

    def finished(self, task: Task, seconds: float, kept: bool) -> None: ...

    def ended(self, name: str, behaviours: int, seconds: float, kept: bool) -> None:
        """A run that is no task of a gate came to its end."""


@dataclass(frozen=True)
class Places:
    """Folders: the suites' home, the cache, and the package `harness` itself."""

    home: Path
    cache: Path
    package: Path


@dataclass(frozen=True)
class World:
    """`prepare` makes the subjects ready and returns the digest of each by name.

    `interrupt` ends every process that resolving, building or preparing waits for now; what
    they were about fails then.
    """

    stacks: Stacks
    processes: Processes
    prepare: Callable[[], Mapping[str, str]]
    listener: Listener
    places: Places
    variables: Mapping[str, str]
    interrupt: Callable[[], None] = lambda: None
