"""Delta debugging: a set of moves from which none can be left out (Zeller & Hildebrandt,
"Simplifying and isolating failure-inducing input", IEEE TSE 28(2), 2002, section 3: ddmin).

A test answers `after` (the set makes the change appear) or something that does not help:
`before`, `between`, or unknown. Replayed from what is known so far, it stops at the first test
that is not, and goes on from there when it is. Where a set is laid with more moves than it
names, because they must move along, what is learnt is of the larger set.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.vocabulary.blame import Answer

Moves = frozenset[str]


@dataclass(frozen=True)
class Tested:
    """What a set of moves answered, and the moves with which it was laid."""

    answer: Answer
    laid: Moves


Test = Callable[[Moves], Tested | None]
"""What is known of a set of moves; None if it was not tested."""


@dataclass(frozen=True)
class Untested:
    """Sets that the next reduction depends on, the first of them first. `size` is what is
    left to reduce."""

    sets: tuple[Moves, ...]
    size: int


def minimise(order: Sequence[str], likely: Collection[str], test: Test) -> Moves | Untested:
    """Reduce the moves in `order`, all of which together answer `after`.

    Each of `likely` is tried alone first. Returns the sets to test next, or one that no
    smaller set it was cut into, and none with one move less, is known to do without.
    """
    moves = frozenset(order)
    alone = [frozenset({move}) for move in likely if move in moves]
    found, untested = _first(alone, moves, test)
    if untested:
        return Untested(untested, len(moves))
    return _reduce(found or moves, order, test)


def _reduce(moves: Moves, order: Sequence[str], test: Test) -> Moves | Untested:
    parts = 2
    while len(moves) > 1:
        cut = _cut([move for move in order if move in moves], parts)
        found, untested = _first(cut, moves, test)
        if not found and not untested and parts > 2:
            rests = [moves - part for part in cut]
            rest, untested = _first(rests, moves, test)
            if rest is not None:
                moves, parts = rest, max(parts - 1, 2)
                continue
        if untested:
            return Untested(untested, len(moves))
        if found is not None:
            moves, parts = found, 2
        elif parts >= len(moves):
            return moves
        else:
            parts = min(2 * parts, len(moves))
        parts = min(parts, len(moves))
    return moves


def _first(
    sets: Sequence[Moves], moves: Moves, test: Test
) -> tuple[Moves | None, tuple[Moves, ...]]:
    """The first of `sets` known to answer `after` as laid, with fewer moves than `moves`;
    else those that are untested."""
    tested = [(each, test(each)) for each in sets]
    for _, result in tested:
        if result and result.answer is Answer.AFTER and len(result.laid) < len(moves):
            return result.laid, ()
    return None, tuple(each for each, result in tested if result is None)


def _cut(moves: Sequence[str], parts: int) -> list[Moves]:
    """`moves` in order, in that many parts as equal as can be."""
    ends = [len(moves) * nth // parts for nth in range(parts + 1)]
    return [frozenset(moves[low:high]) for low, high in pairwise(ends)]
