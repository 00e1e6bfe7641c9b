"""Whether the behaviours that were shown a fault noticed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.faults import Fault
from harness.gate.classify import classify, heaviest
from harness.gate.compare import Key
from harness.sensitivity.ended import TrialRun
from harness.vocabulary.faults import Notice, Sight, Tried, Unsteady
from harness.vocabulary.gated import ObservationVerdict
from harness.vocabulary.records import Outcome
from harness.vocabulary.verdicts import Verdict

Outcomes = Mapping[Key, Outcome]

SILENT = frozenset({Verdict.SAME, Verdict.UNKNOWN, Verdict.FAILING})
"""Verdicts that notice nothing: nothing moved, nothing is known, or it never held."""


def unsteady(first: Outcomes, second: Outcomes) -> dict[Key, str]:
    """The behaviours that cannot judge, and why, from two runs without a fault."""
    reasons = {key: _unsteady(first.get(key), second.get(key)) for key in {**first, **second}}
    return {key: reason for key, reason in reasons.items() if reason}


def _unsteady(first: Outcome | None, second: Outcome | None) -> str:
    if first is None or second is None:
        return "was not collected in both runs without a fault"
    for outcome in (first, second):
        if outcome.status != "held" and not outcome.expected:
            return f"{outcome.status} without a fault: {outcome.reason}"
    finding = classify(first, second)
    if finding.verdict is Verdict.SAME:
        return ""
    moved = next((each for each in finding.observations if each.verdict != Verdict.SAME), None)
    return f"two runs without a fault disagree: {_detail(moved) if moved else finding.reason}"


def listed(reasons: Mapping[Key, str]) -> tuple[Unsteady, ...]:
    return tuple(Unsteady(*key, reason) for key, reason in sorted(reasons.items()))


def judge(
    fault: Fault,
    asked: Sequence[Key],
    reference: Outcomes,
    left_out: Mapping[Key, str],
    run: TrialRun,
) -> Tried:
    """Compare the run with the fault against one without it, as a gate would."""
    judging = [key for key in asked if key not in left_out and key in reference]
    if not asked:
        reason = f"no behaviour of this stack is at {', '.join(fault.sees)}"
        return _tried(fault, Sight.UNKNOWN, reason=reason)
    if not judging:
        why = next((left_out[key] for key in asked if key in left_out), "none of them ran")
        reason = f"none of {len(asked)} behaviours can judge: {why}"
        return _tried(fault, Sight.UNKNOWN, reason=reason)
    if run.problem:
        return _tried(fault, Sight.UNKNOWN, reason=run.problem)
    notices = [found for key in judging if (found := _notice(key, reference[key], run.outcomes))]
    if notices:
        return _tried(fault, Sight.NOTICED, tuple(notices), len(judging))
    silent = [run.outcomes[key] for key in judging if key in run.outcomes]
    lost = next((each for each in silent if each.status == "unknown"), None)
    if lost is not None:
        return _tried(fault, Sight.UNKNOWN, judged=len(judging), reason=lost.reason)
    return _tried(fault, Sight.SURVIVED, judged=len(judging))


def _tried(
    fault: Fault,
    sight: Sight,
    notices: tuple[Notice, ...] = (),
    judged: int = 0,
    reason: str = "",
) -> Tried:
    return Tried(fault.id, fault.library, fault.kind, fault.why, sight, notices, judged, reason)


def _notice(key: Key, reference: Outcome, outcomes: Outcomes) -> Notice | None:
    finding = classify(reference, outcomes.get(key))
    if finding.verdict is None or finding.verdict in SILENT:
        return None
    verdict = finding.verdict
    moved = [each for each in finding.observations if each.verdict not in SILENT]
    detail = finding.reason
    if not detail and moved:
        heavy = heaviest(each.verdict for each in moved)
        detail = _detail(next(each for each in moved if each.verdict is heavy))
    return Notice(*key, verdict, reference.tier, detail)


def _detail(moved: ObservationVerdict) -> str:
    sides = {True: "not made", False: "also made"}
    if moved.baseline is None or moved.candidate is None:
        return f"{moved.name}: {sides[moved.candidate is None]} with the fault"
    return f"{moved.name}: {moved.detail}" if moved.detail else moved.name
