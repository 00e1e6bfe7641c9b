"""The museum as data for other programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.report.museum import rows
from harness.report.plain import clip
from harness.vocabulary.museum import Case, CaseResult, Museum, Sighting, Standing
from harness.vocabulary.tiers import TIERS

FORMAT = 1
_EVIDENCE = 2000
_FOUND = {Standing.FOUND: True, Standing.SILENT: True, Standing.UNKNOWN: None}


def to_json(museum: Museum) -> dict[str, Any]:
    """`museum` as strict JSON.

    `found` is true, false, or null where there is no answer; a case that must be silent is
    found where it is. `by` are the behaviours that found it, `kind` the verdict of the first,
    `others` what else is not same, `tiers` which of them alone would have found it. `seconds`
    is what this answer took.
    """
    tally = museum.tally
    return {
        "format": FORMAT,
        "changes": tally.cases,
        "found": tally.found,
        "unknown": tally.unknown,
        "recall": tally.recall,
        "silent_cases": tally.silent_cases,
        "silent": tally.silent,
        "silent_unknown": tally.silent_unknown,
        "false_alarms": tally.alarms,
        "tiers": dict(zip(TIERS, tally.by_tier, strict=True)),
        "cases": [_case(each) for each in museum.results],
        "exit_code": museum.exit_code,
        "seconds": round(museum.seconds, 1),
    }


def listed(cases: Iterable[Case]) -> dict[str, Any]:
    """Cases that were not answered, as strict JSON."""
    return {"format": FORMAT, "cases": [_question(each) for each in cases]}


def _question(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "package": case.package,
        "what": case.what,
        "why": case.why,
        "where": case.where,
        "baseline": case.baseline,
        "candidate": case.candidate,
        "expected": list(case.kinds) or ["same"],
    }


def _case(result: CaseResult) -> dict[str, Any]:
    return {
        **_question(result.case),
        "standing": result.standing.value,
        "found": _FOUND.get(result.standing, False),
        "tiers": {tier: result.found_by(tier) for tier in TIERS},
        "kind": result.finders[0].verdict if result.finders else None,
        "by": [_sighting(each) for each in result.finders],
        "others": [_sighting(each) for each in result.others],
        "reason": result.reason,
        "seconds": round(result.seconds, 1),
        "reproduce": rows.command(result.case),
    }


def _sighting(each: Sighting) -> dict[str, Any]:
    return {
        "behaviour": each.behaviour,
        "cell": each.cell,
        "verdict": each.verdict,
        "tier": each.tier,
        "evidence": clip(each.evidence, _EVIDENCE),
    }
