"""Comparing two observations of the same thing: one rule a kind, pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from harness.vocabulary.observations import Noise, Observation
from harness.vocabulary.ties import where_parted


class Agreement(StrEnum):
    """How two observations of one thing relate."""

    SAME = "same"
    DRIFTED = "drifted"
    CHANGED = "changed"
    SLOWER = "slower"
    FASTER = "faster"
    HEAVIER = "heavier"
    LIGHTER = "lighter"


COST_BANDS: dict[str, tuple[float, float]] = {
    "bytes": (1.10, 32 * 2**20),
    "seconds": (math.inf, 0.0),
}
"""By unit: the ratio within which costs agree, and an absolute slack.

Memory repeats within a few per cent. Seconds measured once in passing say nothing, so no
ratio of them is believed here.
"""


@dataclass(frozen=True)
class Comparison:
    """`distance` is in multiples of the noise (numeric, tokens) or a ratio (cost)."""

    agreement: Agreement
    distance: float | None = None
    detail: str = ""


_SAME = Comparison(Agreement.SAME)


def compare(reference: Observation, observed: Observation) -> Comparison:
    """Compare `observed` with `reference` by the kind of `reference`.

    The noise of the two that tolerates more counts. Another kind of observation has changed.
    """
    if reference.kind != observed.kind:
        return Comparison(
            Agreement.CHANGED, detail=f"kind was {reference.kind}, is {observed.kind}"
        )
    if reference.kind == "exact":
        return _compare_exact(reference.value, observed.value)
    if reference.kind == "surface":
        return _compare_surface(reference.value, observed.value)
    if reference.kind == "claim":
        return _compare_claim(reference.value, observed.value)
    noise = wider(reference.noise, observed.noise)
    if reference.kind == "numeric":
        return _compare_numeric(reference.value, observed.value, noise)
    if reference.kind == "tokens":
        return _compare_tokens(reference.value, observed.value, noise)
    return _compare_cost(reference.value, observed.value, reference.unit)


def wider(first: Noise | None, second: Noise | None) -> Noise | None:
    """The noise of two numbers taken together: of theirs the one that tolerates more.

    None only if neither is known. Where the two ran at different kernel levels, the spread
    is as many times larger as the tolerance is.
    """
    known = [noise for noise in (first, second) if noise is not None]
    if not known:
        return None
    level = known[0].level if known[0].level == known[-1].level else "another"
    noise = max(known, key=lambda each: each.tolerance(level))
    allowed, usual = noise.tolerance(level), noise.tolerance(noise.level)
    spread = noise.spread * (allowed / usual if usual else 1.0)
    return replace(noise, spread=spread, allowed=allowed, across=None)


def _compare_exact(reference: Any, observed: Any) -> Comparison:
    if _equal(reference, observed):
        return _SAME
    return Comparison(Agreement.CHANGED, detail=_first_difference(reference, observed))


def _compare_surface(reference: Any, observed: Any) -> Comparison:
    """What there was must be there unchanged; what came in addition breaks nobody.

    The parameters of what is gone, and the members of a class that is, are not told as well.
    """
    gone = {name for name in reference if name not in observed}
    told = {name: row for name, row in reference.items() if not gone.intersection(_holders(name))}
    return _compare_exact(told, {name: row for name, row in observed.items() if name in told})


def _holders(name: str) -> Iterator[str]:
    """The rows without which this one cannot be: of `Lamp.light(dim)`, `Lamp.light` and `Lamp`."""
    owner, _, parameter = name.partition("(")
    if parameter not in ("", ")"):
        yield owner if owner and not owner.endswith(".") else f"{owner}()"
    while "." in owner:
        owner = owner.rpartition(".")[0]
        yield owner


def _compare_claim(reference: Any, observed: Any) -> Comparison:
    """Whether it holds; and what was observed, where that is the same in every run."""
    if reference["holds"] != observed["holds"]:
        words = {True: "holds", False: "does not hold"}
        detail = f"{words[reference['holds']]} -> {words[observed['holds']]}"
        return Comparison(Agreement.CHANGED, detail=detail)
    if reference["steady"] and observed["steady"]:
        return _compare_exact(reference["observed"], observed["observed"])
    return _SAME


def _equal(reference: Any, observed: Any) -> bool:
    """Equal as JSON: it tells true from 1, which Python's == does not."""
    if isinstance(reference, dict) and isinstance(observed, dict):
        return reference.keys() == observed.keys() and all(
            _equal(value, observed[key]) for key, value in reference.items()
        )
    if isinstance(reference, list) and isinstance(observed, list):
        return len(reference) == len(observed) and all(map(_equal, reference, observed))
    same_type = isinstance(reference, bool) == isinstance(observed, bool)
    return bool(same_type and reference == observed)


def _first_difference(reference: Any, observed: Any) -> str:
    if isinstance(reference, dict) and isinstance(observed, dict):
        gone = sorted(set(reference) - set(observed))
        new = sorted(set(observed) - set(reference))
        parts = [f"without {', '.join(gone)}"] if gone else []
        parts += [f"with {', '.join(new)}"] if new else []
        moved = [
            key
            for key in reference
            if key in observed and not _equal(reference[key], observed[key])
        ]
        parts += [f"{key}: {reference[key]!r} -> {observed[key]!r}" for key in moved]
        return "; ".join(parts)
    if isinstance(reference, list) and isinstance(observed, list):
        for index, (old, new_value) in enumerate(zip(reference, observed, strict=False)):
            if not _equal(old, new_value):
                return f"first difference at {index}: {old!r} -> {new_value!r}"
        return f"length {len(reference)} -> {len(observed)}"
    return f"{reference!r} -> {observed!r}"


def flatten(value: Any) -> Iterator[float]:
    """The numbers of a nested list, in order. None stands for not-a-number."""
    if isinstance(value, list):
        for item in value:
            yield from flatten(item)
    else:
        yield math.nan if value is None else float(value)


def shape(value: Any) -> tuple[int, ...]:
    """The shape of a nested list, taken along its first elements."""
    return (len(value), *shape(value[0])) if isinstance(value, list) and value else ()


def _compare_numeric(reference: Any, observed: Any, noise: Noise | None) -> Comparison:
    if shape(reference) != shape(observed):
        return Comparison(
            Agreement.CHANGED, detail=f"shape {shape(reference)} -> {shape(observed)}"
        )
    pairs = list(zip(flatten(reference), flatten(observed), strict=True))
    if any(math.isfinite(old) != math.isfinite(new) for old, new in pairs):
        return Comparison(Agreement.DRIFTED, math.inf, "a number became or stopped being finite")
    difference = max(
        (abs(old - new) for old, new in pairs if math.isfinite(old) and old != new), default=0.0
    )
    distance = in_noise(difference, noise)
    if difference <= tolerance(noise):
        return Comparison(Agreement.SAME, distance)
    return Comparison(Agreement.DRIFTED, distance, f"largest difference {difference:.3g}")


def in_noise(difference: float, noise: Noise | None) -> float:
    """`difference` in multiples of the noise; without noise any difference is infinite."""
    if difference == 0:
        return 0.0
    return difference / noise.spread if noise is not None and noise.spread > 0 else math.inf


def tolerance(noise: Noise | None) -> float:
    """How much two numbers may differ and be the same: nothing, where no noise is known."""
    return noise.tolerance(noise.level) if noise is not None else 0.0


def _compare_tokens(reference: Any, observed: Any, noise: Noise | None) -> Comparison:
    """Where the ids part, whether that is a tie that flipped; the gaps, where they do not."""
    found = where_parted(reference, observed, tolerance(noise))
    if found is None:
        return _compare_numeric(reference["gaps"], observed["gaps"], noise)
    old, new = found.baseline_id, found.candidate_id
    if old is None or new is None:
        lengths = [len(each["ids"]) for each in (reference, observed)]
        return Comparison(Agreement.CHANGED, detail=f"length {lengths[0]} -> {lengths[1]}")
    gaps = [math.inf if gap is None else gap for gap in (found.baseline_gap, found.candidate_gap)]
    distance = in_noise(sum(gaps), noise)
    detail = (
        f"parts at token {found.position} ({old} -> {new}), "
        f"top-2 gaps there {gaps[0]:.3g} and {gaps[1]:.3g}"
    )
    if found.verdict == "tie":
        return Comparison(Agreement.DRIFTED, distance, detail + ": a tie that flipped")
    return Comparison(Agreement.CHANGED, distance, detail)


def _compare_cost(reference: float, observed: float, unit: str) -> Comparison:
    ratio_allowed, slack = COST_BANDS.get(unit, (math.inf, 0.0))
    ratio = observed / reference if reference else math.inf
    if abs(observed - reference) <= slack or 1 / ratio_allowed <= ratio <= ratio_allowed:
        return Comparison(Agreement.SAME, ratio)
    heavier = Agreement.HEAVIER if unit == "bytes" else Agreement.SLOWER
    lighter = Agreement.LIGHTER if unit == "bytes" else Agreement.FASTER
    return Comparison(heavier if ratio > 1 else lighter, ratio, f"ratio {ratio:.3f}")
