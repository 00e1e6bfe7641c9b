"""Worlds to search for blame in: a place is a stack, and a probe runs behaviours under it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from harness.blame.answers import answer
from harness.blame.world import Next
from harness.gate.world import Built
from harness.running.blaming_mixes import Laid, Versions
from harness.running.blaming_stacks import GONE, MixedStacks, Unmade
from harness.running.probing import Making, Probed, Prober, Run
from harness.vocabulary.blame import Answer, Change, Effort, History, Key, Middle, Probe
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
    under_way: list[tuple[Next[Where], Making | None]] = field(default_factory=list)

    @property
    def at_once(self) -> int:
        return self.prober.standing.cells.request.parallel

    def begin(self, probe: Next[Where]) -> None:
        """See `harness.blame.world.World`. Raises NoEvidence, KeyboardInterrupt."""
        run = self._run(probe)
        self.under_way.append((probe, self.prober.begin(run) if run else None))

    def ended(self) -> tuple[Next[Where], Probe]:
        """See `harness.blame.world.World`. Raises NoEvidence, KeyboardInterrupt."""
        makings = [making for _, making in self.under_way if making]
        if len(makings) == len(self.under_way):
            self.prober.wait(makings)
        nth = next(
            nth
            for nth, (_, making) in enumerate(self.under_way)
            if making is None or making.future.done()
        )
        probe, made = self.under_way.pop(nth)
        if made is not None:
            self.prober.finish(made)
        return probe, self._answers(probe)

    def _run(self, probe: Next[Where]) -> Run | None:
        """What has to run for a probe; None where all is kept, or there is no such stack."""
        laid = self.stacks.lay(self.versions(probe.where))
        if isinstance(laid, Unmade) or self._astray(laid):
            return None
        asked = self._worth_it(laid.lock, probe.asked, probe.replica)
        lacking = self.prober.lacks(laid.lock, asked, probe.replica)
        return self._run_under(laid.lock, lacking, probe.replica) if lacking else None

    def _run_under(self, lock: Lock, keys: tuple[Key, ...], replica: int) -> Run:
        def build() -> Built | None:
            built = self.stacks.build(lock)
            return built if isinstance(built, Built) else None

        return Run(lock, build, keys, replica)

    def _answers(self, probe: Next[Where]) -> Probe:
        laid = self.stacks.lay(self.versions(probe.where))
        if isinstance(laid, Unmade) or self._astray(laid):
            return Probe({})
        asked = self._worth_it(laid.lock, probe.asked, probe.replica)
        outcomes = self.outcomes(laid.lock, asked, probe.replica)
        if outcomes is None:
            return Probe({}, laid.companions)
        answers = {key: answer(self.changes[key], outcomes.get(key)) for key in asked}
        return Probe(answers, laid.companions)

    def outcomes(
        self, lock: Lock, asked: Collection[Key], replica: int
    ) -> Mapping[Key, Outcome] | None:
        """What the behaviours did under `lock`; None where it does not install."""
        lacking = self.prober.lacks(lock, asked, replica)
        if lacking:
            self.prober.run(self._run_under(lock, lacking, replica))
            if isinstance(self.stacks.build(lock), Unmade):
                return None
        return self.prober.find(lock, asked, replica)

    def cost(self, where: Where, asked: Collection[Key], replica: int) -> float:
        """See `harness.blame.world.World`."""
        laid = self.stacks.known(self.versions(where))
        if laid is None:
            return BUILD + self.prober.cost(asked, self._usual)
        if isinstance(laid, Unmade) or self._astray(laid):
            return 0.0
        asked = self._worth_it(laid.lock, asked, replica)
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

    def _worth_it(self, lock: Lock, asked: Collection[Key], replica: int) -> list[Key]:
        """Without what came to nothing before for a reason that stays: it was not collected, or a
        library did not import. Memory and time may run out once, and not again."""
        return [key for key in asked if replica < 1 or not self._in_vain((lock.digest, 0, key))]

    def _in_vain(self, first: Probed) -> bool:
        if first not in self.prober.known:
            return False
        outcome = self.prober.known[first]
        ran_out = outcome is not None and outcome.status == "unknown"
        return not ran_out and answer(self.changes[first[2]], outcome) is Answer.UNKNOWN

    def between(self, where: Where, key: Key) -> Outcome | None:
        """A run of a place that was probed which is like neither end; None where none was."""
        laid = self.stacks.known(self.versions(where))
        if not isinstance(laid, Laid):
            return None
        change, runs = self.changes[key], self.prober.known.items()
        here = (run for (digest, _, ran), run in runs if (digest, ran) == (laid.lock.digest, key))
        return next((run for run in here if answer(change, run) is Answer.BETWEEN), None)

    def agreeing(self, lock: Lock, expected: Answer) -> dict[Key, int]:
        """How many of the runs under `lock` that are known so far gave this answer, by change."""
        found = dict.fromkeys(self.changes, 0)
        for (digest, replica, key), run in self.prober.known.items():
            if (digest, replica >= 0) == (lock.digest, True) and key in found:
                found[key] += answer(self.changes[key], run) is expected
        return found

    def _usual(self, key: Key) -> float:
        change = self.changes[key]
        return max(end.seconds if end else 0.0 for end in (change.baseline, change.candidate))

    def _astray(self, laid: Laid) -> bool:
        if self.end is None:
            return False
        there = self.end.versions
        return any(there.get(name, GONE) != version for name, version in laid.companions)


def with_middles(world: StackWorld[str], history: History) -> History:
    """`history` with what the releases gave in which it turned to what is like neither end."""
    turned = (turn.first for turn in history.transitions if turn.now is Answer.BETWEEN)
    found = ((release, world.between(release, history.change)) for release in turned)
    middles = tuple(Middle(release, run) for release, run in found if run is not None)
    return replace(history, middles=middles)


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
