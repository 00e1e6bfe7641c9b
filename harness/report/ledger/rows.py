"""What every form of the ledger shows: counts by system, documented and observed in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.report.plain import clip, one_line
from harness.vocabulary.claims import ClaimChange, ClaimVerdict, Entry, Ledger

LONG = 480
"""Characters of a documented or observed value that are shown; the JSON has all."""

MEANING = {
    ClaimVerdict.HOLDS: "observed as documented",
    ClaimVerdict.WRONG: "observed otherwise",
    ClaimVerdict.OUTDATED: "held in an earlier release",
    ClaimVerdict.UNCHECKED: "no evidence here",
}


@dataclass(frozen=True)
class SystemRow:
    """How many claims of one system have each verdict."""

    system: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class ClaimRow:
    """One claim in words. `remedy` is what to write instead, where it is known."""

    id: str
    system: str
    verdict: str
    text: str
    documented: str
    observed: str
    remedy: str
    places: str
    behaviours: tuple[str, ...]


@dataclass(frozen=True)
class ChangeRow:
    """A claim of which two stacks say different things; `before` is what the first observed."""

    verdicts: str
    claim: ClaimRow
    before: str


def system_rows(ledger: Ledger) -> tuple[SystemRow, ...]:
    """A row a system, in the order of the claims' file."""
    counts: dict[str, Counter[ClaimVerdict]] = {}
    for entry in ledger.entries:
        counts.setdefault(entry.claim.system, Counter())[entry.verdict] += 1
    return tuple(
        SystemRow(system, tuple(found[verdict] for verdict in ClaimVerdict))
        for system, found in counts.items()
    )


def total_row(ledger: Ledger) -> SystemRow:
    found = Counter(entry.verdict for entry in ledger.entries)
    return SystemRow("all", tuple(found[verdict] for verdict in ClaimVerdict))


def claim_rows(entries: Iterable[Entry], length: int = LONG) -> tuple[ClaimRow, ...]:
    return tuple(claim_row(entry, length) for entry in entries)


def claim_row(entry: Entry, length: int = LONG) -> ClaimRow:
    claim = entry.claim
    return ClaimRow(
        id=claim.id,
        system=claim.system,
        verdict=entry.verdict.value,
        text=one_line(claim.text),
        documented=clip(one_line(value_text(claim.documented)), length),
        observed=clip(one_line(observed_text(entry)), length),
        remedy=one_line(remedy(entry)),
        places="; ".join(claim.places),
        behaviours=entry.behaviours,
    )


def of(ledger: Ledger, *verdicts: ClaimVerdict) -> tuple[Entry, ...]:
    """The entries with one of these verdicts, by system and in the order of the file."""
    order = {row.system: index for index, row in enumerate(system_rows(ledger))}
    chosen = [entry for entry in ledger.entries if entry.verdict in verdicts]
    return tuple(sorted(chosen, key=lambda entry: order[entry.claim.system]))


def observed_text(entry: Entry) -> str:
    """What was seen: a value, what a behaviour raised, or why nothing was seen."""
    if entry.verdict is ClaimVerdict.UNCHECKED:
        return entry.reason
    if entry.observed is not None:
        return value_text(entry.observed)
    return entry.reason or "as documented"


def remedy(entry: Entry) -> str:
    """`since transformers 5.0.0; now: dtype=`, or what is right instead."""
    claim = entry.claim
    if entry.verdict is ClaimVerdict.OUTDATED and claim.since:
        return f"since {claim.since}" + (f"; now: {claim.now}" if claim.now else "")
    if entry.verdict in (ClaimVerdict.WRONG, ClaimVerdict.OUTDATED):
        return claim.instead
    return ""


def value_text(value: Any) -> str:
    """A value as a person would write it: text bare, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def headline(ledger: Ledger) -> str:
    """`342 claims under reference: 270 hold, 30 wrong, 12 outdated, 30 unchecked`."""
    wrong, outdated, holds, unchecked = total_row(ledger).counts
    return (
        f"{len(ledger.entries):,} claims under {one_line(ledger.stack)}: {holds:,} hold, "
        f"{wrong:,} wrong, {outdated:,} outdated, {unchecked:,} unchecked"
    )


def change_text(change: ClaimChange) -> str:
    return f"{change.baseline.verdict.value} → {change.candidate.verdict.value}"


def change_row(change: ClaimChange) -> ChangeRow:
    before = clip(one_line(observed_text(change.baseline)), LONG)
    return ChangeRow(change_text(change), claim_row(change.candidate), before)
