"""Which folders of the cache living processes use, so that nobody takes them away meanwhile."""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

_leases: dict[Path, FileLock] = {}


def lease(directory: Path) -> None:
    """Use `directory`, which need not be there yet, until `give_back` or this process ends."""
    if directory in _leases:
        return
    atexit.register(give_back, directory)
    handle, name = tempfile.mkstemp(prefix=f"{directory.name}.lease-", dir=directory.parent)
    os.close(handle)
    taken = FileLock(name)
    taken.acquire()
    _leases[directory] = taken


def give_back(directory: Path) -> None:
    """Say that this process no longer uses `directory`."""
    taken = _leases.pop(directory, None)
    if taken is not None:
        Path(taken.lock_file).unlink(missing_ok=True)
        taken.release()


def in_use(directory: Path) -> bool:
    """Whether a living process holds a lease; leases of dead ones are removed."""
    for path in sorted(directory.parent.glob(f"{directory.name}.lease-*")):
        try:
            with FileLock(path).acquire(timeout=0):
                path.unlink(missing_ok=True)
        except Timeout:
            return True
    return False
