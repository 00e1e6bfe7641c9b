"""Worlds to search for blame in: a place is a stack, and a probe runs behaviours under it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.blame.answers import answer
from harness.blame.world import Next
from harness.gate.world import Built
from harness.running.blaming_mixes import Laid, Versions
from harness.running.blaming_stacks import GONE, MixedStacks, Unmade
from harness.running.probing import Prober, Run
from harness.vocabulary.blame import Change, Effort, History, Key, Probe
from harness.vocabulary.records import Outcome
from harness.vocabulary.stacks import Lock

Where = TypeVar("Where", bound=Hashable)

BUILD = 30.0
"""Seconds that an environment is expected to take until its runs are as quick as any."""


@dataclass(frozen=True)
class StackWorld(Generic[Where]):
    """`versions` says which packages stand at which version at a place.

    With `end`, a stack in which a package had to move to a version that is not that end's is
    none: what it did could be put on neither end.
    """

    changes: Mapping[Key, Change]
    stacks: MixedStacks
    prober: Prober
    versions: Callable[[Where], Versions]
    end: Lock | None = None

    def probe(self, where: Where, asked: Collection[Key], replica: int) -> Probe:
        """See `harness.blame.world.World`. Raises NoEvidence, KeyboardInterrupt."""
        laid = self.stacks.lay(self.versions(where))
        if isinstance(laid, Unmade) or self._astray(laid):
            return Probe({})
        outcomes = self.outcomes(laid.lock, asked, replica)
        if outcomes is None:
            return Probe({}, laid.companions)
        answers = {key: answer(self.changes[key], outcomes.get(key)) for key in asked}
        return Probe(answers, laid.companions)

    @property
    def at_once(self) -> int:
        return self.prober.standing.cells.request.parallel

    def foresee(self, coming: Sequence[Next[Where]]) -> None:
        """Make all of these probes, so many at a time as cells of a gate run."""
        runs: list[Run] = []
        for each in coming:
            laid = self.stacks.lay(self.versions(each.where))
            if isinstance(laid, Unmade) or self._astray(laid):
                continue
            lacking = self.prober.lacks(laid.lock, each.asked, each.replica)
            built = self.stacks.build(laid.lock) if lacking else None
            if isinstance(built, Built):
                runs.append(Run(laid.lock, built, lacking, each.replica))
        self.prober.run(runs)

    def outcomes(
        self, lock: Lock, asked: Collection[Key], replica: int
    ) -> Mapping[Key, Outcome] | None:
        """What the behaviours did under `lock`; None where it does not install."""
        lacking = self.prober.lacks(lock, asked, replica)
        if lacking:
            built = self.stacks.build(lock)
            if isinstance(built, Unmade):
                return None
            self.prober.run([Run(lock, built, lacking, replica)])
        return self.prober.find(lock, asked, replica)

    def cost(self, where: Where, asked: Collection[Key], replica: int) -> float:
        """See `harness.blame.world.World`."""
        laid = self.stacks.known(self.versions(where))
        if laid is None:
            return BUILD + self.prober.cost(asked, self._usual)
        if isinstance(laid, Unmade) or self._astray(laid):
            return 0.0
        lacking = self.prober.lacks(laid.lock, asked, replica)
        to_build = BUILD if lacking and not self.stacks.stands(laid.lock) else 0.0
        return to_build + self.prober.cost(lacking, self._usual)

    def why(self, where: Where, key: Key) -> str:
        """Why a place that was probed says nothing of a change, as far as that is known."""
        versions = self.versions(where)
        laid = self.stacks.known(versions)
        if not isinstance(laid, Laid) or self.stacks.why_not(versions):
            return self.stacks.why_not(versions)
        outcome = self.prober.known.get((laid.lock.digest, 0, key))
        return outcome.reason if outcome is not None else ""

    def _usual(self, key: Key) -> float:
        change = self.changes[key]
        return max(end.seconds if end else 0.0 for end in (change.baseline, change.candidate))

    def _astray(self, laid: Laid) -> bool:
        if self.end is None:
            return False
        there = self.end.versions
        return any(there.get(name, GONE) != version for name, version in laid.companions)


def unknowns(world: StackWorld[str], histories: Iterable[History]) -> Iterator[str]:
    """Why the releases in which a turn may lie as well answered nothing, a line a reason."""
    why: dict[tuple[str, str], dict[str, None]] = {}
    for each in histories:
        for release in (release for turn in each.transitions for release in turn.unknown):
            reason = world.why(release, each.change) or "nothing came of it"
            why.setdefault((each.package, reason), {})[release] = None
    for (package, reason), releases in why.items():
        yield f"{package} {', '.join(releases)} unknown: {reason}"


def effort_of(stacks: MixedStacks, prober: Prober, seconds: float) -> Effort:
    """What a search took that is over."""
    return Effort(
        environments=stacks.made - stacks.kept,
        environments_kept=stacks.kept,
        unmade=stacks.unmade,
        probes=prober.made,
        probes_kept=prober.kept,
        processes=prober.processes,
        seconds=seconds,
    )
