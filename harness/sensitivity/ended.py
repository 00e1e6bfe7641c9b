"""What is known after the process of a trial ended, however it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.gate.attempts import Attempt, death
from harness.gate.compare import Key
from harness.sensitivity.trials import Trial
from harness.vocabulary.records import Header, Outcome

PYTEST_USAGE = 4
"""pytest's exit code where a run could not be begun as asked; so ends a fault that has no place."""


@dataclass(frozen=True)
class TrialRun:
    """The outcomes of a trial. `problem` says why there are none; `final` if a repeat is idle.

    A behaviour without an outcome was not collected, although it is in the plan.
    """

    header: Header | None
    outcomes: Mapping[Key, Outcome]
    problem: str = ""
    final: bool = False


def conclude(trial: Trial, attempt: Attempt, code: int | None) -> TrialRun:
    """What the one process of `trial` says; `code` is its exit code, where it had one.

    The behaviour that ran when the process died is `raised`, what it did not reach `unknown`.
    """
    record = attempt.record
    if record is None or (code == PYTEST_USAGE and not record.outcomes):
        return TrialRun(None, {}, attempt.tail or f"the process wrote no record: {attempt.how}")
    wanted = set(trial.asked)
    known = {each.key: each for each in record.outcomes if each.key in wanted}
    if record.complete:
        return TrialRun(record.header, known, final=True)
    culprit = record.interrupted_in
    if culprit in wanted and culprit is not None:
        known[culprit] = Outcome(*culprit, *death(attempt))
    for key in trial.asked:
        if key not in known:
            reason = f"not reached: the process ended early ({attempt.how})"
            known[key] = Outcome(*key, "unknown", reason)
    return TrialRun(record.header, known, final=attempt.end == "died")
