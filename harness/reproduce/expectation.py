"""What a script expects: how the behaviour ended under each stack, and what of it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.reproduce.errors import Unflattenable
from harness.vocabulary.comparison import Agreement, compare, tolerance, wider
from harness.vocabulary.observations import Observation
from harness.vocabulary.records import Outcome

NOT_OBSERVED = "(not observed)"
COSTS = "it is a cost: harness bench compares those, interleaved and repeated"


@dataclass(frozen=True)
class Expectation:
    """`ends` under baseline and candidate: held, failed, skipped, or the type of an error.

    `values` are the baseline's, of each observation that changed; `allowed` how far numbers
    of it may lie apart.
    """

    ends: tuple[str, str]
    values: Mapping[str, Any] = field(default_factory=dict)
    allowed: Mapping[str, float] = field(default_factory=dict)


def expectation(baseline: Outcome | None, candidate: Outcome | None) -> Expectation:
    """What tells the two outcomes apart. Raises Unflattenable where a script cannot tell."""
    if baseline is None or candidate is None:
        side = "baseline" if baseline is None else "candidate"
        raise Unflattenable(f"the {side} does not have this behaviour at all")
    ends = (end(baseline), end(candidate))
    pairs = {name: each for name, each in _pairs(baseline, candidate).items() if _moved(*each)}
    told = {name: each for name, each in pairs.items() if _kind(*each) != "cost"}
    if ends[0] == ends[1] and not told:
        raise Unflattenable(COSTS if pairs else "one run of each stack agrees with the other")
    values = {name: _expected(*each) for name, each in told.items()}
    allowed = {
        name: _tolerance(*each)
        for name, each in told.items()
        if _kind(*each) in ("numeric", "tokens")
    }
    return Expectation(ends, values, allowed)


Pair = tuple[Observation | None, Observation | None]


def _pairs(baseline: Outcome, candidate: Outcome) -> dict[str, Pair]:
    old = {each.name: each for each in baseline.observations}
    new = {each.name: each for each in candidate.observations}
    return {name: (old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])}


def _moved(old: Observation | None, new: Observation | None) -> bool:
    if old is None or new is None:
        return True
    return compare(old, new).agreement is not Agreement.SAME


def _kind(old: Observation | None, new: Observation | None) -> str:
    either = old or new
    return either.kind if either else ""


def end(outcome: Outcome) -> str:
    """How it ended, in a word that a script can compare: of what was raised, the type."""
    if outcome.status == "raised":
        return outcome.reason.partition(":")[0]
    if outcome.status in ("held", "failed", "skipped"):
        return outcome.status
    raise Unflattenable(f"it is {outcome.status}: {outcome.reason}")


def _expected(old: Observation | None, new: Observation | None) -> Any:
    """The baseline's value; of rows of names, of a claim, what of it is compared."""
    if old is None:
        return NOT_OBSERVED
    other = new.value if new is not None else None
    if old.kind == "surface" and other is not None:
        return {name: row for name, row in old.value.items() if other.get(name) != row}
    if old.kind == "claim":
        steady = old.value["steady"] and (other is None or other["steady"])
        kept = ("holds", "observed") if steady else ("holds",)
        return _with_absent({key: old.value[key] for key in kept}, other)
    return _with_absent(old.value, other)


def _with_absent(old: Any, new: Any) -> Any:
    """`old`, saying of each key that only `new` has that it was not observed."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return old
    kept = {key: _with_absent(value, new.get(key)) for key, value in old.items()}
    more = [key for key in new if key not in old and key not in ("holds", "observed", "steady")]
    return kept | dict.fromkeys(more, NOT_OBSERVED)


def _tolerance(old: Observation | None, new: Observation | None) -> float:
    return tolerance(wider(old.noise if old else None, new.noise if new else None))
