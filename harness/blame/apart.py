"""How far two captured tensors lie apart, and whether that is beyond noise. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import combinations

from harness.vocabulary.captures import TensorSeen
from harness.vocabulary.located import Apart
from harness.vocabulary.noise import factor
from harness.vocabulary.observations import BOUNDS

ROUNDING = {"float64": 1e-7, **{name: BOUNDS[name] for name in ("float32", "float16", "bfloat16")}}
"""By type: how far two orders of summing may lie apart, relative to the tensor's norm.

The relative tolerances of `torch.testing.assert_close`. Numbers of other types are exact.
"""

_FEW = 20.0
"""The factor of `harness.vocabulary.noise.FACTORS` for the fewest runs that say anything."""


def comparable(first: TensorSeen, second: TensorSeen) -> bool:
    """Two masks of different types say the same in other numbers: such are not compared."""
    return (first.dtype in ROUNDING) == (second.dtype in ROUNDING)


def apart(baseline: Sequence[TensorSeen], candidate: Sequence[TensorSeen]) -> Apart:
    """One tensor in every pass of both sides, each side in the same conditions.

    Noise is the largest distance between passes of one side, times the factor that belongs to
    so few of them (`harness.vocabulary.noise.FACTORS`), but at least ROUNDING. The distance is
    the smallest under one condition: a tensor that parts does so under all of them.
    """
    old, new = baseline[0], candidate[0]
    bits = all(a.digest != b.digest for a, b in zip(baseline, candidate, strict=False))
    words = _incomparable(old, new)
    if words:
        return Apart(old.part, math.inf, old.norm, 0.0, bits, words=words)
    size = min(distance(a, b) for a, b in zip(baseline, candidate, strict=False))
    return Apart(
        part=old.part,
        size=size,
        norm=old.norm,
        allowed=_allowed(baseline, candidate),
        bits=bits,
        rounding=_rounding(old, new),
    )


def distance(first: TensorSeen, second: TensorSeen) -> float:
    """An estimate, within about 10 %, of the norm of the difference of two tensors."""
    return math.dist(first.sketch, second.sketch)


def _allowed(baseline: Sequence[TensorSeen], candidate: Sequence[TensorSeen]) -> float:
    freedom = len(baseline) + len(candidate) - 2
    spread = max([*_distances(baseline), *_distances(candidate)], default=0.0)
    norm = max(baseline[0].norm, candidate[0].norm)
    rounding = _rounding(baseline[0], candidate[0]) * norm
    return max((factor(freedom) or _FEW) * spread, rounding)


def _rounding(old: TensorSeen, new: TensorSeen) -> float:
    return max(ROUNDING.get(old.dtype, 0.0), ROUNDING.get(new.dtype, 0.0))


def _distances(passes: Iterable[TensorSeen]) -> list[float]:
    return [distance(first, second) for first, second in combinations(passes, 2)]


def _incomparable(old: TensorSeen, new: TensorSeen) -> str:
    if old.shape != new.shape:
        return f"shape {list(old.shape)} -> {list(new.shape)}"
    if old.infinite != new.infinite:
        return f"entries that are no finite number: {old.infinite} -> {new.infinite}"
    return ""
