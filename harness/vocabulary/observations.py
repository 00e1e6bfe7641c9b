"""Observations: values that behaviours measured, and how each may be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["exact", "surface", "numeric", "tokens", "cost", "claim"]

BOUNDS: dict[str, float] = {
    "float32": 1.3e-6,
    "float16": 1e-3,
    "bfloat16": 1.6e-2,
    "int8": 1e-3,
    "nf4": 1.3e-6,
    "fp4": 1.3e-6,
}
"""Relative bound on the noise of a number until its noise was measured.

For the floating point types the relative tolerances of `torch.testing.assert_close`; nf4
and fp4 compute in float32 here; int8 rounds activations too, so that float32 noise is
amplified where a value sits on a rounding edge.
"""

BOUND_FACTOR = 10.0
"""A number within this many times the bound of its precision is the same number."""


@dataclass(frozen=True)
class Noise:
    """The spread of a number over runs that should agree, in the number's own unit.

    `provenance` says how it is known: `bound float32`; `measured` with the conditions; or
    `borrowed`, measured on another class of device or processor. `allowed` is how far a number
    may lie from another and still be the same, `across` how far where the two ran at different
    kernel levels; `level` is the one that this number ran at.
    """

    spread: float
    provenance: str
    allowed: float | None = None
    across: float | None = None
    level: str = ""

    @property
    def borrowed(self) -> bool:
        return self.provenance.startswith("borrowed")

    def tolerance(self, level: str) -> float:
        """How far this number may lie from one that ran at kernel level `level`."""
        allowed = self.spread * BOUND_FACTOR if self.allowed is None else self.allowed
        if level == self.level or self.across is None:
            return allowed
        return max(allowed, self.across)


@dataclass(frozen=True)
class Axes:
    """What the rows and columns of a matrix are, so that it can be drawn as a heatmap.

    `row_names` and `column_names` name each row and column, or are empty: then they are
    numbered from 0. `full` is the size that is drawn in full colour, such as 1 for a score
    or an attention weight; without it, the largest in the matrix.
    """

    rows: str
    columns: str
    row_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
    full: float | None = None


@dataclass(frozen=True)
class Observation:
    """One value that a behaviour measured.

    `value` is JSON: for `surface` an object of short texts, of which more is no change; for
    `numeric` a number or a (nested) list of numbers; for `tokens` `{"ids": [...], "gaps": [...]}`,
    where a gap is the difference of the top two logits at the step that chose the id; for `cost`
    a number of seconds or bytes; for `claim`, whose name is the claim's id, `{"holds": bool,
    "observed": any, "steady": bool}`. `axes` name the two dimensions of a matrix that is worth a
    picture.
    """

    name: str
    kind: Kind
    value: Any
    unit: str = ""
    noise: Noise | None = None
    axes: Axes | None = None


def bound(precision: str | None, scale: float) -> Noise:
    """The noise to assume for a number of size `scale` computed in `precision`, unmeasured."""
    name = precision or "float32"
    return Noise(BOUNDS[name] * abs(scale), f"bound {name}")
