"""The museum as lines: what every form of it says in the same words."""

from __future__ import annotations

import shlex

from harness.report.numbers import duration
from harness.report.plain import clip, one_line
from harness.report.words import plural
from harness.vocabulary.museum import Case, CaseResult, Museum, Sighting, Standing
from harness.vocabulary.tiers import TIERS

MEANING = {
    Standing.MISSED: "released, and no behaviour tells",
    Standing.ALARMED: "nothing changed, and a behaviour says otherwise",
    Standing.UNKNOWN: "no answer",
    Standing.FOUND: "a behaviour tells, with the right kind",
    Standing.SILENT: "nothing changed, and every behaviour is same",
}
_EVIDENCE = 240


def headline(museum: Museum) -> str:
    """`27 of 30 changes found (90 %), 1 unknown; 2 of 2 silent, 0 false alarms; 21 min`."""
    tally = museum.tally
    parts = []
    if tally.cases:
        share = f" (recall {tally.recall:.0%})" if tally.recall is not None else ""
        unknown = f", {tally.unknown} unknown" if tally.unknown else ""
        parts.append(f"{tally.found} of {plural(tally.cases, 'change')} found{share}{unknown}")
    if tally.silent_cases:
        unknown = f", {tally.silent_unknown} unknown" if tally.silent_unknown else ""
        parts.append(
            f"{tally.silent} of {tally.silent_cases} without a change silent{unknown}, "
            f"{plural(tally.alarms, 'false alarm')}"
        )
    return "; ".join([*parts, duration(museum.seconds)])


def tiers(museum: Museum) -> str:
    """`found by tier: quick 12, default 36, broad 37`; empty where nothing was found."""
    if not museum.tally.found:
        return ""
    counts = zip(TIERS, museum.tally.by_tier, strict=True)
    return "found by tier: " + ", ".join(f"{tier} {count}" for tier, count in counts)


def stacks(case: Case) -> str:
    return f"{one_line(case.baseline)} → {one_line(case.candidate)}"


def kinds(case: Case) -> str:
    """`changed or broken`, or `same` where nothing may change."""
    return " or ".join(case.kinds) or "same"


def finders(result: CaseResult) -> list[Sighting]:
    """The sightings that found a case, one a behaviour and verdict."""
    seen: dict[tuple[str, str], Sighting] = {}
    for each in result.finders:
        seen.setdefault((each.behaviour, each.verdict), each)
    return list(seen.values())


def others(result: CaseResult) -> str:
    """`2 changed, 1 broken`: what else was not same."""
    counts: dict[str, int] = {}
    for each in result.others:
        counts[each.verdict] = counts.get(each.verdict, 0) + 1
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def evidence(sighting: Sighting) -> str:
    return clip(one_line(sighting.evidence), _EVIDENCE)


def command(case: Case) -> str:
    """The gate that answers the case alone, with all that it tells."""
    parts = ["harness", "gate", "--baseline", case.baseline, "--candidate", case.candidate]
    parts += [] if case.must_be_silent else ["--tier", "broad"]
    if case.precisions:
        parts += ["--precision", ",".join(case.precisions)]
    for expression in case.select:
        parts += ["--select", expression]
    return shlex.join(parts)
