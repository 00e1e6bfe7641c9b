"""The commits of a source tree as the places of a search, in place of releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.gate.world import World
from harness.running.blaming_mixes import Laid, Versions
from harness.running.blaming_stacks import SIDE, MixedStacks, Unmade
from harness.running.stacks import made
from harness.stacks import Commit, SourceTree, Unbuilt
from harness.vocabulary.blame import Searched
from harness.vocabulary.stacks import Lock


@dataclass(frozen=True)
class Source:
    """A source tree and the commits to search, from the good end to the bad one."""

    tree: SourceTree
    commits: tuple[Commit, ...]

    @property
    def places(self) -> Mapping[str, Commit]:
        """Each commit by what it is called: its short id, and what its message begins with."""
        return {str(commit): commit for commit in self.commits}

    @property
    def searched(self) -> Searched:
        return Searched(self.tree.package, tuple(self.places), place="commit")


class SourceStacks(MixedStacks):
    """Stacks over `base` with the package of a source tree at a commit, called as in `places`.

    uv must find the wheels meanwhile: see `SourceTree.offered`. A commit that does not build
    makes no stack.
    """

    def __init__(self, source: Source, base: Lock, world: World, torch_backend: str | None) -> None:
        super().__init__(base, None, world, torch_backend)
        self._tree = source.tree
        self._places = source.places

    def known(self, versions: Versions) -> Laid | Unmade | None:
        """As of any stack, but of no commit whose wheel is not kept: it could not be installed."""
        if self._tree.kept(self._commit(versions)) is None:
            return None
        return super().known(versions)

    def _commit(self, versions: Versions) -> Commit:
        return self._places[versions[self._tree.package] or ""]

    def _mix(self, versions: Versions) -> Laid | Unmade:
        commit = self._commit(versions)

        def build() -> str | Unbuilt:
            with made(SIDE):
                return self._tree.version(commit)

        version = self._patiently(build)
        if isinstance(version, Unbuilt):
            return Unmade(f"it does not build: {version.reason}")
        return super()._mix({**versions, self._tree.package: version})
