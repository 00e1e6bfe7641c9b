"""The wheels of commits: which are kept, and taking away those that nobody uses."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import parse_wheel_filename

from harness.stacks.environments import PARTIAL
from harness.stacks.leases import in_use
from harness.stacks.pruning import choose
from harness.stacks.sources import shelves


@dataclass(frozen=True)
class KeptWheel:
    """The wheel of a commit. `last_used` is seconds since the epoch."""

    file: Path
    package: str
    version: str
    bytes: int
    last_used: float


def list_wheels() -> tuple[KeptWheel, ...]:
    """The wheels of commits in the cache, the last used first."""
    found = map(_kept, shelves().glob("*/*/*.whl"))
    return tuple(sorted(found, key=lambda kept: -kept.last_used))


def _kept(file: Path) -> KeptWheel:
    package, version, _, _ = parse_wheel_filename(file.name)
    status = file.stat()
    return KeptWheel(file, package, str(version), status.st_blocks * 512, status.st_atime)


def prune_wheels(
    older_than_days: float | None = None, keep: int | None = None, everything: bool = False
) -> tuple[KeptWheel, ...]:
    """Remove wheels, chosen as environments are, and what killed builds left; return those removed.

    Those of a package whose commits a living process searches stay.
    """
    for partial in shelves().glob(f"*/*/*{PARTIAL}"):
        if not in_use(partial.parent):
            shutil.rmtree(partial, ignore_errors=True)
    chosen = choose(list_wheels(), time.time(), older_than_days, keep, everything)
    unused = tuple(each for each in chosen if not in_use(each.file.parent))
    for each in unused:
        each.file.unlink(missing_ok=True)
    return unused
