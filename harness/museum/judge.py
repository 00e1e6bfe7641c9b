"""Whether the gate of a case found what the case is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.museum.evidence import evidence
from harness.vocabulary.gated import GateReport
from harness.vocabulary.museum import Case, CaseResult, Sighting, Standing
from harness.vocabulary.tiers import TIERS
from harness.vocabulary.verdicts import Verdict

UNKNOWN = Verdict.UNKNOWN.value


def judge(case: Case, report: GateReport) -> CaseResult:
    """The standing of `case` after `report`, the gate of its two stacks.

    A change is found where a behaviour, or a package, has a verdict of the right kind whose
    evidence shows what the case is about. Where nothing may change, every verdict but
    `same` is a false alarm; `failing`, red on both sides alike, tells of no change. Without
    evidence either way the standing is `unknown`, as where every behaviour is `failing`.
    """
    if report.stack_verdict != "built":
        return unanswered(case, f"{report.stack_verdict}: {report.stack_reason}", unbuilt=True)
    if not report.behaviours:
        return unanswered(case, "no behaviour ran")
    seen = sightings(report)
    told = tuple(each for each in seen if each.verdict != UNKNOWN)
    lost = tuple(each for each in seen if each.verdict == UNKNOWN)
    same = any(each.verdict is Verdict.SAME for each in report.behaviours)
    result = _silent(case, told, same) if case.must_be_silent else _sought(case, told)
    answered = result.standing in (Standing.FOUND, Standing.ALARMED)
    if lost and not answered:
        reason = f"{lost[0].behaviour}: {lost[0].evidence}"
        return replace(result, standing=Standing.UNKNOWN, others=seen, reason=reason)
    return replace(result, others=(*result.others, *lost))


def unanswered(case: Case, reason: str, *, unbuilt: bool = False) -> CaseResult:
    """A case of which nothing can be said."""
    return CaseResult(case, Standing.UNKNOWN, reason=reason, unbuilt=unbuilt)


def unseen(case: Case, tier: str) -> CaseResult:
    """A case of whose behaviours none is in `tier`: nothing there can see it, or cry wolf."""
    if case.must_be_silent:
        return CaseResult(case, Standing.SILENT)
    return CaseResult(case, Standing.MISSED, reason=f"no behaviour of the {tier} tier is for it")


def sightings(report: GateReport) -> tuple[Sighting, ...]:
    """All that is not `same`: packages first, which every run imports, then behaviours in order."""
    packages = (
        Sighting(f"import {each.package}", "", each.verdict, each.reason, TIERS[0])
        for each in report.packages
        if each.verdict != Verdict.SAME
    )
    behaviours = (
        Sighting(each.behaviour, each.cell, each.verdict.value, evidence(each), each.tier)
        for each in report.behaviours
        if each.verdict is not Verdict.SAME
    )
    return (*packages, *behaviours)


def _silent(case: Case, seen: Sequence[Sighting], same: bool) -> CaseResult:
    alarms = tuple(each for each in seen if each.verdict != Verdict.FAILING)
    if alarms:
        reason = f"{len(alarms)} not same where nothing changed"
        return CaseResult(case, Standing.ALARMED, others=alarms, reason=reason)
    if not same:
        return replace(unanswered(case, "no behaviour held on both sides"), others=tuple(seen))
    return CaseResult(case, Standing.SILENT, others=tuple(seen))


def _sought(case: Case, seen: Sequence[Sighting]) -> CaseResult:
    finders = tuple(each for each in seen if _finds(case, each))
    others = tuple(each for each in seen if each not in finders)
    if finders:
        return CaseResult(case, Standing.FOUND, finders, others)
    return CaseResult(case, Standing.MISSED, others=others, reason=_why_missed(case, others))


def _finds(case: Case, seen: Sighting) -> bool:
    return seen.verdict in case.kinds and all(text in seen.evidence for text in case.shows)


def _why_missed(case: Case, others: Sequence[Sighting]) -> str:
    if not others:
        return "every behaviour selected is same"
    if any(each.verdict in case.kinds for each in others):
        return f"what is {' or '.join(case.kinds)} does not show {', '.join(case.shows)}"
    kinds = sorted({each.verdict for each in others})
    return f"seen as {', '.join(kinds)}, which is not {' or '.join(case.kinds)}"
