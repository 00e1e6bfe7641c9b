"""Recall, false alarms and the exit code of a museum."""

from __future__ import annotations

from collections.abc import Sequence

from harness.vocabulary.errors import ExitCode
from harness.vocabulary.museum import CaseResult, Standing, Tally
from harness.vocabulary.tiers import TIERS


def tally(results: Sequence[CaseResult]) -> Tally:
    """What `results` come to."""
    sought = [each.standing for each in results if not each.case.must_be_silent]
    silent = [each.standing for each in results if each.case.must_be_silent]
    return Tally(
        cases=len(sought),
        found=sought.count(Standing.FOUND),
        unknown=sought.count(Standing.UNKNOWN),
        silent_cases=len(silent),
        silent=silent.count(Standing.SILENT),
        silent_unknown=silent.count(Standing.UNKNOWN),
        alarms=sum(len(each.others) for each in results if each.standing is Standing.ALARMED),
        by_tier=tuple(sum(each.found_by(tier) for each in results) for tier in TIERS),
    )


def exit_code(results: Sequence[CaseResult]) -> ExitCode:
    """0: all found and no false alarm. 1: one missed or alarmed. 3: a stack could not be built.

    4: nothing was measured, or a case has no answer for another reason.
    """
    standings = {each.standing for each in results}
    if standings & {Standing.MISSED, Standing.ALARMED}:
        return ExitCode.CHANGED
    if any(each.unbuilt for each in results):
        return ExitCode.CANNOT_BUILD
    if not results or Standing.UNKNOWN in standings:
        return ExitCode.INCONCLUSIVE
    return ExitCode.NOTHING_CHANGED
