"""From what behaviours did to what the ledger says of each claim: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.ledger.book import Checker
from harness.vocabulary.claims import Claim, ClaimChange, ClaimVerdict, Entry, Ledger
from harness.vocabulary.records import Outcome

RAN = frozenset({"held", "failed", "raised"})


@dataclass(frozen=True)
class _Witness:
    """What one outcome says of one claim."""

    outcome: Outcome
    holds: bool
    observed: Any
    reason: str = ""


def decide(
    stack: str,
    claims: Iterable[Claim],
    checkers: Mapping[str, Sequence[Checker]],
    outcomes: Iterable[Outcome],
) -> Ledger:
    """The ledger of one run.

    A claim holds where every behaviour that ran says so: by an observation of the claim, or,
    without one, by having held. One that does not hold is `outdated` where its entry says
    since when, else `wrong`. One of which no behaviour ran is `unchecked`.
    """
    by_claim: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for name in outcome.claims:
            by_claim.setdefault(name, []).append(outcome)
    return Ledger(
        stack,
        tuple(
            _entry(claim, checkers.get(claim.id, ()), by_claim.get(claim.id, ()))
            for claim in claims
        ),
    )


def _entry(claim: Claim, checkers: Sequence[Checker], outcomes: Sequence[Outcome]) -> Entry:
    behaviours = dict.fromkeys(
        [*(o.behaviour for o in outcomes), *(c.behaviour for c in checkers if not outcomes)]
    )
    seen = [_witness(claim.id, outcome) for outcome in outcomes if outcome.status in RAN]
    if not seen:
        reason = _why_unchecked(claim, checkers, outcomes)
        return Entry(claim, ClaimVerdict.UNCHECKED, None, tuple(behaviours), (), reason)
    against = [witness for witness in seen if not witness.holds]
    told = against or seen
    shown = next((witness for witness in told if witness.observed is not None), told[0])
    verdict = ClaimVerdict.HOLDS
    if against:
        verdict = ClaimVerdict.OUTDATED if claim.since else ClaimVerdict.WRONG
    return Entry(
        claim,
        verdict,
        shown.observed,
        tuple(behaviours),
        tuple(dict.fromkeys(witness.outcome.cell for witness in told)),
        shown.reason,
    )


def _witness(claim: str, outcome: Outcome) -> _Witness:
    for observation in outcome.observations:
        if observation.kind == "claim" and observation.name == claim:
            value = observation.value
            return _Witness(outcome, bool(value["holds"]), value["observed"])
    if outcome.status == "held":
        return _Witness(outcome, True, None)
    return _Witness(outcome, False, None, outcome.reason)


def _why_unchecked(claim: Claim, checkers: Sequence[Checker], outcomes: Sequence[Outcome]) -> str:
    if outcomes:
        reasons = Counter(outcome.reason for outcome in outcomes if outcome.reason)
        return reasons.most_common(1)[0][0] if reasons else "skipped"
    if claim.unchecked:
        return claim.unchecked
    subjects = sorted({checker.subject for checker in checkers if checker.subject})
    if subjects:
        return f"needs the subject {' or '.join(subjects)}, which is not at hand"
    return "its behaviour did not run" if checkers else "no behaviour checks it"


def changes(baseline: Ledger, candidate: Ledger) -> tuple[ClaimChange, ...]:
    """The claims of which the two ledgers say different things."""
    before = {entry.claim.id: entry for entry in baseline.entries}
    return tuple(
        ClaimChange(before[entry.claim.id], entry)
        for entry in candidate.entries
        if entry.claim.id in before and before[entry.claim.id].verdict is not entry.verdict
    )


def outdated_by(baseline: Ledger, candidate: Ledger) -> Ledger:
    """`candidate`, with what held in the baseline and is wrong here as `outdated`.

    To be used where the candidate's libraries are the newer ones.
    """
    held = {entry.claim.id for entry in baseline.entries if entry.verdict is ClaimVerdict.HOLDS}
    return Ledger(
        candidate.stack,
        tuple(
            replace(entry, verdict=ClaimVerdict.OUTDATED)
            if entry.verdict is ClaimVerdict.WRONG and entry.claim.id in held
            else entry
            for entry in candidate.entries
        ),
    )
