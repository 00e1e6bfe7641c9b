"""Which arm's turn it is, how many rounds a generation is worth, what still needs rounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from harness.bench.decide import settled
from harness.bench.priors import GENERATIONS
from harness.vocabulary.costs import ROLES, Decision, Quantity, Role

LEAST_ROUNDS = 6
"""Fewer say little: a quartile of four turns is nearly their minimum."""

MOST_ROUNDS = 40
"""Further rounds narrow what 40 leave (0.13 % with turns that scatter by 0.5 %) below what
processes are apart; another generation tells more."""


def order(round: int) -> tuple[Role, ...]:
    """The arms in the order of their turns, reversed every other round: a drift cancels."""
    return ROLES if round % 2 == 0 else ROLES[::-1]


def rounds(startup: float, round_seconds: float, *, left: float, generations: int = 0) -> int:
    """How many rounds the generation that has just started is worth, an even number.

    Measuring takes as long as starting its processes did (`startup`, seconds), for an optimum
    of neither's share; less where `left`, the seconds left of the budget, must hold the
    generations that a verdict needs beside the `generations` that are done.
    """
    needed = max(1, GENERATIONS - generations)
    worth = startup / round_seconds
    fitting = (left - (needed - 1) * startup) / (needed * round_seconds)
    count = math.floor(min(worth, fitting, MOST_ROUNDS) / 2) * 2
    return max(count, LEAST_ROUNDS)


def another(startup: float, round_seconds: float, *, left: float) -> bool:
    """Whether one more generation fits into the seconds that are left."""
    return startup + LEAST_ROUNDS * round_seconds <= left


def unsettled(
    quantities: Iterable[Quantity], decisions: Mapping[str, Decision]
) -> tuple[Quantity, ...]:
    """The quantities that still need rounds; `decisions` by a quantity's id."""
    return tuple(
        each for each in quantities if each.id not in decisions or not settled(decisions[each.id])
    )
