"""What each measured number is allowed from now on, beside what its bound allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.calibration.kept import provenance
from harness.calibration.spreads import Calibration, Number
from harness.vocabulary.cells import PRECISIONS
from harness.vocabulary.comparison import flatten
from harness.vocabulary.noise import known
from harness.vocabulary.observations import BOUNDS, bound

_PRECISION = re.compile(rf"-({'|'.join(PRECISIONS)})-")


@dataclass(frozen=True)
class Allowed:
    """`tolerance` is that within a kernel level; `bound` the one that it replaces."""

    number: Number
    tolerance: float
    bound: float

    @property
    def ratio(self) -> float:
        return self.tolerance / self.bound if self.bound else 0.0


def tolerances(calibration: Calibration) -> tuple[Allowed, ...]:
    """Every number, those that are allowed most beside their bound first."""
    found = (_allowed(calibration, number) for number in calibration.numbers)
    return tuple(sorted(found, key=lambda each: -each.ratio))


def _allowed(calibration: Calibration, number: Number) -> Allowed:
    of = provenance(calibration, number.cell, "")
    precision, scale = _computed(number)
    here = of.recorded
    noise = known(number.spread, of, here, precision, scale)
    return Allowed(
        number, noise.tolerance(here.level), bound(precision, scale).tolerance(here.level)
    )


def _computed(number: Number) -> tuple[str, float]:
    """In which precision the number was computed, and the size of what was rounded there.

    Exactly as observed where the record has its bound; else by its cell and its own size.
    """
    noise = number.observation.noise
    if noise is not None and noise.provenance.startswith("bound "):
        precision = noise.provenance.removeprefix("bound ")
        return precision, noise.spread / BOUNDS[precision]
    found = _PRECISION.search(number.cell)
    value = number.observation.value
    numbers = value["gaps"] if number.observation.kind == "tokens" else value
    return found[1] if found else "float32", max(map(abs, flatten(numbers)), default=0.0)
