"""A task as a worker opens it: what it can measure again and again, and what it measured once."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.vocabulary.costs import Arm, Bound, Limit, Quantity
from harness.vocabulary.errors import UsageError
from harness.vocabulary.tasks import TASKS
from harness.vocabulary.turns import Missing


@dataclass(frozen=True)
class Asked:
    """The task that a worker was started for.

    `limits` says whether the machine's limits are to be measured as well, `subjects_file` names
    the user's own file of subjects, if there is one. `own` says that a subject which a task
    cannot read must not be stood in for by another: the arms differ in it.
    """

    task: str
    arm: Arm
    threads: int
    limits: bool = False
    subjects_file: str = ""
    own: bool = False

    @property
    def of(self) -> str:
        """What the task is about beside the subject: `tiktoken` in `tokenizers.tiktoken`."""
        return self.task.partition(".")[2]

    def quantity(self, name: str) -> str:
        """The id of this task's quantity called `name`."""
        return f"{self.task}/{name}"


@dataclass(frozen=True)
class Measure:
    """A quantity and the call that costs it.

    `prepare` makes the call possible (again), outside of the measured time: it runs before the
    first call of a warm-up or turn, and after every `stretch` calls where that is not 0.
    `settle` waits until what was called is done, on devices that run behind the program.
    """

    quantity: Quantity
    call: Callable[[], object]
    prepare: Callable[[], object] | None = None
    stretch: int = 0
    settle: Callable[[], object] | None = None


@dataclass(frozen=True)
class Measured:
    """What was measured once, while the task was opened."""

    quantity: Quantity
    value: float
    cpu: float | None = None


@dataclass(frozen=True)
class Opened:
    """A task after its setup. `missed` names what this arm cannot measure, and why."""

    measures: tuple[Measure, ...] = ()
    once: tuple[Measured, ...] = ()
    missed: tuple[Missing, ...] = ()
    limits: tuple[Limit, ...] = ()
    bounds: tuple[Bound, ...] = ()


_MODULES: Mapping[str, str] = {
    "import": "importing",
    "load": "loading",
    "model": "generating",
    "memory": "remembering",
    "tokenizers": "tokenizing",
    "autoencoder": "autoencoding",
    "hooks": "hooking",
}
"""The module of each family of tasks; it has a function `open_task(asked: Asked) -> Opened`."""


def open_task(asked: Asked) -> Opened:
    """Set the task up and return what it measures.

    Raises UsageError for a task that does not exist; what opening itself raises passes through.
    """
    if asked.task not in TASKS:
        raise UsageError(f"unknown task {asked.task!r}", where="--task", allowed=", ".join(TASKS))
    module = importlib.import_module(f"harness.speed.{_MODULES[asked.task.partition('.')[0]]}")
    opened: Opened = module.open_task(asked)
    return opened
