"""What moves between two locks: pure."""

from __future__ import annotations

from packaging.version import Version

from harness.vocabulary.stacks import Lock, Move


def moves(baseline: Lock, candidate: Lock) -> tuple[Move, ...]:
    """The packages whose versions differ, sorted by name; None where a side lacks one."""
    old, new = baseline.versions, candidate.versions
    return tuple(
        Move(package, old.get(package), new.get(package), _back(old.get(package), new.get(package)))
        for package in sorted(old.keys() | new.keys())
        if old.get(package) != new.get(package)
    )


def _back(old: str | None, new: str | None) -> bool:
    return old is not None and new is not None and Version(new) < Version(old)
