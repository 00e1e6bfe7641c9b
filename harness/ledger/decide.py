"""From what behaviours did to what the ledger says of each claim: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from packaging.version import InvalidVersion, Version

from harness.ledger.book import Checker
from harness.vocabulary.claims import Claim, ClaimChange, ClaimVerdict, Entry, Ledger
from harness.vocabulary.gated import BehaviourVerdict
from harness.vocabulary.records import Outcome
from harness.vocabulary.verdicts import Verdict

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
    versions: Mapping[str, str],
) -> Ledger:
    """The ledger of one run, under a stack of these `versions`.

    A claim holds where every behaviour that names it held, and no observation of the claim
    says otherwise. One that does not hold is `outdated` under the release since which its
    entry says so, and later ones; else `wrong`. One of which no behaviour ran is `unchecked`.
    """
    by_claim: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for name in outcome.claims:
            by_claim.setdefault(name, []).append(outcome)
    return Ledger(
        stack,
        tuple(
            _entry(claim, checkers.get(claim.id, ()), by_claim.get(claim.id, ()), versions)
            for claim in claims
        ),
    )


def _entry(
    claim: Claim,
    checkers: Sequence[Checker],
    outcomes: Sequence[Outcome],
    versions: Mapping[str, str],
) -> Entry:
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
        verdict = ClaimVerdict.OUTDATED if _is_past(claim.since, versions) else ClaimVerdict.WRONG
    return Entry(
        claim,
        verdict,
        shown.observed,
        tuple(behaviours),
        tuple(dict.fromkeys(witness.outcome.cell for witness in told)),
        shown.reason,
    )


def _is_past(since: str, versions: Mapping[str, str]) -> bool:
    """Whether the stack has reached `since`, a package and a release of it.

    Of a package that is not in the stack, or of words that name none, it is taken to have.
    """
    package, _, release = since.partition(" ")
    try:
        return bool(since) and Version(versions[package]) >= Version(release)
    except (KeyError, InvalidVersion):
        return True


def _witness(claim: str, outcome: Outcome) -> _Witness:
    made = [o.value for o in outcome.observations if o.kind == "claim" and o.name == claim]
    if outcome.status != "held":
        told = made[0]["observed"] if made and not made[0]["holds"] else None
        return _Witness(outcome, False, told, outcome.reason)
    if made:
        return _Witness(outcome, bool(made[0]["holds"]), made[0]["observed"])
    return _Witness(outcome, True, None)


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


def confirmed(
    changed: Iterable[ClaimChange], behaviours: Iterable[BehaviourVerdict]
) -> tuple[ClaimChange, ...]:
    """Those of `changed` that a behaviour bears out: one that moved, and moved when repeated."""
    moved = {
        claim
        for each in behaviours
        if each.verdict not in (Verdict.SAME, Verdict.FLAKY, Verdict.UNKNOWN)
        for claim in each.claims
    }
    return tuple(change for change in changed if change.candidate.claim.id in moved)


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
