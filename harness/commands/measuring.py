"""What commands that measure costs do alike: the usual subject, threads, memory, preparation."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

import psutil

from harness import subjects
from harness.commands import asked
from harness.vocabulary.subjects import Subject

SUBJECT = "smollm2-135m-instruct"
"""The model that is measured where none is named."""

_WORKERS = 3
"""Alive at once: one an arm."""


def physical_cores() -> int:
    """Those that this process may use, a thread each."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(psutil.cpu_count(logical=False) or 1, usable or 1))


def worker_memory() -> int:
    """Bytes: a worker's part of nine tenths of the memory."""
    return int(psutil.virtual_memory().total * 0.9 / _WORKERS)


def prepare(
    tasks: Sequence[str],
    chosen: tuple[Subject, ...],
    registry: Mapping[str, Subject],
    say: Callable[[str], None],
    *,
    vocabularies: bool,
) -> Mapping[str, str]:
    """Make ready what `tasks` read, empty for any; the digest of each subject by name.

    What the arms name, `chosen`, must be there; `vocabularies` that tokenizers fall back on
    may be.
    """
    if tasks and all(task.startswith("import.") for task in tasks):
        return {}
    others = tuple(subjects.select(registry, ())) if vocabularies else ()
    return {**asked.prepare(others, False, say), **asked.prepare(chosen, True, say)}
