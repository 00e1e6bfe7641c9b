"""What one run of each side says of one behaviour: a verdict from two outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.vocabulary.comparison import compare
from harness.vocabulary.gated import ObservationVerdict
from harness.vocabulary.observations import Observation
from harness.vocabulary.records import Outcome
from harness.vocabulary.verdicts import Verdict

RAN = frozenset({"held", "failed", "raised"})
_WEIGHT = {verdict: weight for weight, verdict in enumerate(Verdict)}


@dataclass(frozen=True)
class Finding:
    """What one outcome of each side says. `verdict` None: it ran on neither side."""

    verdict: Verdict | None
    reason: str = ""
    observations: tuple[ObservationVerdict, ...] = ()


def heaviest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that matters most; `same` where there are none."""
    return min(verdicts, key=_WEIGHT.__getitem__, default=Verdict.SAME)


def classify(baseline: Outcome | None, candidate: Outcome | None) -> Finding:
    """One outcome of each side as a finding. None: that side did not collect the behaviour."""
    verdict, reason = by_status(baseline, candidate)
    if verdict is None:
        return Finding(None, reason)
    lone = Verdict.CHANGED if verdict is Verdict.SAME else verdict
    observations = compare_observations(
        baseline.observations if baseline else (),
        candidate.observations if candidate else (),
        lone=lone,
    )
    if verdict is not Verdict.SAME or _as_documented(baseline, candidate):
        return Finding(verdict, reason, observations)
    return Finding(heaviest(each.verdict for each in observations), reason, observations)


def by_status(baseline: Outcome | None, candidate: Outcome | None) -> tuple[Verdict | None, str]:
    """The verdict of how the behaviour ended on both sides, before its observations count."""
    before, after = _status(baseline), _status(candidate)
    if "unknown" in (before, after):
        return Verdict.UNKNOWN, _unknown_reason(baseline, candidate)
    if before not in RAN and after not in RAN:
        return None, _first_reason(baseline, candidate)
    if after not in RAN:
        return Verdict.GONE, _why_missing(candidate, "candidate")
    if before not in RAN:
        return Verdict.NEW, _why_missing(baseline, "baseline")
    return _by_end(before, after, baseline, candidate)


def _by_end(
    before: str, after: str, baseline: Outcome | None, candidate: Outcome | None
) -> tuple[Verdict, str]:
    if before == after == "held" or _as_documented(baseline, candidate):
        return Verdict.SAME, ""
    if before == "held":
        verdict = Verdict.REGRESSED if after == "failed" else Verdict.BROKEN
        return verdict, candidate.reason if candidate else ""
    if after == "held":
        return Verdict.FIXED, f"the baseline: {baseline.reason}" if baseline else ""
    return Verdict.FAILING, candidate.reason if candidate else ""


def _as_documented(baseline: Outcome | None, candidate: Outcome | None) -> bool:
    """Both raised, and both as their documents say."""
    return bool(baseline and candidate and baseline.expected and candidate.expected)


def _status(outcome: Outcome | None) -> str:
    return outcome.status if outcome else "absent"


def _why_missing(outcome: Outcome | None, side: str) -> str:
    if outcome is None:
        return f"not collected in the {side}"
    return outcome.reason.replace("not in this stack", f"not in the {side} stack")


def _first_reason(*outcomes: Outcome | None) -> str:
    reasons = [outcome.reason for outcome in outcomes if outcome and outcome.reason]
    return reasons[0] if reasons else "not collected"


def _unknown_reason(baseline: Outcome | None, candidate: Outcome | None) -> str:
    parts = [
        f"the {side}: {outcome.reason}"
        for side, outcome in (("baseline", baseline), ("candidate", candidate))
        if outcome and outcome.status == "unknown"
    ]
    return "; ".join(parts)


def compare_observations(
    baseline: Iterable[Observation], candidate: Iterable[Observation], *, lone: Verdict
) -> tuple[ObservationVerdict, ...]:
    """Each observation of either side by name; `lone` is the verdict of a one-sided one."""
    old = {observation.name: observation for observation in baseline}
    new = {observation.name: observation for observation in candidate}
    return tuple(
        _compare_one(name, old.get(name), new.get(name), lone)
        for name in dict.fromkeys([*old, *new])
    )


def _compare_one(
    name: str, old: Observation | None, new: Observation | None, lone: Verdict
) -> ObservationVerdict:
    if old is None or new is None:
        side = "baseline" if new is None else "candidate"
        return ObservationVerdict(name, old, new, lone, detail=f"observed in the {side} only")
    result = compare(old, new)
    verdict = Verdict(result.agreement.value)
    return ObservationVerdict(name, old, new, verdict, result.distance, result.detail)


def ending(outcome: Outcome | None) -> tuple[str, str]:
    """How a behaviour ended; an error by its type, since its words may name what varies."""
    if outcome is None or outcome.status != "raised":
        return (outcome.status if outcome else "absent", "")
    return (outcome.status, outcome.reason.partition(":")[0])
