"""The museum: released changes that a gate must find again, and what it said of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.vocabulary.tiers import DEFAULT, Tier, within


@dataclass(frozen=True)
class Case:
    """One change between two stacks, or two stacks between which nothing changes.

    `kinds` are the verdicts that count as the right kind; none of them for a case in which
    every behaviour must be `same`. `select` names the behaviours that must see it, as
    `--select` does. `shows` are texts of which each must occur in what a finding tells, so
    that another change of the same kind is not taken for this one. `why` says why a user
    cares, `where` who reported it.
    """

    id: str
    package: str
    what: str
    baseline: str
    candidate: str
    select: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ()
    why: str = ""
    where: str = ""

    @property
    def must_be_silent(self) -> bool:
        return not self.kinds


class Standing(StrEnum):
    """What a gate made of a case, worst first: reports sort by it."""

    MISSED = "missed"
    ALARMED = "alarmed"
    UNKNOWN = "unknown"
    FOUND = "found"
    SILENT = "silent"


@dataclass(frozen=True)
class Sighting:
    """A verdict other than `same`: on a behaviour in a cell, or on a package (`cell` empty).

    `evidence` is what tells: the error, or the observations that differ, old and new. `tier`
    is the smallest that sees it.
    """

    behaviour: str
    cell: str
    verdict: str
    evidence: str
    tier: Tier = DEFAULT


@dataclass(frozen=True)
class CaseResult:
    """One case, answered. `finders` saw what it is about, `others` something else.

    `reason` says why it is missed or unknown, `unbuilt` that a stack could not be made;
    `seconds` is what this answer took.
    """

    case: Case
    standing: Standing
    finders: tuple[Sighting, ...] = ()
    others: tuple[Sighting, ...] = ()
    reason: str = ""
    unbuilt: bool = False
    seconds: float = 0.0

    def found_by(self, tier: Tier) -> bool:
        """Whether a run of that tier alone would have found it."""
        return any(within(each.tier, tier) for each in self.finders)


@dataclass(frozen=True)
class Tally:
    """The museum in numbers. Of `cases` (that expect a change) `unknown` have no answer.

    `by_tier` has how many of them each tier alone would have found.

    `alarms` counts the verdicts other than `same` in the `silent_cases`, of which
    `silent_unknown` have no answer.
    """

    cases: int
    found: int
    unknown: int
    silent_cases: int
    silent: int
    silent_unknown: int
    alarms: int
    by_tier: tuple[int, ...]

    @property
    def recall(self) -> float | None:
        """The share found of the cases that have an answer; None where none has."""
        answered = self.cases - self.unknown
        return self.found / answered if answered else None


@dataclass(frozen=True)
class Museum:
    """All cases asked for, answered, in their order in the file."""

    results: tuple[CaseResult, ...]
    tally: Tally
    exit_code: int
    seconds: float
