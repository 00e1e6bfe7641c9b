"""From pins to an environment: resolving, building, keeping. uv does the work."""

from __future__ import annotations

from harness.stacks.backends import check_backend
from harness.stacks.bytecode import lend
from harness.stacks.commits import Commit, commits
from harness.stacks.environments import Environment, build, is_built, release
from harness.stacks.errors import (
    IndexUnreachable,
    NoSpace,
    Uninstallable,
    UnknownPackage,
    UnknownVersion,
    Unsolvable,
)
from harness.stacks.mixing import Mixed, Unmixable, mix
from harness.stacks.movement import moves
from harness.stacks.pruning import Kept, list_environments, prune
from harness.stacks.releases import list_releases
from harness.stacks.resolve import resolve_stack, why_back
from harness.stacks.sources import SourceTree, Unbuilt
from harness.stacks.wheels import KeptWheel, list_wheels, prune_wheels

__all__ = [
    "Commit",
    "Environment",
    "IndexUnreachable",
    "Kept",
    "KeptWheel",
    "Mixed",
    "NoSpace",
    "SourceTree",
    "Unbuilt",
    "Uninstallable",
    "UnknownPackage",
    "UnknownVersion",
    "Unmixable",
    "Unsolvable",
    "build",
    "check_backend",
    "commits",
    "is_built",
    "lend",
    "list_environments",
    "list_releases",
    "list_wheels",
    "mix",
    "moves",
    "prune",
    "prune_wheels",
    "release",
    "resolve_stack",
    "why_back",
]
