"""What changes did over the releases of the packages that they were put on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness.blame.bisect import bisect
from harness.blame.ddmin import Moves
from harness.blame.likely import in_order
from harness.blame.turns import alone
from harness.blame.world import Listener
from harness.running.blaming_mixes import Laid, Versions
from harness.running.blaming_releases import Listing, searched
from harness.running.blaming_stacks import MixedStacks, Unmade
from harness.running.blaming_worlds import StackWorld, unknowns, with_middles
from harness.running.probing import REFERENCE, Prober
from harness.vocabulary.blame import Answer, Change, Culprit, History, Key, Searched, Standing
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.stacks import Lock, Move


@dataclass
class Histories:
    """Searches the releases between two stacks. `searched` and `notes` fill meanwhile."""

    changes: Mapping[Key, Change]
    moved: tuple[Move, ...]
    candidate: Lock
    stacks: MixedStacks
    prober: Prober
    listing: Listing
    listener: Listener
    pre: bool
    notes: list[str]
    searched: list[Searched] = field(default_factory=list)

    def of(self, culprits: Mapping[Key, Culprit]) -> list[History]:
        """What each change did over the releases of the packages of its culprit.

        What ends this must not lose what was found until then.
        """
        found: list[History] = []
        try:
            for each in self._histories(culprits):
                found.append(each)
        except (HarnessError, OSError) as error:
            self.notes.append(f"not all releases were searched: {error}")
        return found

    def _histories(self, culprits: Mapping[Key, Culprit]) -> Iterator[History]:
        wanted: dict[tuple[str, Moves], list[Key]] = {}
        for key, culprit in culprits.items():
            whole = culprit.moves | self.pair(culprit)
            for package in sorted(culprit.moves):
                wanted.setdefault((package, whole - {package}), []).append(key)
        for (package, held), keys in sorted(wanted.items(), key=lambda each: -len(each[1])):
            yield from self._history(package, held, keys)
        yield from self._inseparable(culprits)

    def pair(self, culprit: Culprit) -> Moves:
        """Of what only moves together, what the culprit's own moves do not bring along, so that
        the change needs it as well."""
        free = culprit.inseparable - culprit.unclear
        if not (culprit.moves and free):
            return free
        try:
            laid = self.stacks.lay(self._there(culprit.moves))
        except (HarnessError, OSError) as error:
            note = f"what moves along with {', '.join(sorted(culprit.moves))}: {error}"
            self.notes += [note] if note not in self.notes else []
            return free
        brought = {name for name, _ in laid.companions} if isinstance(laid, Laid) else free
        return free - brought

    def _inseparable(self, culprits: Mapping[Key, Culprit]) -> list[History]:
        """Histories of changes whose packages only move together, one package after the other.

        A package may drag another to where the change is. So a history counts that names its
        package alone; without one the first that names any, which tells what moved beside. What
        else the culprit moves stands at the candidate's version meanwhile.
        """
        open_ones = {key: each for key, each in culprits.items() if self._together(each)}
        found: dict[Key, History] = {}
        for package in in_order(self.moved):
            wanted: dict[Moves, list[Key]] = {}
            for key, each in open_ones.items():
                if package in self._together(each):
                    wanted.setdefault(each.moves, []).append(key)
            for held, keys in wanted.items():
                for history in self._history(package, held, keys):
                    settled = alone(history, open_ones[history.change].inseparable)
                    if settled or history.standing is Standing.FLAKY:
                        found[history.change] = history
                        del open_ones[history.change]
                    elif history.standing is Standing.NAMED:
                        found.setdefault(history.change, history)
        return list(found.values())

    def _together(self, culprit: Culprit) -> Moves:
        """What only moves together, and is searched one package after the other."""
        return self.pair(culprit) if culprit.moves else culprit.inseparable

    def _history(self, package: str, held: Moves, keys: Collection[Key]) -> Iterable[History]:
        (move,) = [move for move in self.moved if move.package == package]
        if move.baseline is None or move.candidate is None:
            return ()
        try:
            listing = self.listing(package)
        except HarnessError as error:
            self.notes.append(f"the releases of {package} could not be listed: {error.what}")
            return ()
        span = searched(listing, move.baseline, move.candidate, pre=self.pre, held=held)
        if span not in self.searched:
            self.searched.append(span)
        beside = self._there(held)

        def versions(release: str) -> Versions:
            return {**beside, package: release}

        changes = {key: self.changes[key] for key in keys}
        world = StackWorld(changes, self.stacks, self.prober, versions)
        if held:
            world = replace(world, changes=_from(world, move.baseline))
        histories = bisect(
            package,
            span.releases,
            keys,
            world,
            self.listener,
            chosen=(move.baseline, move.candidate) if held else (move.candidate,),
            after=self._of_the_candidate(world, move.candidate),
        )
        found = [with_middles(world, each) for each in histories.values()]
        self.notes += [note for note in unknowns(world, found) if note not in self.notes]
        return found

    def _of_the_candidate(self, world: StackWorld[str], newest: str) -> dict[Key, int]:
        """How many runs of the candidate answer `after`, where it is not the newest end itself."""
        laid = world.stacks.lay(world.versions(newest))
        if isinstance(laid, Laid) and laid.lock.digest == self.candidate.digest:
            return {}
        return world.agreeing(self.candidate, Answer.AFTER)

    def _there(self, packages: Collection[str]) -> Versions:
        """These packages as the candidate has them."""
        return {name: self.candidate.versions.get(name) for name in packages}


def _from(world: StackWorld[str], good: str) -> Mapping[Key, Change]:
    """The changes of `world` as they are between its good end and the candidate.

    With a part of the culprit at the candidate's version, the good end need not be like the
    baseline any more.
    """
    laid = world.stacks.lay(world.versions(good))
    if isinstance(laid, Unmade):
        return world.changes
    found = world.outcomes(laid.lock, world.changes, REFERENCE) or {}
    return {
        key: replace(change, baseline=found[key])
        if key in found and found[key].status != "unknown"
        else change
        for key, change in world.changes.items()
    }
