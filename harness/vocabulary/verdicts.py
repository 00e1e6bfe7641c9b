"""Verdicts: what a gate says of one behaviour in one cell."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """In order of weight, heaviest first: reports sort by it."""

    BROKEN = "broken"
    REGRESSED = "regressed"
    CHANGED = "changed"
    GONE = "gone"
    HEAVIER = "heavier"
    SLOWER = "slower"
    UNKNOWN = "unknown"
    DRIFTED = "drifted"
    FLAKY = "flaky"
    FIXED = "fixed"
    LIGHTER = "lighter"
    FASTER = "faster"
    NEW = "new"
    FAILING = "failing"
    SAME = "same"


OF_COSTS: frozenset[Verdict] = frozenset(
    {Verdict.HEAVIER, Verdict.SLOWER, Verdict.LIGHTER, Verdict.FASTER}
)

UNIMPORTABLE = "unimportable"
"""What is said of a package that imported, and now does not."""

FAILS_A_GATE: frozenset[Verdict] = frozenset(
    {
        Verdict.BROKEN,
        Verdict.REGRESSED,
        Verdict.CHANGED,
        Verdict.GONE,
        Verdict.HEAVIER,
        Verdict.SLOWER,
    }
)
"""What makes a gate exit 1 unless `--fail-on` says otherwise."""
