"""What all runs of both sides say: a verdict stands where every repeat agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.gate.classify import RAN, Finding, classify, heaviest
from harness.vocabulary.comparison import Agreement, compare
from harness.vocabulary.gated import (
    BehaviourVerdict,
    ObservationVerdict,
    PackageVerdict,
    Skip,
)
from harness.vocabulary.observations import Observation
from harness.vocabulary.records import Outcome
from harness.vocabulary.verdicts import Verdict

Key = tuple[str, str]
"""A behaviour's id and its cell's id."""

Runs = Sequence[Mapping[Key, Outcome]]
"""The outcomes of one side, a mapping a repeat; the first repeat holds every behaviour."""


@dataclass(frozen=True)
class Comparison:
    """Verdicts in the order of the runs, and what ran on neither side."""

    behaviours: tuple[BehaviourVerdict, ...]
    skipped: tuple[Skip, ...]


def compare_runs(
    baseline: Runs, candidate: Runs, reproduce: Callable[[Key], str] = lambda key: ""
) -> Comparison:
    """Compare every behaviour of either side over all repeats that have it."""
    verdicts: list[BehaviourVerdict] = []
    skips: Counter[str] = Counter()
    for key in dict.fromkeys([*baseline[0], *candidate[0]]):
        old = [run[key] for run in baseline if key in run]
        new = [run[key] for run in candidate if key in run]
        finding = settle(old, new)
        if finding.verdict is None:
            skips[finding.reason] += 1
        else:
            verdicts.append(_verdict(key, finding, old, new, reproduce))
    ordered = tuple(Skip(reason, count) for reason, count in skips.most_common())
    return Comparison(tuple(verdicts), ordered)


def _verdict(
    key: Key,
    finding: Finding,
    old: Sequence[Outcome],
    new: Sequence[Outcome],
    reproduce: Callable[[Key], str],
) -> BehaviourVerdict:
    claims = dict.fromkeys(claim for outcome in (*old, *new) for claim in outcome.claims)
    return BehaviourVerdict(
        behaviour=key[0],
        cell=key[1],
        verdict=finding.verdict or Verdict.UNKNOWN,
        reason=finding.reason,
        claims=tuple(claims),
        observations=finding.observations,
        reproduce=reproduce(key) or (new or old)[0].reproduce,
        runs=max(len(old), len(new)),
        tier=(new or old)[0].tier,
    )


def settle(baseline: Sequence[Outcome], candidate: Sequence[Outcome]) -> Finding:
    """One finding from all repeats of both sides, in the order they ran.

    `flaky` where a side disagrees with itself; `unknown` where a repeat gave no evidence.
    """
    first = classify(_get(baseline, 0), _get(candidate, 0))
    repeats = max(len(baseline), len(candidate))
    if first.verdict is None or repeats <= 1:
        return first
    findings = [classify(_get(baseline, i), _get(candidate, i)) for i in range(repeats)]
    unknown = next((found for found in findings if found.verdict is Verdict.UNKNOWN), None)
    if unknown is not None:
        return replace(first, verdict=Verdict.UNKNOWN, reason=f"not confirmed: {unknown.reason}")
    unsteady = _unsteady("baseline", baseline) or _unsteady("candidate", candidate)
    if unsteady:
        return replace(first, verdict=Verdict.FLAKY, reason=unsteady)
    observations = tuple(
        _settle_observation(each, findings, baseline, candidate) for each in first.observations
    )
    if first.verdict in (Verdict.SAME, *_FROM_OBSERVATIONS) and _both_held(baseline, candidate):
        verdict = heaviest(each.verdict for each in observations)
        return Finding(verdict, first.reason, observations)
    return replace(first, observations=observations)


_FROM_OBSERVATIONS = (
    Verdict.CHANGED,
    Verdict.DRIFTED,
    Verdict.HEAVIER,
    Verdict.LIGHTER,
    Verdict.SLOWER,
    Verdict.FASTER,
)


def _get(outcomes: Sequence[Outcome], index: int) -> Outcome | None:
    """The outcome of a repeat; a side that is not repeated answers with its first."""
    if not outcomes:
        return None
    return outcomes[index] if index < len(outcomes) else outcomes[0]


def _both_held(baseline: Sequence[Outcome], candidate: Sequence[Outcome]) -> bool:
    return all(outcome.status == "held" for outcome in (*baseline, *candidate))


def _unsteady(side: str, outcomes: Sequence[Outcome]) -> str:
    statuses = [outcome.status for outcome in outcomes]
    if len(set(statuses)) <= 1:
        return ""
    return f"the {side} disagrees with itself: {', '.join(statuses)}"


def _settle_observation(
    first: ObservationVerdict,
    findings: Sequence[Finding],
    baseline: Sequence[Outcome],
    candidate: Sequence[Outcome],
) -> ObservationVerdict:
    repeated = [
        each for found in findings for each in found.observations if each.name == first.name
    ]
    kind = (first.baseline or first.candidate or _NOTHING).kind
    agreed = len(repeated) == len(findings) and {each.verdict for each in repeated} == {
        first.verdict
    }
    if kind == "cost":
        return first if agreed else _unrepeated_cost(first, repeated)
    for side, outcomes in (("baseline", baseline), ("candidate", candidate)):
        detail = _disagreement(first.name, outcomes)
        if detail:
            return replace(
                first, verdict=Verdict.FLAKY, detail=f"the {side} disagrees with itself: {detail}"
            )
    if agreed:
        return first
    seen = ", ".join(each.verdict.value for each in repeated)
    return replace(first, verdict=Verdict.FLAKY, detail=f"repeats disagree: {seen}")


_NOTHING = Observation("", "exact", None)


def _unrepeated_cost(
    first: ObservationVerdict, repeated: Sequence[ObservationVerdict]
) -> ObservationVerdict:
    """A cost that moves in some repeats only moved with the machine."""
    seen = ", ".join(each.verdict.value for each in repeated)
    return replace(first, verdict=Verdict.SAME, detail=f"did not repeat: {seen}")


def _disagreement(name: str, outcomes: Sequence[Outcome]) -> str:
    """How the repeats of one side differ in one observation; empty where they agree."""
    made = [[each for each in outcome.observations if each.name == name] for outcome in outcomes]
    present = [each[0] for each in made if each]
    if present and len(present) < len(made):
        return f"observed in {len(present)} of {len(made)} repeats"
    for other in present[1:]:
        result = compare(present[0], other)
        if result.agreement is not Agreement.SAME:
            return result.detail or result.agreement.value
    return ""


def questions(comparison: Comparison, baseline: Runs, candidate: Runs) -> dict[str, list[str]]:
    """The behaviours to repeat on both sides, by cell: whatever is not `same` and can repeat.

    A side that lacks the behaviour (its package is not in the stack) would say the same
    again, and an `unknown` would cost its time or memory again: these are not repeated.
    """
    asked: dict[str, list[str]] = {}
    for found in comparison.behaviours:
        key = (found.behaviour, found.cell)
        statuses = [
            side[0][key].status if key in side[0] else "absent" for side in (baseline, candidate)
        ]
        if found.verdict is not Verdict.SAME and set(statuses) <= RAN:
            asked.setdefault(found.cell, []).append(found.behaviour)
    return asked


@dataclass(frozen=True)
class Imports:
    """What one side's records say of its libraries: "" or the error of an import, by package.

    `stack` names the packages that its lock holds.
    """

    errors: Mapping[str, str]
    stack: frozenset[str]


def package_verdicts(baseline: Imports, candidate: Imports) -> tuple[PackageVerdict, ...]:
    """Each library that either side imported, as far as there is evidence of both sides."""
    found = []
    for package in sorted({*baseline.errors, *candidate.errors}):
        verdict, reason = _import_verdict(package, baseline, candidate)
        if verdict:
            found.append(PackageVerdict(package, verdict, reason))
    return tuple(found)


def _import_verdict(package: str, baseline: Imports, candidate: Imports) -> tuple[str, str]:
    if package not in candidate.stack:
        return "gone", "not in the candidate stack"
    before, after = baseline.errors.get(package), candidate.errors.get(package)
    if after is None or (before is None and package in baseline.stack):
        return "", ""
    if before is None:
        return (
            ("unimportable", _first_line(after)) if after else ("new", "not in the baseline stack")
        )
    if not after:
        return ("fixed", _first_line(before)) if before else ("same", "")
    return ("failing" if before else "unimportable"), _first_line(after)


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0]


def snapshot_note(baseline: Mapping[Key, Outcome], comparison: Comparison) -> str:
    """One note where the baseline is away from its snapshot and the candidate goes with it."""
    unmoved = {
        (each.behaviour, each.cell)
        for each in comparison.behaviours
        if each.verdict is Verdict.SAME
    }
    away = [key for key, outcome in baseline.items() if _is_away(outcome) and key in unmoved]
    if not away:
        return ""
    cells = _listed(dict.fromkeys(cell for _, cell in away))
    return (
        f"{len(away)} behaviours are away from their snapshots in the baseline and the candidate "
        f"alike ({cells}): that tells of this machine or the baseline, not of the candidate"
    )


def _is_away(outcome: Outcome) -> bool:
    return any(not line.endswith("no snapshot yet") for line in outcome.snapshot)


def _listed(names: Iterable[str], most: int = 4) -> str:
    every = list(names)
    shown = ", ".join(every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown
