"""The commits of a source tree as the places of a search: each is a version of its package."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from harness.blame.world import World
from harness.stacks.commits import Commit
from harness.stacks.sources import SourceTree, Unbuilt
from harness.vocabulary.blame import Key, Probe

BUILD = 60.0
"""Seconds that a wheel is expected to take that was not built yet."""


@dataclass(frozen=True)
class SourceWorld:
    """Probes commits, by their short ids, where `releases` probes versions of their package.

    uv must find the wheels meanwhile: see `SourceTree.offered`. A commit that does not build
    is unknown.
    """

    tree: SourceTree
    commits: Mapping[str, Commit]
    releases: World[str]

    def probe(self, where: str, asked: Collection[Key], replica: int) -> Probe:
        """See `harness.blame.world.World`. Raises what `SourceTree.version` does."""
        version = self.tree.version(self.commits[where])
        if isinstance(version, Unbuilt):
            return Probe({})
        return self.releases.probe(version, asked, replica)

    def cost(self, where: str, asked: Collection[Key], replica: int) -> float:
        """See `harness.blame.world.World`."""
        version = self.tree.kept(self.commits[where])
        if isinstance(version, Unbuilt):
            return 0.0
        return BUILD if version is None else self.releases.cost(version, asked, replica)
