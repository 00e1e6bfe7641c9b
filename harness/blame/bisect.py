"""The history of a change over the releases of one package, by bisection.

The ends are verified first. Then every interval whose ends answer differently is halved, where
an answer that is neither end's splits it in two, until no release that can be probed lies
between; then both sides of each turn, and the releases beside them, are repeated. A scan
begins with the first release of every minor version, so that what came and went between equal
ends is seen as well. Releases that answer nothing are stepped around, farther the more there are,
and tried again where a turn may lie in them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from harness.blame import repeats
from harness.blame.asking import Wants, ask
from harness.blame.evidence import Evidence, disagree, restless, state
from harness.blame.releases import anchors
from harness.blame.turns import transition
from harness.blame.world import Listener, World
from harness.vocabulary.blame import Answer, History, Key, Place, Standing
from harness.vocabulary.errors import UsageError


def bisect(
    package: str,
    releases: Sequence[str],
    changes: Collection[Key],
    world: World[str],
    listener: Listener,
    *,
    scan: bool = False,
    place: Place = "release",
    chosen: Collection[str] = (),
    after: Mapping[Key, int] | None = None,
) -> dict[Key, History]:
    """The history of each change over `releases`, oldest first, good end to bad end.

    `before` is what the first answers and `after` the last; with `scan` the last may answer
    `before` as well. `place` is what they are called; `chosen` are those ends that are searched
    for what they answered in their first run. `after` counts the runs of a change elsewhere, such
    as a gate's candidate, that answered `after` and chose nothing. Raises UsageError where there
    are not two releases.
    """
    if len(set(releases)) < 2 or len(set(releases)) != len(releases):
        raise UsageError(
            f"nothing to bisect between {', '.join(releases) or f'no {place}s'}",
            where=package,
            allowed=f"two different {place}s, and those between them, each once",
            next=f"harness bisect {package} --good OLDER --bad NEWER …",
        )
    anchored = frozenset(anchors(releases)) if scan else None
    span = _Span(package, tuple(releases), anchored, place, frozenset(chosen), after or {})
    return ask(f"{place}s of {package}", changes, partial(step, span), world, listener)


@dataclass(frozen=True)
class _Span:
    """What is searched. `anchors` are probed whatever the ends say; None without a scan."""

    package: str
    releases: tuple[str, ...]
    anchors: frozenset[str] | None
    place: Place = "release"
    chosen: frozenset[str] = frozenset()
    after: Mapping[Key, int] = field(default_factory=dict)

    @property
    def ends(self) -> tuple[str, str]:
        return self.releases[0], self.releases[-1]

    @property
    def given(self) -> tuple[str, ...]:
        """The ends of which every run is evidence."""
        return tuple(end for end in self.ends if end not in self.chosen)

    def wanted_at(self, side: str, change: Key, evidence: Evidence[str]) -> int:
        """How many runs a side of a turn needs."""
        differ = state(evidence.at(self.ends[1])) is Answer.AFTER
        amid = differ and state(evidence.at(side)) is Answer.BETWEEN
        after = self.after.get(change, 0)
        return repeats.wanted_at(side, self.given, evidence, after, amid=amid)


Known = Mapping[int, Answer]
"""Releases with an answer, by their place in the order."""


def step(span: _Span, change: Key, evidence: Evidence[str]) -> Wants[str] | History:
    """What the search for `change` wants to probe next, or the history it found."""
    unclear = restless(evidence.runs.items())
    if unclear is not None:
        reason = f"{span.package} {unclear} answers now this, now that"
        return _history(span, change, evidence, Standing.FLAKY, reason=reason)
    at_ends = repeats.at_ends(span.ends, after=span.after.get(change, 0))
    gains, lost = repeats.ends_wanted(at_ends, evidence)
    if lost:
        reason = repeats.unsettled(lost[0], evidence.at(lost[0]))
        return _history(span, change, evidence, Standing.UNSETTLED, reason=reason)
    if gains:
        between = math.ceil(math.log2(len(span.releases) - 1))
        return Wants(gains, repeats.runs_left(gains) + between + 2 * repeats.AT_SIDES, repeats=True)
    wrong = _unverified(span, evidence)
    if wrong:
        return _history(span, change, evidence, Standing.UNVERIFIED, reason=wrong)
    lacking = _narrow(span, evidence) or _check(span, change, evidence)
    return lacking or _told(span, change, evidence)


def _unverified(span: _Span, evidence: Evidence[str]) -> str:
    good, bad = (evidence.at(end) for end in span.ends)
    if not repeats.shows(good, Answer.BEFORE):
        return f"{span.package} {span.ends[0]} answers {state(good)}, not before"
    if span.anchors is None and not repeats.shows(bad, Answer.AFTER):
        return f"{span.package} {span.ends[1]} answers {state(bad)}, not after"
    return ""


def _known(span: _Span, evidence: Evidence[str]) -> dict[int, Answer]:
    answers = {at: state(evidence.at(each)) for at, each in enumerate(span.releases)}
    return {at: each for at, each in answers.items() if each not in (None, Answer.UNKNOWN)}


def _narrow(span: _Span, evidence: Evidence[str]) -> Wants[str] | None:
    """The gains, in bits, of the releases inside intervals whose ends differ; None: all tight."""
    gains: dict[str, float] = {}
    left = 0
    for older, newer in _turns(_known(span, evidence)):
        gap = range(older + 1, newer)
        open_ones = [at for at in gap if not evidence.at(span.releases[at])]
        unknown = [at for at in gap if evidence.at(span.releases[at])]
        if not open_ones:
            open_ones = [at for at in unknown if repeats.is_open(evidence.at(span.releases[at]))]
            unknown = []
        for nth, at in enumerate(open_ones, 1):
            gains[span.releases[at]] = _entropy(nth / (len(open_ones) + 1)) * _hope(at, unknown)
        left += math.ceil(math.log2(len(open_ones) + 1))
    for release in sorted(span.anchors or (), key=span.releases.index):
        if repeats.is_open(evidence.at(release)):
            gains[release] = 1.0
            left += 1
    return Wants(gains, left + 2 * repeats.AT_SIDES) if gains else None


def _entropy(share: float) -> float:
    """What a probe tells that leaves `share` of the places of a turn on one side, in bits."""
    return -share * math.log2(share) - (1 - share) * math.log2(1 - share)


def _hope(at: int, unknown: Sequence[int]) -> float:
    """How much the releases that answered nothing leave one that answers something."""
    if not unknown:
        return 1.0
    nearest = min(abs(at - each) for each in unknown)
    return 1.0 - float(2.0 ** (-nearest / len(unknown)))


def _turns(answers: Known) -> list[tuple[int, int]]:
    return [
        (older, newer)
        for older, newer in pairwise(sorted(answers))
        if answers[older] is not answers[newer]
    ]


def _check(span: _Span, change: Key, evidence: Evidence[str]) -> Wants[str] | None:
    """The runs that the turns and the releases beside them still need; None: all are settled.

    First what each place needs for itself: it is lent to the others that answer alike.
    """
    turns = _turns(_known(span, evidence))
    sides = [span.releases[at] for turn in turns for at in turn]
    around = [
        _beyond(span, evidence, side, way)
        for turn in turns
        for side, way in zip(turn, (-1, +1), strict=True)
    ]
    beside = [span.releases[at] for at in around if at is not None]
    least = dict.fromkeys(beside, repeats.BESIDE) | dict.fromkeys(sides, repeats.AT_SIDES)
    whole = {side: span.wanted_at(side, change, evidence) for side in sides}
    for wanted in (least, whole):
        if gains := repeats.lacking(wanted, evidence):
            return Wants(gains, repeats.runs_left(gains), repeats=True)
    return None


def _beyond(span: _Span, evidence: Evidence[str], side: int, way: int) -> int | None:
    """The nearest release beyond a side that is not known to answer nothing."""
    at = side + way
    while 0 <= at < len(span.releases):
        if state(evidence.at(span.releases[at])) is not Answer.UNKNOWN:
            return at
        at += way
    return None


def _told(span: _Span, change: Key, evidence: Evidence[str]) -> History:
    turns = _turns(_known(span, evidence))
    for release in (span.releases[at] for turn in turns for at in turn):
        runs = evidence.at(release)
        if repeats.missing(runs, span.wanted_at(release, change, evidence)):
            reason = repeats.unsettled(f"{span.package} {release}", runs)
            return _history(span, change, evidence, Standing.UNSETTLED, reason=reason)
    if not turns:
        answers = _known(span, evidence)
        reason = (
            f"it is the same in all of the {len(answers)} {span.place}s that answer, "
            f"of {len(span.releases)}"
        )
        return _history(span, change, evidence, Standing.UNVERIFIED, reason=reason)
    return _history(span, change, evidence, Standing.NAMED, turns)


def _history(
    span: _Span,
    change: Key,
    evidence: Evidence[str],
    standing: Standing,
    turns: Sequence[tuple[int, int]] = (),
    reason: str = "",
) -> History:
    steady = {
        at: answer
        for at, answer in _known(span, evidence).items()
        if not disagree(evidence.at(span.releases[at]))
    }
    return History(
        change,
        span.package,
        standing,
        tuple(transition(span.releases, turn, evidence) for turn in turns),
        tuple((span.releases[at], steady[at]) for at in sorted(steady)),
        scanned=span.anchors is not None,
        reason=reason,
        runs=_counted(span, change, evidence),
    )


def _counted(span: _Span, change: Key, evidence: Evidence[str]) -> tuple[tuple[Answer, int], ...]:
    """How many runs gave each answer that says something."""
    counted = Counter(answer for runs in evidence.runs.values() for answer in runs.values())
    counted[Answer.AFTER] += span.after.get(change, 0)
    told = (each for each in Answer if each is not Answer.UNKNOWN)
    return tuple((answer, counted[answer]) for answer in told if counted[answer])
