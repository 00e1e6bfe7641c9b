"""What one outcome says of a change: like the baseline's, like the candidate's, or neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.gate.classify import RAN, classify, ending
from harness.vocabulary.blame import Answer, Change, Key, Unsearched
from harness.vocabulary.gated import BehaviourVerdict
from harness.vocabulary.observations import Observation
from harness.vocabulary.records import Outcome
from harness.vocabulary.verdicts import Verdict

_UNSURE: Mapping[Verdict, str] = {
    Verdict.FLAKY: "the gate found that it disagrees with itself",
    Verdict.UNKNOWN: "the gate has no evidence",
    Verdict.FAILING: "it does not hold in either stack",
}


def answer(change: Change, outcome: Outcome | None) -> Answer:
    """Which end of `change` a run is like, compared as the gate compares.

    One that is within the noise of both is like the one that it equals in every value, and
    `between` where it equals neither. Where both ends are the same, what is not `before` is
    `between`. A run that did not come to pass is like an end that did not either, and else no
    evidence; so too one of a library that does not import: see `of_imports`.
    """
    if outcome is not None and outcome.status == "unknown":
        return Answer.UNKNOWN
    if not _ran(outcome) and _ran(change.baseline) and _ran(change.candidate):
        return Answer.UNKNOWN
    before = alike(change.baseline, outcome)
    named = [_as_named(change.baseline, each) for each in (change.candidate, outcome)]
    after = change.verdict is not Verdict.SAME and alike(*named)
    if before and after:
        before, after = _equal(change.baseline, outcome), _equal(change.candidate, outcome)
    if before is after:
        return Answer.UNKNOWN if _not_imported(outcome) else Answer.BETWEEN
    return Answer.BEFORE if before else Answer.AFTER


NOT_IMPORTED = "not imported, "
"""What the reason of a run begins with that failed because a library does not import."""


def of_imports(outcome: Outcome, imports: Mapping[str, str]) -> Outcome:
    """`outcome`, its reason marked where it only says that a library does not import.

    `imports` has the error of each library's import, "" for none, as the header of a record does.
    """
    if outcome.status != "raised":
        return outcome
    errors = (" ".join(error.split()) for error in imports.values())
    if outcome.reason not in [error[: len(outcome.reason)] for error in errors]:
        return outcome
    return replace(outcome, reason=NOT_IMPORTED + outcome.reason)


def _not_imported(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.reason.startswith(NOT_IMPORTED)


def _as_named(baseline: Outcome | None, outcome: Outcome | None) -> Outcome | None:
    """`outcome` with those rows of each surface alone that the baseline has.

    A row more is no change: what a release adds must not hide what it lost, and what a later one
    adds must not count as lost before that.
    """
    if baseline is None or outcome is None:
        return outcome
    rows = {each.name: each.value for each in baseline.observations if each.kind == "surface"}
    observations = (_cut(each, rows) for each in outcome.observations)
    return replace(outcome, observations=tuple(observations))


def _cut(observed: Observation, rows: Mapping[str, Mapping[str, str]]) -> Observation:
    if observed.kind != "surface" or observed.name not in rows:
        return observed
    kept = {name: row for name, row in observed.value.items() if name in rows[observed.name]}
    return replace(observed, kind="exact", value=kept)


def alike(end: Outcome | None, outcome: Outcome | None) -> bool:
    """Whether the gate would call the two the same; of two that did not hold, whether they failed
    alike, which a gate need not tell."""
    finding = classify(end, outcome)
    if finding.verdict is None:
        return True
    if finding.verdict not in (Verdict.SAME, Verdict.FAILING):
        return False
    same = all(each.verdict is Verdict.SAME for each in finding.observations)
    return same and ending(end) == ending(outcome)


def _equal(end: Outcome | None, outcome: Outcome | None) -> bool:
    values = [
        [(each.name, each.value) for each in side.observations] if side else None
        for side in (end, outcome)
    ]
    return values[0] == values[1]


def _ran(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.status in RAN


def changes_of(
    verdicts: Iterable[BehaviourVerdict],
    baseline: Mapping[Key, Outcome],
    candidate: Mapping[Key, Outcome],
) -> tuple[tuple[Change, ...], tuple[Unsearched, ...]]:
    """The changes that a gate found and nobody accepts, and the verdicts beside `same` that are
    none, with reasons.

    The mappings hold the first outcome of each behaviour on each side.
    """
    changes: list[Change] = []
    unsearched: list[Unsearched] = []
    for each in verdicts:
        if each.verdict is Verdict.SAME or each.accepted is not None:
            continue
        key = (each.behaviour, each.cell)
        if each.verdict in _UNSURE:
            reason = each.reason or _UNSURE[each.verdict]
            unsearched.append(Unsearched(key, each.verdict, reason))
        else:
            changes.append(Change(*key, each.verdict, baseline.get(key), candidate.get(key)))
    return tuple(changes), tuple(unsearched)
