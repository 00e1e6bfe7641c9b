"""Many searches over one world: the next probe is the one that serves them best together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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

LONG = 90.0
"""Seconds from which on a probe is made in parts, so that none is waited for alone, the building
of its stack included: parts of a shorter one would wait for that, and import everything twice."""


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

    As many probes are under way at a time as the world can make; when one ends, the next is
    chosen by all that is known then.

    KeyboardInterrupt passes through: the world has kept every probe that returned.
    """
    evidence: dict[Key, Evidence[Where]] = {change: Evidence() for change in changes}
    wants: dict[Key, Wants[Where]] = {}
    found: dict[Key, Found] = {}
    under_way: list[Next[Where]] = []
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
        for chosen in choose(wants, evidence, world, under_way):
            whole = _at(chosen.where, wants, evidence, world)
            as_long = _as_long(whole, wants, world.at_once)
            listener.probing(_progress(name, chosen, wants, len(evidence), probes, as_long))
            world.begin(chosen)
            under_way.append(chosen)
            probes += 1
        if not under_way:
            return {change: found[change] for change in evidence}
        ended, probe = world.ended()
        under_way.remove(ended)
        for change in ended.asked:
            answer = probe.answers.get(change, Answer.UNKNOWN)
            evidence[change] = evidence[change].add(
                ended.where, ended.replica, answer, probe.companions
            )
        moved_on = ended.asked


def choose(
    wants: Mapping[Key, Wants[Where]],
    evidence: Mapping[Key, Evidence[Where]],
    world: World[Where],
    under_way: Sequence[Next[Where]] = (),
) -> list[Next[Where]]:
    """The probes to begin while others are under way: the best, as many as the world can make.

    A long one is made in parts, and so is the longest where there are too few. What may well
    be needless is only probed where the world would idle.
    """
    free = world.at_once - len(under_way)
    for made in under_way:
        wants, evidence = _meanwhile(wants, evidence, made)
    chosen: list[Next[Where]] = []
    while len(chosen) < free and (coming := _foremost(wants)):
        best = _best(coming, evidence, world)
        if not best.cost:
            return [best]
        chosen.append(best)
        wants, evidence = _meanwhile(wants, evidence, best)
    chosen = _in_parts(chosen, free, world)
    while len(chosen) < free and wants:
        chosen.append(_best(wants, evidence, world))
        wants, evidence = _meanwhile(wants, evidence, chosen[-1])
    return chosen


def _in_parts(chosen: Sequence[Next[Where]], free: int, world: World[Where]) -> list[Next[Where]]:
    """At most `free` of the probes, or of the parts of those that are better made in parts."""
    parts: list[Next[Where]] = []
    for each in sorted(chosen, key=lambda each: -each.cost):
        alone = not parts and len(chosen) < free
        parts += _parts(each, world) if alone or each.cost > LONG else [each]
    return parts[:free]


def _parts(whole: Next[Where], world: World[Where]) -> list[Next[Where]]:
    """A probe in as many parts as the world makes at a time, of whole cells, about equally long."""
    cells: dict[str, list[Key]] = {}
    for change in whole.asked:
        cells.setdefault(change[1], []).append(change)
    costs = {cell: world.cost(whole.where, asked, whole.replica) for cell, asked in cells.items()}
    parts: list[list[Key]] = [[] for _ in range(world.at_once)]
    taken = [0.0] * world.at_once
    for cell in sorted(cells, key=lambda cell: -costs[cell]):
        shortest = taken.index(min(taken))
        parts[shortest] += cells[cell]
        taken[shortest] += costs[cell]
    return [_of(whole, part, world) for part in map(tuple, parts) if part]


def _of(whole: Next[Where], asked: tuple[Key, ...], world: World[Where]) -> Next[Where]:
    cost = world.cost(whole.where, asked, whole.replica)
    return replace(whole, asked=asked, cost=cost)


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
    for change in wants.keys() & made.asked:
        want = wants[change]
        gains = {
            where: gain if want.repeats else gain / 2
            for where, gain in want.gains.items()
            if where != made.where
        }
        again = want.gains.get(made.where, 0.0) - LATER if want.repeats else 0.0
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
    seconds: float,
) -> Progress:
    lefts = _lefts(wants)
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
        seconds=max(chosen.cost, seconds),
    )


def _lefts(wants: Mapping[Key, Wants[Where]]) -> list[int]:
    """How many probes each open change has left, the next one included."""
    return [max(1, want.left) for want in wants.values()]


def _as_long(whole: Next[Where], wants: Mapping[Key, Wants[Where]], at_once: int) -> float:
    """The seconds that all takes from here on, if each change takes part in as many probes like
    `whole`, which is made in one part or several, as it has left."""
    lefts = _lefts(wants)
    return whole.cost * min(max(lefts), sum(lefts) / len(whole.asked)) / at_once


def _words(where: object) -> str:
    if isinstance(where, frozenset):
        return " + ".join(sorted(map(str, where))) or "the baseline"
    return str(where)
