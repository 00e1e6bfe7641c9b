"""Blame: from the changes of a gate to the moves and the releases that brought them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness.blame.answers import changes_of, of_imports
from harness.blame.bisect import bisect
from harness.blame.culprits import NOTHING, find_culprits
from harness.blame.ddmin import Moves
from harness.blame.grouping import group
from harness.blame.likely import in_order, likely
from harness.blame.looks import Known
from harness.blame.turns import alone, borne_out
from harness.blame.world import Listener
from harness.gate.plan import SIDES, Side
from harness.gate.results import SideRuns
from harness.gate.world import Built
from harness.running.blaming_mixes import Laid, Versions
from harness.running.blaming_releases import Listing, searched
from harness.running.blaming_stacks import MixedStacks, Unmade
from harness.running.blaming_worlds import StackWorld, effort_of, unknowns, with_middles
from harness.running.locating import Looker, looker_between
from harness.running.locating_groups import locate_groups
from harness.running.probing import REFERENCE, Probed, Prober
from harness.running.sides import Sides
from harness.vocabulary.blame import (
    Answer,
    Blamed,
    BlameReport,
    Change,
    Culprit,
    History,
    Key,
    Searched,
    Standing,
)
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.gated import BehaviourVerdict
from harness.vocabulary.located import Located
from harness.vocabulary.records import Outcome
from harness.vocabulary.stacks import Lock, Move


@dataclass(frozen=True)
class BlameAsked:
    """What the user asked of blame, and who is told how far it is.

    `releases` lists those of a package; `pre` takes pre-releases in. `known` is what can be
    looked into for where a change begins.
    """

    listener: Listener
    releases: Listing
    known: Known
    pre: bool = False
    torch_backend: str | None = None


def blame(asked: BlameAsked, sides: Sides, verdicts: Iterable[BehaviourVerdict]) -> BlameReport:
    """What brought the changes among `verdicts`, those of a gate whose two sides have run.

    Raises NoEvidence where the disk or the network ran out before any culprit was found, and
    KeyboardInterrupt; every probe that ended is kept, so that the same again goes on from there.
    """
    begun, told = time.monotonic(), len(sides.notes)
    runs = _outcomes(sides)
    changes, unsearched = changes_of(verdicts, runs["baseline"][0], runs["candidate"][0])
    moved = sides.world.stacks.moves(sides.locks["baseline"], sides.locks["candidate"])
    if not changes or not moved:
        return BlameReport((), {change.key: change for change in changes}, unsearched)
    search = _Search(asked, sides, {change.key: change for change in changes}, moved)
    groups = group(*search.found())
    found = BlameReport(groups, search.changes, unsearched, tuple(search.searched))
    return replace(
        found,
        located=search.located(found),
        effort=effort_of(search.stacks, search.prober, time.monotonic() - begun),
        notes=(*search.notes, *sides.notes[told:]),
    )


def _outcomes(sides: Sides) -> dict[Side, SideRuns]:
    """What a gate's sides did, a mapping a repeat; what failed on an import is marked as such."""
    marked: dict[Side, SideRuns] = {}
    for side, runs in zip(SIDES, sides.outcomes(), strict=True):
        imports = sides.results.imports(side, sides.locks[side].versions).errors
        marked[side] = [
            {key: of_imports(outcome, imports) for key, outcome in run.items()} for run in runs
        ]
    return marked


@dataclass
class _Search:
    """One search through the moves between two stacks, then through releases."""

    asked: BlameAsked
    sides: Sides
    changes: Mapping[Key, Change]
    moved: tuple[Move, ...]
    searched: list[Searched] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stacks: MixedStacks = field(init=False)
    prober: Prober = field(init=False)

    def __post_init__(self) -> None:
        self.stacks = MixedStacks(
            self.baseline, self.candidate, self.sides.world, self.asked.torch_backend
        )
        standing = self.sides.standing("candidate")
        self.prober = Prober(standing, self.sides.results.cells(), self._of_the_gate())

    @property
    def baseline(self) -> Lock:
        return self.sides.locks["baseline"]

    @property
    def candidate(self) -> Lock:
        return self.sides.locks["candidate"]

    def found(self) -> tuple[dict[Key, Culprit], list[History]]:
        """The culprit of each change, and what it did over that one's releases.

        Packages are told apart by single runs first: the releases repeat what these said. What
        no release bears out is asked of the packages again, with repeats.
        """
        culprits = self._culprits(self.changes, repeated=False)
        histories = self._histories_of(culprits)
        unproven = [key for key in culprits if not borne_out(culprits[key], _of(key, histories))]
        if unproven:
            repeated = self._repeated(unproven)
            other = {key: each for key, each in repeated.items() if each != culprits[key]}
            culprits |= repeated
            histories = [each for each in histories if each.change not in other]
            histories += self._histories_of(other)
        return culprits, histories

    def _repeated(self, unproven: Collection[Key]) -> dict[Key, Culprit]:
        """Their culprits with every repeat; without, nothing is said to be known."""
        try:
            return self._culprits(unproven, repeated=True)
        except (HarnessError, OSError) as error:
            self.notes.append(f"packages that no release bears out were not repeated: {error}")
            reason = "what its packages answered once was not repeated"
            return {key: Culprit(key, Standing.UNSETTLED, reason=reason) for key in unproven}

    def _culprits(self, keys: Collection[Key], *, repeated: bool) -> dict[Key, Culprit]:
        """The smallest set of moves that makes each change appear."""
        there = self.candidate.versions

        def versions(moves: Moves) -> Versions:
            return {name: there.get(name) for name in moves}

        moves = in_order(self.moved)
        world = StackWorld(self.changes, self.stacks, self.prober, versions, self.candidate)
        first = {key: likely(self.changes[key], moves) for key in keys}
        listener = self.asked.listener
        return find_culprits(moves, list(keys), world, listener, first, repeated=repeated)

    def _histories_of(self, culprits: Mapping[Key, Culprit]) -> list[History]:
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
            for package in sorted(culprit.moves):
                wanted.setdefault((package, culprit.moves - {package}), []).append(key)
        for (package, held), keys in sorted(wanted.items(), key=lambda each: -len(each[1])):
            yield from self._history(package, held, keys)
        yield from self._inseparable(culprits)

    def _inseparable(self, culprits: Mapping[Key, Culprit]) -> list[History]:
        """Histories of changes whose packages only move together, one package after the other.

        A package may drag another to where the change is. So a history counts that names its
        package alone; without one the first that names any, which tells what moved beside.
        """
        open_ones = {key: each for key, each in culprits.items() if not each.moves}
        found: dict[Key, History] = {}
        for package in in_order(self.moved):
            keys = [key for key, each in open_ones.items() if package in each.inseparable]
            for history in self._history(package, NOTHING, keys) if keys else ():
                settled = alone(history, open_ones[history.change].inseparable)
                if settled or history.standing is Standing.FLAKY:
                    found[history.change] = history
                    del open_ones[history.change]
                elif history.standing is Standing.NAMED:
                    found.setdefault(history.change, history)
        return list(found.values())

    def located(self, found: BlameReport) -> tuple[Located, ...]:
        """Where the changes of each group begin, as far as that can be looked into."""
        try:
            parallel = self.sides.request.parallel
            return locate_groups(found, self.asked.known, self._looker, parallel)
        except (HarnessError, OSError) as error:
            self.notes.append(f"where the changes begin was not looked into: {error}")
            return ()

    def _looker(self, blamed: Blamed) -> Looker | None:
        """Looks into the baseline without and with what brought a group, and nothing else."""
        there = self.candidate.versions
        laid = self.stacks.lay({name: there.get(name) for name in blamed.together})
        locks = (self.baseline, laid.lock) if isinstance(laid, Laid) else ()
        built = [each for each in map(self.stacks.build, locks) if isinstance(each, Built)]
        if len(built) < 2:
            return None
        request, world = self.sides.request, self.sides.world
        return looker_between(request, world, built[0].python, built[1].python)

    def _history(self, package: str, held: Moves, keys: Collection[Key]) -> Iterable[History]:
        (move,) = [move for move in self.moved if move.package == package]
        if move.baseline is None or move.candidate is None:
            return ()
        try:
            listing = self.asked.releases(package)
        except HarnessError as error:
            self.notes.append(f"the releases of {package} could not be listed: {error.what}")
            return ()
        span = searched(listing, move.baseline, move.candidate, pre=self.asked.pre, held=held)
        if span not in self.searched:
            self.searched.append(span)
        beside = {name: self.candidate.versions.get(name) for name in held}

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
            self.asked.listener,
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

    def _of_the_gate(self) -> dict[Probed, Outcome | None]:
        """The repeats of the gate are runs of its ends. Its first run is none: it chose what
        the ends are said to be."""
        return {
            (self.sides.locks[side].digest, nth, key): run[key]
            for side, runs in _outcomes(self.sides).items()
            for nth, run in enumerate(runs[1:])
            for key in self.changes
            if key in run
        }


def _of(key: Key, histories: Iterable[History]) -> list[History]:
    return [each for each in histories if each.change == key]


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
