"""What one generation says: how far its three processes are apart, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.vocabulary.costs import ROLES, Quantity, Role, Sample

QUANTILE = 0.25
"""An arm's cost within a generation is this quantile of its turns.

What disturbs a turn only ever makes it longer, so low quantiles are the undisturbed cost (Chen
and Revels, "Robust benchmarking in noisy environments", 2016); the minimum itself would be one
turn. With a third of the turns disturbed by half their length and 10 rounds the quartile's
error is 0.7 %, the median's 3 %; on an idle machine 0.24 % against 0.21 %. The median of
`log(candidate) - (log(baseline) + log(control)) / 2` would call identical arms 2 % apart
there, since the mean of two is disturbed oftener than one.
"""

RESAMPLES = 499
"""Of the rounds: the standard error is then known to 3 % of itself."""

Turns = tuple[float, float, float]
"""Baseline, candidate and control in one round."""


@dataclass(frozen=True)
class Generation:
    """Candidate over baseline and control over baseline, as logarithms, with standard errors.

    The errors are of the rounds alone, 0 for a single round. `cpu` is the change in seconds
    of processor.
    """

    change: float
    change_error: float
    control: float
    control_error: float
    rounds: int
    cpu: float | None = None


def floor(quantity: Quantity) -> float:
    """The least that is told apart: memory that remains may be 0 or less, and has no ratio.

    Bytes below what is worth a verdict count as that much.
    """
    return max(quantity.least, 1.0) if quantity.unit == "bytes" else 1e-12


def generations(quantity: Quantity, samples: Iterable[Sample]) -> tuple[Generation, ...]:
    """One for each generation that has a round with all three arms; other rounds are left out."""
    found: dict[int, dict[int, dict[Role, Sample]]] = {}
    for sample in samples:
        if sample.quantity == quantity.id and math.isfinite(sample.value):
            rounds = found.setdefault(sample.generation, {})
            rounds.setdefault(sample.round, {})[sample.role] = sample
    complete = (
        [arms for _, arms in sorted(rounds.items()) if len(arms) == len(ROLES)]
        for _, rounds in sorted(found.items())
    )
    return tuple(_generation(quantity, rounds) for rounds in complete if rounds)


def _generation(quantity: Quantity, rounds: Sequence[Mapping[Role, Sample]]) -> Generation:
    values = tuple(_logarithms(arms, quantity) for arms in rounds)
    change, control, change_error, control_error = _apart(values)
    cpu = tuple(turns for arms in rounds if (turns := _processor(arms)))
    return Generation(
        change,
        change_error,
        control,
        control_error,
        len(rounds),
        _location(cpu) if cpu else None,
    )


def _logarithms(arms: Mapping[Role, Sample], quantity: Quantity) -> Turns:
    b, c, k = (math.log(max(arms[role].value, floor(quantity))) for role in ROLES)
    return b, c, k


def _processor(arms: Mapping[Role, Sample]) -> Turns | None:
    seconds = [arms[role].cpu for role in ROLES]
    if any(each is None or not each > 0 for each in seconds):
        return None
    b, c, k = (math.log(each) for each in seconds if each)
    return b, c, k


def _location(turns: tuple[Turns, ...]) -> float:
    import numpy

    baseline, candidate, control = numpy.array(turns).T
    return float(_change_and_control(baseline, candidate, control, axis=-1)[0])


@lru_cache(maxsize=4096)
def _apart(turns: tuple[Turns, ...]) -> tuple[float, float, float, float]:
    """Change, control, and the bootstrap's standard errors, rounds resampled whole.

    Kept, since a decision looks at the earlier generations again.
    """
    import numpy
    from scipy.stats import bootstrap

    b, c, k = numpy.array(turns).T
    change, control = _change_and_control(b, c, k, axis=-1)
    if len(turns) == 1:
        return float(change), float(control), 0.0, 0.0
    errors = bootstrap(
        (b, c, k),
        _change_and_control,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=numpy.random.default_rng(0),
    ).standard_error
    return float(change), float(control), float(errors[0]), float(errors[1])


def _change_and_control(baseline: Any, candidate: Any, control: Any, axis: int) -> Any:
    import numpy

    b, c, k = (numpy.quantile(each, QUANTILE, axis=axis) for each in (baseline, candidate, control))
    return numpy.stack([c - (b + k) / 2, k - b])
