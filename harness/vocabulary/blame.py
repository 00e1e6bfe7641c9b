"""Blame: what changed, what a probe answered, and which move or release brought it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from harness.vocabulary.located import Located
from harness.vocabulary.records import Outcome
from harness.vocabulary.stacks import Lock, Move
from harness.vocabulary.verdicts import Verdict

Key = tuple[str, str]
"""A change by name: its behaviour and its cell's id."""

Place = Literal["release", "commit"]
"""What is searched along."""


@dataclass(frozen=True)
class Change:
    """A behaviour in a cell whose verdict is not `same` after a confirmed gate, with the
    outcomes of both ends. None: that side did not collect it."""

    behaviour: str
    cell: str
    verdict: Verdict
    baseline: Outcome | None
    candidate: Outcome | None

    @property
    def key(self) -> Key:
        return (self.behaviour, self.cell)


class Answer(StrEnum):
    """What one probe says of one change: like the baseline's outcome, like the candidate's,
    something else again, or no evidence (the stack cannot be made, or nothing came of it)."""

    BEFORE = "before"
    AFTER = "after"
    BETWEEN = "between"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Probe:
    """What one run of some behaviours under one lock answered.

    A change without an entry is unknown. `companions` are packages with their versions that
    had to move beside those asked for.
    """

    answers: Mapping[Key, Answer]
    companions: tuple[tuple[str, str], ...] = ()


class Standing(StrEnum):
    """How sure a search is of its end.

    `named`: found, repeated and checked. `flaky`: one stack gave two answers. `unverified`:
    an end does not show what it was said to show. `unsettled`: too much was unknown.
    """

    NAMED = "named"
    FLAKY = "flaky"
    UNVERIFIED = "unverified"
    UNSETTLED = "unsettled"


@dataclass(frozen=True)
class Culprit:
    """The smallest set of moves found that makes a change appear.

    Without any one of `moves` it is known not to. `inseparable` moved with them in every run that
    answered: those that are `unclear` since nothing answered without, the others since they must,
    be it for one of `moves` or for each other. All are empty unless `standing` is `named`.
    """

    change: Key
    standing: Standing
    moves: frozenset[str] = frozenset()
    inseparable: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()
    reason: str = ""

    @property
    def together(self) -> frozenset[str]:
        return self.moves | self.inseparable


@dataclass(frozen=True)
class Transition:
    """Where a history turns: `last` is the last release seen to answer `was`, `first` the first
    seen to answer `now`. `unknown` lie between and could not be probed; `beside` are the
    companions in which the stacks of the two differ."""

    last: str
    first: str
    was: Answer
    now: Answer
    unknown: tuple[str, ...] = ()
    beside: tuple[Move, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether no release lies between the two."""
        return not self.unknown


@dataclass(frozen=True)
class Middle:
    """What a release gave that is like neither end of a change: one run of those that agree."""

    release: str
    outcome: Outcome


@dataclass(frozen=True)
class History:
    """What a change did over the releases of one package, as far as it was probed.

    `probed` are the releases with a known answer, oldest first. Without `scanned` only
    intervals whose ends differ were looked into. `transitions` is empty unless `named`; of each
    that turns to `between`, `middles` has what its first release gave. `runs` counts those that
    gave each answer, over all releases; those of a gate's candidate that were lent to the newest
    end are among them.
    """

    change: Key
    package: str
    standing: Standing
    transitions: tuple[Transition, ...] = ()
    probed: tuple[tuple[str, Answer], ...] = ()
    scanned: bool = False
    reason: str = ""
    middles: tuple[Middle, ...] = ()
    runs: tuple[tuple[Answer, int], ...] = ()

    @property
    def release(self) -> str | None:
        """The one release that brought the change; None where there is no such one."""
        if len(self.transitions) != 1 or not self.transitions[0].exact:
            return None
        return self.transitions[0].first


@dataclass(frozen=True)
class Blamed:
    """Changes that the same moves brought, in the same releases of the same packages.

    `histories` has what each change did over the releases of each package of the culprit that
    was bisected: alike in their transitions for all changes of the group. `unclear` is as of a
    culprit.
    """

    standing: Standing
    moves: frozenset[str]
    inseparable: frozenset[str]
    transitions: tuple[tuple[str, tuple[Transition, ...]], ...]
    changes: tuple[Key, ...]
    reason: str = ""
    histories: tuple[History, ...] = ()
    unclear: frozenset[str] = frozenset()

    @property
    def together(self) -> frozenset[str]:
        return self.moves | self.inseparable


@dataclass(frozen=True)
class Unsearched:
    """A verdict of the gate that no search was made for: the gate itself is not sure of it."""

    change: Key
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Searched:
    """The releases of one package that were searched, from the good end to the bad one.

    `held` are packages of the culprit that stood at the candidate's version meanwhile.
    `skipped` are releases between the ends that were left out, each with the reason; `note`
    says in words what is to be known of the list itself, `place` what one of `releases` is: a
    commit where a source tree was searched.
    """

    package: str
    releases: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    held: tuple[str, ...] = ()
    note: str = ""
    place: Place = "release"


@dataclass(frozen=True)
class Effort:
    """What a search took: environments and runs of one behaviour in one cell, made now or kept
    from before, and the processes that made them. `unmade` counts stacks that do not resolve
    or install."""

    environments: int = 0
    environments_kept: int = 0
    unmade: int = 0
    probes: int = 0
    probes_kept: int = 0
    processes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class BlameReport:
    """What brought the changes of a gate: groups first, then what was not searched.

    `changes` are those of all groups, by name, with the outcomes of both ends. `located` is
    where a change begins, of each group whose changes can be looked into.
    """

    groups: tuple[Blamed, ...]
    changes: Mapping[Key, Change]
    unsearched: tuple[Unsearched, ...] = ()
    searched: tuple[Searched, ...] = ()
    effort: Effort = Effort()
    notes: tuple[str, ...] = ()
    located: tuple[Located, ...] = ()


@dataclass(frozen=True)
class BisectReport:
    """The histories of some changes over the releases of one package, by hand.

    `stack` is the lock that the package was moved in, `changes` hold the outcomes at both ends.
    """

    stack: Lock
    searched: Searched
    histories: tuple[History, ...]
    changes: Mapping[Key, Change]
    effort: Effort = Effort()
    notes: tuple[str, ...] = ()
