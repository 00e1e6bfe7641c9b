"""How often a probe must agree with itself before a change is put on anything.

A flaky behaviour that no move and no release brought answers `after` with some chance p in
every run, whatever is probed. It is blamed only if the ends of the search and both sides of
a boundary agree with themselves in all their runs. The first run at a side chose the boundary
and is no evidence, nor is the first at an end that a search through packages chose; every other
one is, and with n of them that had to say one thing and n that had to say the other, the chance
is at most

    max over p of (1 - p)^n p^n = 4^-n,   reached at p = 1/2,

whatever the boundary and however it was chosen. With n = 6 that is 2.4e-4 for each flaky behaviour
searched for, at the worst rate: in 50 runs with one, 1.2 % that any names anything; at a rate of
2 % or 98 % less than 6e-11. The runs at an end that was given, and all but the first at any
other place, count for every boundary side that answers as that place does: `AT_ENDS` there and
`NEEDED - AT_ENDS` more elsewhere. Where the sides are the ends, these carry all of it. A gate
that found the change and repeated it lends its runs of the candidate to the newest end: these
had to say `after` too. Of a behaviour that is steady at both ends and flaky only between, the
sides and the places beside them have to tell: of `AT_SIDES` runs at a side and `BESIDE` beside it
one each is no evidence, which leaves a chance of at most 4^-(NEEDED - AT_ENDS), 1.6 %. What answers
neither like one end nor like the other, where these answer differently, lies between ends that
carry their evidence, and needs no more of its own than that.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from harness.blame.evidence import Evidence, Runs, Where, known, state
from harness.vocabulary.blame import Answer

ERROR = 2.5e-4
"""The most that the chance of blaming something for a flaky behaviour may be."""


def needed(error: float) -> int:
    """The least n with 4^-n at most `error`."""
    return math.ceil(math.log(error) / math.log(0.25))


NEEDED = needed(ERROR)

AT_ENDS = (NEEDED + 1) // 2
"""Runs at each end before anything else is probed."""

AT_FIRST = 2
"""Runs at each end where what is found is repeated elsewhere: a gate that confirms has made them,
and what is flaky has often shown it."""

BESIDE = 2
"""Runs at the places beside a boundary, which nothing is put on."""

AT_SIDES = NEEDED - AT_ENDS
"""The least runs at each side of a boundary, its first included."""

PATIENCE = 3
"""How many runs of a place that is known may come to nothing before it is given up."""


def wanted_at(
    where: Where,
    given: Collection[Where],
    evidence: Evidence[Where],
    after: int = 0,
    *,
    amid: bool = False,
) -> int:
    """How many runs with an answer the side `where` of a boundary needs, at least `AT_SIDES`.

    `given` are the places that no answer chose: the ends, where these were not found by tests.
    `after` runs elsewhere, which chose nothing, answered `after`. `amid` where it lies between
    ends of which one is like neither the other nor it: these carry their own evidence.
    """
    answer = state(evidence.at(where))
    lent = after if answer is Answer.AFTER else 0
    lent += sum(
        known(runs) - _chosen(place, given)
        for place, runs in evidence.runs.items()
        if place != where and state(runs) is answer
    )
    alone = AT_SIDES if amid else NEEDED
    return max(AT_SIDES, alone + _chosen(where, given) - lent)


def at_ends(ends: Sequence[Where], runs: int = AT_ENDS, after: int = 0) -> dict[Where, int]:
    """How many runs each end needs before anything else is probed, the good end first.

    `after` runs elsewhere answered as the bad end has to: it needs as many less, but one at least.
    """
    good, bad = ends
    return {good: runs, bad: max(1, runs - after)}


def _chosen(where: Where, given: Collection[Where]) -> int:
    """How many runs at a place are no evidence, since they chose what it is a side of."""
    return 0 if where in given else 1


def missing(runs: Runs, wanted: int) -> int:
    """How many runs are still to come."""
    return max(0, wanted - known(runs))


def given_up(runs: Runs, wanted: int) -> bool:
    """Whether runs are missing that further tries will not bring."""
    return missing(runs, wanted) > 0 and len(runs) - known(runs) >= PATIENCE


def is_open(runs: Runs) -> bool:
    """Whether nothing is known of a place yet: memory and time may run out once, and not again."""
    return not known(runs) and len(runs) < PATIENCE


LATER = 0.001
"""What a repeat gains against a bit: the search goes on first, so that changes which turn out
to have one boundary share its repeats."""


def in_turn(missing: Iterable[tuple[Where, int]]) -> dict[Where, float]:
    """The gain of a run at each place that misses some, so that places take turns."""
    return {where: LATER * left for where, left in missing if left}


def lacking(wanted: Mapping[Where, int], evidence: Evidence[Where]) -> dict[Where, float]:
    """The gain of a run at each place that misses some of those `wanted`, but where given up."""
    return in_turn(
        (where, missing(evidence.at(where), runs))
        for where, runs in wanted.items()
        if not given_up(evidence.at(where), runs)
    )


def runs_left(gains: Mapping[Where, float]) -> int:
    """How many runs gains of `in_turn` stand for."""
    return round(sum(gains.values()) / LATER)


def unsettled(where: object, runs: Runs) -> str:
    return f"{where}: {len(runs) - known(runs)} of {len(runs)} runs came to nothing"


def ends_wanted(
    wanted: Mapping[Where, int], evidence: Evidence[Where]
) -> tuple[dict[Where, float], list[Where]]:
    """What the ends still need before the search begins, and those of them given up.

    `wanted` are the runs that each needs, as `at_ends` has them.
    """
    gains = in_turn((end, missing(evidence.at(end), runs)) for end, runs in wanted.items())
    lost = [end for end, runs in wanted.items() if given_up(evidence.at(end), runs)]
    return gains, lost


def shows(runs: Runs, answer: Answer) -> bool:
    return state(runs) is answer
