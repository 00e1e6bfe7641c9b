"""A cell's process ended: what is known now, what must run again, and what stays unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.vocabulary.records import Header, Outcome, Record, Status

End = Literal["exited", "died", "timeout", "memory"]

MOST_DEATHS = 8
"""A cell whose process died this often is left: what it did not reach stays unknown."""

MOST_EXHAUSTED = 2
"""Each timeout or memory kill costs its whole allowance, so fewer of these are borne."""


@dataclass(frozen=True)
class Attempt:
    """One process that ran (a part of) a cell.

    `how` words its end (`SIGSEGV`, `exit code 3`, `600 s`, `4.0 GiB`); `tail` is the end of its
    output. `record` is None where it did not come to write a header.
    """

    record: Record | None
    end: End
    how: str = ""
    tail: str = ""


@dataclass(frozen=True)
class CellRun:
    """What is known of one task. `remaining` are behaviours still to run in another process."""

    header: Header | None
    outcomes: Mapping[str, Outcome]
    remaining: tuple[str, ...]
    deaths: int = 0
    exhausted: int = 0

    @property
    def conclusive(self) -> bool:
        """Whether the run may be kept: with an unknown in it, a later try may know more."""
        return (
            self.header is not None
            and not self.remaining
            and not any(outcome.status == "unknown" for outcome in self.outcomes.values())
        )


def begin(behaviours: Sequence[str]) -> CellRun:
    return CellRun(None, {}, tuple(behaviours))


def advance(run: CellRun, cell: str, attempt: Attempt) -> CellRun:
    """What is known after `attempt` ran `run.remaining`.

    The behaviour running at the death of the process is its culprit: `raised` where the
    process died, `unknown` where time or memory ran out. The others it had not reached
    remain, to run without it. Where nothing can be learnt from going on, the rest is unknown.
    """
    if attempt.record is None:
        return _give_up(run, cell, f"the process wrote no record: {attempt.tail or attempt.how}")
    known = dict(run.outcomes)
    wanted = set(run.remaining)
    known |= {each.behaviour: each for each in attempt.record.outcomes if each.behaviour in wanted}
    culprit = _culprit(attempt, wanted - set(known))
    if culprit is not None:
        known[culprit] = Outcome(culprit, cell, *death(attempt))
    run = replace(
        run,
        header=_merge(run.header, attempt.record.header),
        outcomes=known,
        remaining=tuple(name for name in run.remaining if name not in known),
    )
    if not run.remaining:
        return run
    if culprit is None:
        return _give_up(run, cell, _without_culprit(attempt))
    return _count(run, cell, attempt)


def _culprit(attempt: Attempt, open_behaviours: set[str]) -> str | None:
    running = attempt.record.interrupted_in if attempt.record else None
    return running[0] if running is not None and running[0] in open_behaviours else None


def death(attempt: Attempt) -> tuple[Status, str]:
    """What is said of the behaviour that ran when the process ended."""
    if attempt.end == "timeout":
        return "unknown", f"ran out of time: the cell's process was stopped after {attempt.how}"
    if attempt.end == "memory":
        return "unknown", f"ran out of memory: the cell's process was killed at {attempt.how}"
    return "raised", f"the process died with {attempt.how}"


def _without_culprit(attempt: Attempt) -> str:
    if attempt.end == "exited" and attempt.record is not None and attempt.record.complete:
        return "listed, but not run"
    return f"the process ended between behaviours ({attempt.how}): {attempt.tail}".rstrip(": ")


def _count(run: CellRun, cell: str, attempt: Attempt) -> CellRun:
    exhausted = run.exhausted + (attempt.end in ("timeout", "memory"))
    run = replace(run, deaths=run.deaths + 1, exhausted=exhausted)
    if run.deaths < MOST_DEATHS and run.exhausted < MOST_EXHAUSTED:
        return run
    return _give_up(run, cell, f"not reached: the cell's process ended early {run.deaths} times")


def _give_up(run: CellRun, cell: str, reason: str) -> CellRun:
    lost = {name: Outcome(name, cell, "unknown", reason) for name in run.remaining}
    return replace(run, outcomes={**run.outcomes, **lost}, remaining=())


def _merge(first: Header | None, second: Header) -> Header:
    if first is None:
        return second
    return replace(second, imports={**first.imports, **second.imports})
