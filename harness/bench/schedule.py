"""Which arm's turn it is, and how many rounds a generation is worth."""

from __future__ import annotations

import math

from harness.bench.priors import GENERATIONS, GENERATIONS_OF_LITTLE
from harness.vocabulary.costs import ROLES, Role

WORTHWHILE_ROUNDS = 6
"""Fewer say little on a loaded core: a quartile of four turns is nearly their minimum."""

LEAST_ROUNDS = 2
"""One in either order: what a generation takes at least, where many quantities share a budget
that has to hold several generations."""

MOST_ROUNDS = 40
"""Further rounds narrow what 40 leave (0.13 % with turns that scatter by 0.5 %) below what
processes are apart; another generation tells more."""


def order(round: int) -> tuple[Role, ...]:
    """The arms in the order of their turns, reversed every other round: a drift cancels."""
    return ROLES if round % 2 == 0 else ROLES[::-1]


def rounds(startup: float, round_seconds: float, *, left: float, generations: int = 0) -> int:
    """How many rounds the generation that has just started is worth, an even number.

    Measuring takes as long as starting its processes did (`startup`, seconds): more rounds
    would delay the next processes, fewer would waste these. Fewer where `left`, the seconds
    left of the budget, must hold the generations of a small change (of any, where it cannot)
    beside the `generations` that are done.
    """
    worth = min(max(startup / round_seconds, WORTHWHILE_ROUNDS), MOST_ROUNDS)
    fitting = [
        _fitting(startup, round_seconds, left, wanted - generations)
        for wanted in (GENERATIONS_OF_LITTLE, GENERATIONS)
    ]
    enough = next((each for each in fitting if each >= LEAST_ROUNDS), LEAST_ROUNDS)
    return math.floor(min(worth, enough) / 2) * 2


def another(startup: float, round_seconds: float, *, left: float) -> bool:
    """Whether one more generation fits into the seconds that are left."""
    return startup + LEAST_ROUNDS * round_seconds <= left


def _fitting(startup: float, round_seconds: float, left: float, generations: int) -> float:
    """Rounds of each of `generations`, the first of which has started."""
    count = max(1, generations)
    return (left - (count - 1) * startup) / (count * round_seconds)


def part(startup: float, *, left: float, generations: int = 0) -> float:
    """The seconds of measuring that a generation has of the `left` ones of the budget.

    The generations that any verdict needs after the `generations` that are done share them; each
    that is still to come starts in `startup` seconds first. A generation that has started is
    worth at least as long as that took.
    """
    needed = max(1, GENERATIONS - generations)
    return max((left - (needed - 1) * startup) / needed, startup)
