"""Generated ids that part: a tie that flipped, or a change. The one definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.vocabulary.located import Parting


def where_parted(
    baseline: dict[str, Any], candidate: dict[str, Any], allowed: float
) -> Parting | None:
    """Where two values `{"ids": [...], "gaps": [...]}` part; None where their ids are the same.

    Where the baseline takes x over y by a gap g, and the candidate takes y over x by a gap h,
    the logits of x and y moved against each other by at least g + h (the runner-up on either
    side may be a third: then by more). A tie is where noise moves them that far, which is
    `allowed`. An end that one side reached and the other did not, and a gap that is no number,
    is a change.
    """
    old, new = baseline["ids"], candidate["ids"]
    at = _first_difference(old, new)
    if at is None:
        return None
    gaps = _at(baseline["gaps"], at), _at(candidate["gaps"], at)
    ids = _at(old, at), _at(new, at)
    known = None not in (*gaps, *ids)
    tie = known and gaps[0] + gaps[1] <= allowed
    return Parting(
        verdict="tie" if tie else "change",
        position=at,
        baseline_id=ids[0],
        candidate_id=ids[1],
        baseline_gap=gaps[0],
        candidate_gap=gaps[1],
        allowed=allowed,
        moved_from=_moved(baseline["gaps"][:at], candidate["gaps"][:at], allowed),
    )


def _first_difference(old: Sequence[int], new: Sequence[int]) -> int | None:
    for index, (a, b) in enumerate(zip(old, new, strict=False)):
        if a != b:
            return index
    return None if len(old) == len(new) else min(len(old), len(new))


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _moved(old: Sequence[float | None], new: Sequence[float | None], allowed: float) -> int | None:
    """A gap that is no number (None) on both sides has not moved."""
    for index, (a, b) in enumerate(zip(old, new, strict=False)):
        if (a is None) != (b is None) or (a is not None and b is not None and abs(a - b) > allowed):
            return index
    return None
