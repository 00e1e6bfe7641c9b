"""Tiers: how much of the suites a run takes; each holds all of the one before it."""

from __future__ import annotations

from typing import Literal, get_args

from harness.vocabulary.errors import UsageError

Tier = Literal["quick", "default", "broad"]
TIERS: tuple[Tier, ...] = get_args(Tier)
"""From the smallest: a pull request's first answer, what a gate takes, and everything."""

DEFAULT: Tier = "default"

QUICK_PRECISIONS = ("float32", "nf4")
"""The quick tier loads a model in these alone, one plain and one quantised, unless told which."""


def check_tier(name: object, where: str) -> Tier:
    """Return `name` as a tier, or raise UsageError naming the allowed ones."""
    for tier in TIERS:
        if name == tier:
            return tier
    raise UsageError(f"unknown tier {name!r}", where=where, allowed=", ".join(TIERS))


def in_cell(tier: Tier, precision: str | None) -> Tier:
    """The tier of a behaviour marked `tier` in a cell of `precision`."""
    if tier == "quick" and precision is not None and precision not in QUICK_PRECISIONS:
        return DEFAULT
    return tier


def within(tier: Tier, asked: Tier) -> bool:
    """Whether a run of the tier `asked` takes behaviours of `tier`."""
    return TIERS.index(tier) <= TIERS.index(asked)
