"""Which environments there are, and taking away those that nobody uses."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from filelock import Timeout

from harness.stacks.environments import (
    MARKER,
    PARTIAL,
    build_lock,
    read_marker,
    read_uses,
    shelf,
    uses_file,
)
from harness.stacks.leases import in_use


class Used(Protocol):
    """What lies in the cache. `last_used` is seconds since the epoch."""

    @property
    def last_used(self) -> float: ...


T = TypeVar("T", bound=Used)


@dataclass(frozen=True)
class Kept:
    """An environment on the shelf. `last_used` is seconds since the epoch, `bytes` its own disk."""

    directory: Path
    stacks: tuple[str, ...]
    packages: int
    bytes: int
    last_used: float


def list_environments() -> tuple[Kept, ...]:
    """The whole environments of the cache, the last used first."""
    found = []
    for path in shelf().glob(f"*/{MARKER}"):
        directory = path.parent
        marker = read_marker(directory)
        if marker is None or directory.name.endswith(PARTIAL):
            continue
        uses = read_uses(directory)
        last = max(uses.values(), default=path.stat().st_mtime)
        stacks = tuple(sorted(uses, key=lambda name: -uses[name]))
        found.append(Kept(directory, stacks, len(marker.pins), marker.bytes, last))
    return tuple(sorted(found, key=lambda kept: -kept.last_used))


def choose(
    kept: tuple[T, ...],
    now: float,
    older_than_days: float | None = None,
    keep: int | None = None,
    everything: bool = False,
) -> tuple[T, ...]:
    """Which to take away: all, those unused for so many days, or all but the `keep` last used."""
    if everything:
        return kept
    chosen: set[T] = set()
    if older_than_days is not None:
        chosen |= {each for each in kept if now - each.last_used > older_than_days * 86400}
    if keep is not None:
        newest_first = sorted(kept, key=lambda each: -each.last_used)
        chosen |= set(newest_first[keep:])
    return tuple(each for each in kept if each in chosen)


def prune(
    older_than_days: float | None = None, keep: int | None = None, everything: bool = False
) -> tuple[Kept, ...]:
    """Remove environments and what killed builds left; return those removed.

    One that a living process uses or builds stays.
    """
    clear_leftovers()
    chosen = choose(list_environments(), time.time(), older_than_days, keep, everything)
    return tuple(environment for environment in chosen if _remove(environment.directory))


def clear_leftovers() -> None:
    """Remove half-built environments whose builder is dead."""
    for partial in shelf().glob(f"*{PARTIAL}"):
        directory = partial.with_name(partial.name.removesuffix(PARTIAL))
        try:
            with build_lock(directory).acquire(timeout=0):
                shutil.rmtree(partial, ignore_errors=True)
        except Timeout:
            continue


def _remove(directory: Path) -> bool:
    try:
        with build_lock(directory).acquire(timeout=0):
            if in_use(directory):
                return False
            doomed = directory.with_name(directory.name + PARTIAL)
            shutil.rmtree(doomed, ignore_errors=True)
            directory.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)
            uses_file(directory).unlink(missing_ok=True)
            return True
    except (Timeout, OSError):
        return False
