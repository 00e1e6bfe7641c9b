"""The report as data for other programs: `gate.json`."""

from __future__ import annotations

from typing import Any

from harness.report import summary
from harness.report.bench import jsonform as bench
from harness.report.blame import jsonform as blame
from harness.report.strict import finite
from harness.vocabulary.accepted import KINDS, Acceptance
from harness.vocabulary.claims import ClaimChange
from harness.vocabulary.comparison import wider
from harness.vocabulary.gated import BehaviourVerdict, GateReport, ObservationVerdict
from harness.vocabulary.stacks import Lock

FORMAT = 1


def to_json(report: GateReport) -> dict[str, Any]:
    """`report` as strict JSON.

    `baseline` and `candidate` map every package of the stack to its version, null where the
    stack has no lock. `counts` has every verdict, those of costs too where there are any.
    `claims` has those on which the sides disagree. `accepted` has what became of each entry that
    accepts a change (holds, unseen, unmatched or expired), and each behaviour and package the id
    of the entry that accepts its verdict, or null; a cost has it too, or an empty text. `bench`
    stands only where costs were to be compared, in the form of `harness bench --json`; `blame`
    only where it was searched for. `command` are the arguments of `harness gate` that gate the
    same again. Of an observation, `noise` is {spread, provenance} or null, `distance` a multiple
    of the noise (of costs, a ratio).
    A number that JSON cannot hold is one of the strings NaN, Infinity and -Infinity.
    """
    costs = {} if report.bench is None else {"bench": bench.to_json(report.bench)}
    blamed = {} if report.blame is None else {"blame": blame.to_json(report.blame)}
    return {
        "format": FORMAT,
        "baseline": _pins(report.baseline),
        "baseline_name": report.baseline_name,
        "candidate": _pins(report.candidate),
        "candidate_name": report.candidate_name,
        "moved": [
            {
                "package": move.package,
                "from": move.baseline,
                "to": move.candidate,
                "went_back": move.went_back,
            }
            for move in report.moved
        ],
        "tier": report.tier,
        "stack_verdict": report.stack_verdict,
        "stack_reason": report.stack_reason,
        "notes": list(report.notes),
        "packages": [
            {
                "package": entry.package,
                "verdict": entry.verdict,
                "reason": entry.reason,
                "accepted": entry.accepted.id if entry.accepted else None,
            }
            for entry in report.packages
        ],
        "behaviours": [_behaviour(result) for result in report.behaviours],
        "counts": {verdict.value: count for verdict, count in summary.found(report).items()},
        "claims": [_claim(change) for change in report.claims],
        "accepted": [_acceptance(each) for each in report.accepted],
        "skipped": [{"reason": skip.reason, "count": skip.count} for skip in report.skipped],
        **costs,
        **blamed,
        "command": list(report.command),
        "fail_on": sorted(verdict.value for verdict in report.fail_on),
        "exit_code": int(report.exit_code),
        "seconds": finite(report.seconds),
    }


def _claim(change: ClaimChange) -> dict[str, Any]:
    before, after = change.baseline, change.candidate
    return {
        "id": after.claim.id,
        "from": before.verdict.value,
        "to": after.verdict.value,
        "documented": finite(after.claim.documented),
        "baseline": finite(before.observed),
        "candidate": finite(after.observed),
        "reason": after.reason,
    }


def _acceptance(each: Acceptance) -> dict[str, Any]:
    entry = each.entry
    return {
        "id": entry.id,
        "standing": each.standing.value,
        **{kind: entry.named if kind == entry.kind else None for kind in KINDS},
        "cell": entry.cell,
        "verdict": str(entry.verdict),
        "until": entry.until,
        "reason": entry.reason,
        "owner": entry.owner,
        "file": entry.file,
        "candidate": each.version,
        "found": dict(each.found),
    }


def _pins(lock: Lock | None) -> dict[str, str] | None:
    return None if lock is None else lock.versions


def _behaviour(result: BehaviourVerdict) -> dict[str, Any]:
    return {
        "id": result.behaviour,
        "cell": result.cell,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "claim_ids": list(result.claims),
        "observations": [_observation(entry) for entry in result.observations],
        "accepted": result.accepted.id if result.accepted else None,
        "reproduce": result.reproduce,
        "script": result.script,
        "runs": result.runs,
        "tier": result.tier,
    }


def _observation(entry: ObservationVerdict) -> dict[str, Any]:
    baseline, candidate = entry.baseline, entry.candidate
    either = candidate or baseline
    noise = wider(baseline.noise if baseline else None, candidate.noise if candidate else None)
    return {
        "name": entry.name,
        "kind": either.kind if either else None,
        "unit": either.unit if either else "",
        "baseline": finite(baseline.value) if baseline else None,
        "candidate": finite(candidate.value) if candidate else None,
        "noise": None
        if noise is None
        else {"spread": finite(noise.spread), "provenance": noise.provenance},
        "verdict": entry.verdict.value,
        "distance": finite(entry.distance),
        "detail": entry.detail,
    }
