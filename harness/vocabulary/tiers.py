"""Tiers: how much of the suites a run takes; each holds all of the one before it."""

from __future__ import annotations

from typing import Literal, get_args

from harness.vocabulary.errors import UsageError

Tier = Literal["quick", "default", "broad"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""From the smallest: a pull request's first answer, what a gate takes, and everything."""

DEFAULT: Tier = "default"


def check_tier(name: object, where: str) -> Tier:
    """Return `name` as a tier, or raise UsageError naming the allowed ones."""
    for tier in TIERS:
        if name == tier:
            return tier
    raise UsageError(f"unknown tier {name!r}", where=where, allowed=", ".join(TIERS))


def within(tier: Tier, asked: Tier) -> bool:
    """Whether a run of the tier `asked` takes behaviours of `tier`."""
    return TIERS.index(tier) <= TIERS.index(asked)
