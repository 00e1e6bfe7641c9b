"""What is told of one turn of a history: its sides, what lies between, what moved beside."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from harness.blame.evidence import Companions, Evidence, state
from harness.vocabulary.blame import Answer, Culprit, History, Standing, Transition
from harness.vocabulary.stacks import Move


def transition(
    releases: Sequence[str], turn: tuple[int, int], evidence: Evidence[str]
) -> Transition:
    """The turn between two releases, by their places, both of which have an answer."""
    older, newer = turn
    last, first = releases[older], releases[newer]
    return Transition(
        last=last,
        first=first,
        was=_answer(evidence, last),
        now=_answer(evidence, first),
        unknown=tuple(releases[older + 1 : newer]),
        beside=beside_of(evidence.companions.get(last, ()), evidence.companions.get(first, ())),
    )


def _answer(evidence: Evidence[str], release: str) -> Answer:
    return state(evidence.at(release)) or Answer.UNKNOWN


def beside_of(before: Companions, after: Companions) -> tuple[Move, ...]:
    """The companions in which two stacks differ. None: it stands there at the baseline's."""
    old, new = dict(before), dict(after)
    return tuple(
        Move(package, old.get(package), new.get(package))
        for package in sorted(old.keys() | new.keys())
        if old.get(package) != new.get(package)
    )


def alone(history: History, together: Collection[str]) -> bool:
    """Whether a history names its package alone: at none of its turns another of those that
    cannot be told apart moved beside it, which may be what brought the change."""
    return history.standing is Standing.NAMED and not any(
        move.package in together for turn in history.transitions for move in turn.beside
    )


def borne_out(culprit: Culprit, histories: Collection[History], pair: Collection[str]) -> bool:
    """Whether `histories` of a change repeated what its culprit says of each of its moves.

    The ends of a package's releases are the set found with and without that package. Of those
    that only move together, which are `pair` beside moves of its own, one history is all there is.
    A flaky one settles it as well.
    """
    if culprit.standing is not Standing.NAMED:
        return True
    if any(each.standing is Standing.FLAKY for each in histories):
        return True
    named = {each.package for each in histories if each.standing is Standing.NAMED}
    together = pair if culprit.moves else culprit.inseparable
    return culprit.moves <= named and (not together or not named.isdisjoint(together))
