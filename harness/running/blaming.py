"""Blame: from the changes of a gate to the moves and the releases that brought them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from harness.blame.answers import changes_of, of_imports
from harness.blame.culprits import find_culprits
from harness.blame.ddmin import Moves
from harness.blame.grouping import group
from harness.blame.likely import in_order, likely
from harness.blame.looks import Known
from harness.blame.turns import borne_out
from harness.blame.world import Listener
from harness.gate.plan import SIDES, Side
from harness.gate.results import SideRuns
from harness.gate.world import Built
from harness.running.blaming_histories import Histories
from harness.running.blaming_mixes import Laid, Versions
from harness.running.blaming_releases import Listing
from harness.running.blaming_stacks import MixedStacks
from harness.running.blaming_worlds import StackWorld, effort_of
from harness.running.locating import Looker, looker_between
from harness.running.locating_groups import locate_groups
from harness.running.probing import Probed, Prober
from harness.running.sides import Sides
from harness.vocabulary.blame import (
    Blamed,
    BlameReport,
    Change,
    Culprit,
    History,
    Key,
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
    with search.prober.searching():
        groups = group(*search.found())
    found = BlameReport(groups, search.changes, unsearched, tuple(search.histories.searched))
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
    notes: list[str] = field(default_factory=list)
    stacks: MixedStacks = field(init=False)
    prober: Prober = field(init=False)
    histories: Histories = field(init=False)

    def __post_init__(self) -> None:
        self.stacks = MixedStacks(
            self.baseline, self.candidate, self.sides.world, self.asked.torch_backend
        )
        standing = self.sides.standing("candidate")
        self.prober = Prober(
            standing, self.sides.results.cells(), self.stacks.interrupt, self._of_the_gate()
        )
        self.histories = Histories(
            changes=self.changes,
            moved=self.moved,
            candidate=self.candidate,
            stacks=self.stacks,
            prober=self.prober,
            listing=self.asked.releases,
            listener=self.asked.listener,
            pre=self.asked.pre,
            notes=self.notes,
        )

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
        histories = self.histories.of(culprits)
        unproven = [
            key
            for key, each in culprits.items()
            if not borne_out(each, _of(key, histories), self.histories.pair(each))
        ]
        if unproven:
            repeated = self._repeated(unproven)
            other = {key: each for key, each in repeated.items() if each != culprits[key]}
            culprits |= repeated
            histories = [each for each in histories if each.change not in other]
            histories += self.histories.of(other)
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
