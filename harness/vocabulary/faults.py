"""Faults put into libraries on purpose, and what a run of the suites noticed of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.vocabulary.tiers import TIERS, Tier, within
from harness.vocabulary.verdicts import FAILS_A_GATE, Verdict


class Sight(StrEnum):
    """What became of one fault."""

    NOTICED = "noticed"
    SURVIVED = "survived"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Notice:
    """A behaviour in a cell whose verdict a fault changed; `tier` is the smallest with it."""

    behaviour: str
    cell: str
    verdict: Verdict
    tier: Tier
    detail: str = ""


@dataclass(frozen=True)
class Tried:
    """One fault, and what was noticed of it.

    `judged` counts the behaviours that could have noticed. `reason` says why nothing is
    known: it cannot be installed, or nothing that it names could judge.
    """

    id: str
    library: str
    kind: str
    why: str
    sight: Sight
    notices: tuple[Notice, ...] = ()
    judged: int = 0
    reason: str = ""

    @property
    def stops_a_gate(self) -> bool:
        """Whether a gate of this change would exit 1 by its own choice of verdicts."""
        return any(notice.verdict in FAILS_A_GATE for notice in self.notices)

    def noticed_by(self, tier: Tier) -> bool:
        """Whether a run of that tier alone would have noticed."""
        return any(within(notice.tier, tier) for notice in self.notices)


@dataclass(frozen=True)
class Share:
    """Counts over some faults. `by_tier` has how many each tier would have noticed."""

    name: str
    noticed: int
    survived: int
    unknown: int
    stopped: int
    by_tier: tuple[int, ...]

    @property
    def judged(self) -> int:
        return self.noticed + self.survived

    @property
    def share(self) -> float | None:
        """Of the faults of which something is known, the part that was noticed."""
        return self.noticed / self.judged if self.judged else None

    @property
    def least(self) -> float | None:
        """The part of all faults that was noticed: the share, if no behaviour sees the unknown."""
        every = self.judged + self.unknown
        return self.noticed / every if every else None


def share(name: str, faults: Iterable[Tried]) -> Share:
    """The counts over `faults`."""
    every = list(faults)
    counts = {sight: sum(each.sight is sight for each in every) for sight in Sight}
    return Share(
        name,
        counts[Sight.NOTICED],
        counts[Sight.SURVIVED],
        counts[Sight.UNKNOWN],
        sum(each.stops_a_gate for each in every),
        tuple(sum(each.noticed_by(tier) for each in every) for tier in TIERS),
    )


def shares(faults: Iterable[Tried], by: Callable[[Tried], str]) -> tuple[Share, ...]:
    """The counts a group, in the order in which groups first appear."""
    groups: dict[str, list[Tried]] = {}
    for each in faults:
        groups.setdefault(by(each), []).append(each)
    return tuple(share(name, members) for name, members in groups.items())


@dataclass(frozen=True)
class Unsteady:
    """A behaviour that judges nothing, since without any fault it is not sure of itself."""

    behaviour: str
    cell: str
    reason: str


@dataclass(frozen=True)
class Sensitivity:
    """What a stack's suites notice. Bounds are parts of one; `notes` tell of the run."""

    stack: str
    faults: tuple[Tried, ...]
    unsteady: tuple[Unsteady, ...]
    total_bound: float
    library_bound: float
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def total(self) -> Share:
        return share("all", self.faults)

    @property
    def libraries(self) -> tuple[Share, ...]:
        return shares(self.faults, lambda each: each.library)

    @property
    def kinds(self) -> tuple[Share, ...]:
        return shares(sorted(self.faults, key=lambda each: each.kind), lambda each: each.kind)

    @property
    def met(self) -> bool:
        """Whether every bound is kept by what is known."""
        return self._kept(lambda each: each.share)

    @property
    def surely_met(self) -> bool:
        """Whether every bound is kept even if no behaviour sees what is unknown."""
        return self._kept(lambda each: each.least)

    def _kept(self, part: Callable[[Share], float | None]) -> bool:
        total = part(self.total)
        libraries = [found for each in self.libraries if (found := part(each)) is not None]
        return (
            total is not None
            and total >= self.total_bound
            and all(each >= self.library_bound for each in libraries)
        )
