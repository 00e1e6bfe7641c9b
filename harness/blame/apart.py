"""How far two captured tensors lie apart, and whether that is beyond noise. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.vocabulary.captures import TensorSeen
from harness.vocabulary.noise import ULPS, factor

_EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
_FLOATS = frozenset(_EPSILON)
_FEW = 20.0
"""The factor of `harness.vocabulary.noise.FACTORS` for the fewest runs that say anything."""


@dataclass(frozen=True)
class Apart:
    """The distance of one tensor between the stacks.

    `size` is the Euclidean norm of the difference, `relative` that in units of the baseline's
    norm, `allowed` what noise allows of `size`. `words` say it where no distance can: another
    shape, another number of infinite entries. `bits` tells whether they differ at all.
    """

    part: str
    size: float
    relative: float
    allowed: float
    bits: bool
    words: str = ""

    @property
    def beyond(self) -> bool:
        """Beyond noise."""
        return bool(self.words) or self.size > self.allowed


def comparable(first: TensorSeen, second: TensorSeen) -> bool:
    """Two masks of different types say the same in other numbers: such are not compared."""
    return (first.dtype in _FLOATS) == (second.dtype in _FLOATS)


def apart(baseline: Sequence[TensorSeen], candidate: Sequence[TensorSeen]) -> Apart:
    """One tensor in every pass of both sides, each side in the same conditions.

    Noise is the largest distance between passes of one side, times the factor that belongs to
    so few of them (`harness.vocabulary.noise.FACTORS`), but at least ULPS units in the last
    place of the tensor's norm. The distance is the smallest under one condition: a tensor that
    parts does so under all of them.
    """
    old, new = baseline[0], candidate[0]
    bits = all(a.digest != b.digest for a, b in zip(baseline, candidate, strict=False))
    words = _incomparable(old, new)
    if words:
        return Apart(old.part, math.inf, math.inf, 0.0, bits, words)
    size = min(distance(a, b) for a, b in zip(baseline, candidate, strict=False))
    return Apart(
        part=old.part,
        size=size,
        relative=size / old.norm if old.norm else (math.inf if size else 0.0),
        allowed=_allowed(baseline, candidate),
        bits=bits,
    )


def distance(first: TensorSeen, second: TensorSeen) -> float:
    """An estimate, within about 10 %, of the norm of the difference of two tensors."""
    return math.dist(first.sketch, second.sketch)


def _allowed(baseline: Sequence[TensorSeen], candidate: Sequence[TensorSeen]) -> float:
    freedom = len(baseline) + len(candidate) - 2
    spread = max([*_distances(baseline), *_distances(candidate)], default=0.0)
    norm = max(baseline[0].norm, candidate[0].norm)
    epsilon = max(_EPSILON.get(baseline[0].dtype, 0.0), _EPSILON.get(candidate[0].dtype, 0.0))
    return max((factor(freedom) or _FEW) * spread, ULPS * epsilon * norm)


def _distances(passes: Iterable[TensorSeen]) -> list[float]:
    return [distance(first, second) for first, second in combinations(passes, 2)]


def _incomparable(old: TensorSeen, new: TensorSeen) -> str:
    if old.shape != new.shape:
        return f"shape {list(old.shape)} -> {list(new.shape)}"
    if old.infinite != new.infinite:
        return f"entries that are no finite number: {old.infinite} -> {new.infinite}"
    return ""
