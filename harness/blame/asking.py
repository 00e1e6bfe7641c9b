"""Many searches over one world: the next probe is the one that serves them best together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from harness.blame.evidence import Evidence, Where
from harness.blame.repeats import LATER
from harness.blame.world import Listener, Next, Progress, World
from harness.vocabulary.blame import Answer, Key

Found_co = TypeVar("Found_co", covariant=True)
Found = TypeVar("Found")

BESIDES = 1.0
"""Seconds that a probe costs beside its run: what is kept is not quite free."""


@dataclass(frozen=True)
class Wants(Generic[Where]):
    """Where a search would like to probe next, by gain, and about how many probes it has left.

    `repeats` where every gain stands for runs that are needed whatever the others answer, as
    `repeats.in_turn` has them. `top` is the greatest gain before others were under way.
    """

    gains: Mapping[Where, float]
    left: int
    repeats: bool = False
    top: float = 0.0

    @property
    def best(self) -> float:
        return max(self.top, *self.gains.values())

    @property
    def foremost(self) -> Wants[Where]:
        """Without what may well turn out to be needless."""
        if self.repeats:
            return self
        gains = {at: gain for at, gain in self.gains.items() if gain > self.best / 2}
        return replace(self, gains=gains)


class Search(Protocol[Where, Found_co]):
    """One step of the search for one change: what the evidence still lacks, or what it says.

    Pure: the same evidence gives the same step, so a search can stop and go on anywhere.
    """

    def __call__(self, change: Key, evidence: Evidence[Where]) -> Wants[Where] | Found_co: ...


def ask(
    name: str,
    changes: Collection[Key],
    search: Search[Where, Found],
    world: World[Where],
    listener: Listener,
) -> dict[Key, Found]:
    """Search for every change until each is found, in the order of `changes`.

    As many probes are made at a time as the world can, of those that serve most together.

    KeyboardInterrupt passes through: the world has kept every probe that returned.
    """
    evidence: dict[Key, Evidence[Where]] = {change: Evidence() for change in changes}
    wants: dict[Key, Wants[Where]] = {}
    found: dict[Key, Found] = {}
    moved_on: Collection[Key] = tuple(evidence)
    probes = 0
    while True:
        for change in moved_on:
            step = search(change, evidence[change])
            if isinstance(step, Wants):
                wants[change] = step
            else:
                wants.pop(change, None)
                found[change] = step
        if not wants:
            return {change: found[change] for change in evidence}
        coming = choose(wants, evidence, world)
        for nth, chosen in enumerate(coming):
            listener.probing(_progress(name, chosen, wants, len(evidence), probes))
            if nth == 0:
                world.foresee(coming)
            probe = world.probe(chosen.where, chosen.asked, chosen.replica)
            probes += 1
            for change in chosen.asked:
                answer = probe.answers.get(change, Answer.UNKNOWN)
                evidence[change] = evidence[change].add(
                    chosen.where, chosen.replica, answer, probe.companions
                )
        moved_on = dict.fromkeys(change for chosen in coming for change in chosen.asked)


def choose(
    wants: Mapping[Key, Wants[Where]],
    evidence: Mapping[Key, Evidence[Where]],
    world: World[Where],
) -> list[Next[Where]]:
    """The best probe, and as many more as the world can make while it makes that one.

    What may well be needless is only probed where the world would idle: it makes a probe in
    as many parts as that has cells.
    """
    chosen = [_best(_foremost(wants), evidence, world)]
    while chosen[0].cost and len(chosen) < world.at_once:
        wants, evidence = _meanwhile(wants, evidence, chosen[-1])
        cells = {cell for each in chosen for _, cell in each.asked}
        coming = _foremost(wants) or (wants if len(cells) < world.at_once else {})
        if not coming:
            break
        chosen.append(_best(coming, evidence, world))
    return chosen


def _foremost(wants: Mapping[Key, Wants[Where]]) -> dict[Key, Wants[Where]]:
    found = {change: want.foremost for change, want in wants.items()}
    return {change: want for change, want in found.items() if want.gains}


def _meanwhile(
    wants: Mapping[Key, Wants[Where]],
    evidence: Mapping[Key, Evidence[Where]],
    made: Next[Where],
) -> tuple[Mapping[Key, Wants[Where]], Mapping[Key, Evidence[Where]]]:
    """What is left to want while `made` is under way.

    What it answers may make every other test of a change needless, so these gain half.
    """
    open_ones, seen = dict(wants), dict(evidence)
    for change in made.asked:
        want = wants[change]
        gains = {
            where: gain if want.repeats else gain / 2
            for where, gain in want.gains.items()
            if where != made.where
        }
        again = want.gains[made.where] - LATER if want.repeats else 0.0
        if again >= LATER / 2:
            gains[made.where] = again
        open_ones[change] = replace(want, gains=gains, top=want.best)
        seen[change] = seen[change].add(made.where, made.replica, Answer.UNKNOWN, ())
    return {change: want for change, want in open_ones.items() if want.gains}, seen


def _best(
    wants: Mapping[Key, Wants[Where]],
    evidence: Mapping[Key, Evidence[Where]],
    world: World[Where],
) -> Next[Where]:
    """The probe with the greatest gain a second, over all changes that want it."""
    gains: dict[Where, float] = {}
    for want in wants.values():
        for where, gain in want.gains.items():
            gains[where] = gains.get(where, 0.0) + gain
    probes = [_at(where, wants, evidence, world) for where in gains]
    return max(probes, key=lambda each: gains[each.where] / (each.cost + BESIDES))


def _at(
    where: Where,
    wants: Mapping[Key, Wants[Where]],
    evidence: Mapping[Key, Evidence[Where]],
    world: World[Where],
) -> Next[Where]:
    """The replica that most of those who want `where` lack next, and all who lack it."""
    wanting = [change for change, want in wants.items() if where in want.gains]
    lacking = Counter(evidence[change].next(where) for change in wanting)
    ((replica, _),) = lacking.most_common(1)
    asked = tuple(change for change in wanting if replica not in evidence[change].at(where))
    return Next(where, replica, asked, world.cost(where, asked, replica))


def _progress(
    name: str,
    chosen: Next[Where],
    wants: Mapping[Key, Wants[Where]],
    changes: int,
    probes: int,
) -> Progress:
    lefts = [max(1, want.left) for want in wants.values()]
    return Progress(
        search=name,
        where=_words(chosen.where),
        replica=chosen.replica,
        asked=len(chosen.asked),
        settled=changes - len(wants),
        changes=changes,
        probes=probes,
        fewest=max(lefts),
        most=sum(lefts),
        seconds=chosen.cost * max(lefts),
    )


def _words(where: object) -> str:
    if isinstance(where, frozenset):
        return " + ".join(sorted(map(str, where))) or "the baseline"
    return str(where)
