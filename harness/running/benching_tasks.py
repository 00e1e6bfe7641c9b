"""Which tasks and quantities a benchmark is about: what was asked for, and what can differ."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from harness.vocabulary.costs import Arm
from harness.vocabulary.errors import UsageError
from harness.vocabulary.plants import TASKS_OF
from harness.vocabulary.stacks import LIBRARIES
from harness.vocabulary.tasks import OF_AN_ARM, TASKS

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(task.partition(".")[0] for task in TASKS))

_NEEDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(OF_AN_ARM, ("torch", "transformers")),
    "autoencoder": ("sae-lens",),
    "hooks.bridge": ("transformer-lens",),
    "hooks.hooked": ("transformer-lens",),
}


def named_tasks(words: Sequence[str], option: str = "--task") -> tuple[str, ...]:
    """The tasks that the `words` of an option name: a task, or a family for all of its.

    Raises UsageError.
    """
    found: dict[str, None] = {}
    for word in words:
        named = [task for task in TASKS if word in (task, task.partition(".")[0])]
        if not named:
            close = difflib.get_close_matches(word, (*TASKS, *FAMILIES), n=1)
            raise UsageError(
                f"unknown task {word!r}",
                where=f"{option} {','.join(words)}",
                allowed=", ".join(dict.fromkeys((*FAMILIES, *TASKS))),
                next=f"{option} {close[0] if close else TASKS[-1]}",
            )
        found.update(dict.fromkeys(named))
    return tuple(found)


def check_patterns(patterns: Sequence[str]) -> None:
    """Raise UsageError for a pattern of quantities that no task can fit."""
    for pattern in patterns:
        if "/" not in pattern or not any(_may_fit(task, [pattern]) for task in TASKS):
            name = pattern.rpartition("/")[2].strip("*") or "decode"
            raise UsageError(
                f"{pattern!r} names no task and a quantity of it",
                where=f"--quantity {pattern}",
                allowed=f"TASK/NAME or a pattern of it; tasks: {', '.join(TASKS)}",
                next=f"--task TASK --quantity '*/*{name}*'",
            )


def check_together(tasks: Sequence[str], patterns: Sequence[str], plant: str) -> None:
    """Raise UsageError where the tasks asked for have none of the quantities, or of the plant."""
    found = [task for task in tasks or TASKS if not patterns or _may_fit(task, patterns)]
    if not found:
        raise UsageError(
            f"no quantity of {', '.join(tasks)} fits {', '.join(patterns)}",
            where=f"--task {','.join(tasks)} --quantity {','.join(patterns)}",
            allowed="quantities of the tasks that are asked for",
            next=f"--task {','.join(tasks)}",
        )
    where = TASKS_OF.get(plant.partition("=")[0], TASKS)
    if not set(found).intersection(where):
        raise UsageError(
            f"nothing of {', '.join(found)} is slowed by {plant}",
            where=f"--plant {plant}",
            allowed=f"with a task that it is found in: {', '.join(where)}",
            next=f"--task {where[0]} --plant {plant}",
        )


def fits(id: str, patterns: Sequence[str]) -> bool:
    """Whether `id` is one that `patterns` ask for: any, where there is none."""
    return not patterns or any(fnmatchcase(id, pattern) for pattern in patterns)


def tasks_of(
    asked: Sequence[str],
    patterns: Sequence[str],
    arms: tuple[Arm, Arm],
    versions: tuple[Mapping[str, str], Mapping[str, str]],
) -> tuple[str, ...]:
    """The tasks in which two arms are compared.

    Those `asked` for; else those that patterns of quantities name; else what can differ between
    the arms, all tasks between two stacks, as far as both stacks have the libraries.
    """
    if asked:
        return tuple(task for task in asked if _may_fit(task, patterns))
    if patterns:
        return tuple(task for task in TASKS if _may_fit(task, patterns) and can(task, versions))
    tasks = TASKS if arms[0].stack != arms[1].stack else OF_AN_ARM
    return tuple(task for task in tasks if can(task, versions))


def may_read_vocabularies(asked: Sequence[str], patterns: Sequence[str], of_stacks: bool) -> bool:
    """Whether a task of tokenizers may be among `tasks_of`, before the stacks are known.

    `of_stacks` says that arms differ in their stack.
    """
    if asked or patterns:
        tasks = [task for task in asked or TASKS if not patterns or _may_fit(task, patterns)]
    else:
        tasks = list(TASKS if of_stacks else OF_AN_ARM)
    return any(task.startswith("tokenizers.") for task in tasks)


def _may_fit(task: str, patterns: Sequence[str]) -> bool:
    return fits(task, [pattern.partition("/")[0] for pattern in patterns])


def can(task: str, versions: tuple[Mapping[str, str], Mapping[str, str]]) -> bool:
    """Whether both stacks have the libraries that `task` needs."""
    of = task.partition(".")[2]
    needed = (of,) if of in LIBRARIES else _NEEDS.get(task, ())
    return all(library in each for each in versions for library in needed)
