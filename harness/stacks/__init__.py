"""From pins to an environment: resolving, building, keeping. uv does the work."""

from __future__ import annotations

from harness.stacks.errors import (
    IndexUnreachable,
    NoSpace,
    Uninstallable,
    UnknownPackage,
    UnknownVersion,
    Unsolvable,
)
from harness.stacks.movement import moves
from harness.stacks.resolve import resolve_stack, why_back

__all__ = [
    "IndexUnreachable",
    "NoSpace",
    "Uninstallable",
    "UnknownPackage",
    "UnknownVersion",
    "Unsolvable",
    "moves",
    "resolve_stack",
    "why_back",
]
