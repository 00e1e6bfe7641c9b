"""Bytecode lent from one environment to another: what was compiled once is not compiled again.

A stack of a search shares almost every file with the one before it, by hard links. Python takes
bytecode that names the time and size of its source, so a link to it serves where the source is
the same file. Equal times and sizes would not do: two releases may be unpacked in one second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CACHE = "__pycache__"


def lend(giver: Path, taker: Path) -> int:
    """Link the bytecode of `giver` beside the same sources in `taker`; returns how many.

    Both are environments of one interpreter. What `taker` has stays as it is.
    """
    lent = 0
    for folder in _caches(giver):
        sources = taker / folder.relative_to(giver).parent
        if not sources.is_dir():
            continue
        for compiled in folder.glob("*.pyc"):
            source = f"{compiled.name.partition('.')[0]}.py"
            if _same(folder.parent / source, sources / source):
                lent += _link(compiled, sources / CACHE / compiled.name)
    return lent


def _caches(root: Path) -> Iterator[Path]:
    for folder, folders, _ in os.walk(root):
        if CACHE in folders:
            folders.remove(CACHE)
            yield Path(folder) / CACHE


def _same(one: Path, other: Path) -> bool:
    """Whether both are one file."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _link(compiled: Path, target: Path) -> bool:
    with suppress(OSError):
        target.parent.mkdir(exist_ok=True)
        os.link(compiled, target)
        return True
    return False
