"""Bytecode lent from one environment to another: what was compiled once is not compiled again.

A stack of a search shares almost every file with the one before it. Python takes bytecode
that names the time and size of its source, so a link to it serves wherever the source is the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CACHE = "__pycache__"


def lend(giver: Path, taker: Path) -> int:
    """Link the bytecode of `giver` beside the equal sources of `taker`; returns how many.

    Both are environments of one interpreter. What `taker` has stays as it is.
    """
    lent = 0
    for folder in _caches(giver):
        sources = taker / folder.relative_to(giver).parent
        if not sources.is_dir():
            continue
        for compiled in folder.glob("*.pyc"):
            source = f"{compiled.name.partition('.')[0]}.py"
            if _equal(folder.parent / source, sources / source):
                lent += _link(compiled, sources / CACHE / compiled.name)
    return lent


def _caches(root: Path) -> Iterator[Path]:
    for folder, folders, _ in os.walk(root):
        if CACHE in folders:
            folders.remove(CACHE)
            yield Path(folder) / CACHE


def _equal(one: Path, other: Path) -> bool:
    """Whether Python takes the bytecode of one for that of the other."""
    try:
        seen = [(int(status.st_mtime), status.st_size) for status in (one.stat(), other.stat())]
    except OSError:
        return False
    return seen[0] == seen[1]


def _link(compiled: Path, target: Path) -> bool:
    with suppress(OSError):
        target.parent.mkdir(exist_ok=True)
        os.link(compiled, target)
        return True
    return False
