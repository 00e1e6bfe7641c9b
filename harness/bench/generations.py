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
`log(candidate) - (log(baseline) + log(control)) / 2` would call identical arms 1 to 2 % apart
there, since the mean of two is disturbed oftener than one.
"""

RESAMPLES = 499
"""Of the rounds: the standard error is then known to 3 % of itself."""

Turns = tuple[float, float, float]
"""Baseline, candidate and control in one round."""


@dataclass(frozen=True)
class Generation:
    """Candidate over baseline and control over baseline, as logarithms, with standard errors.

    The errors are of the rounds alone, 0 for a single round. `levels` are the logarithms of
    baseline, candidate and control that both come from. `cpu` is the change in seconds of
    processor.
    """

    change: float
    change_error: float
    control: float
    control_error: float
    rounds: int
    levels: Turns
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
    change_error, control_error = _errors(values)
    levels = _levels(values)
    cpu = tuple(turns for arms in rounds if (turns := _processor(arms)))
    return Generation(
        change=_change(levels),
        change_error=change_error,
        control=levels[2] - levels[0],
        control_error=control_error,
        rounds=len(rounds),
        levels=levels,
        cpu=_change(_levels(cpu)) if cpu else None,
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


def quiet(generations: Sequence[Generation]) -> float:
    """The change between the arms' quieter processes, as a logarithm: quartiles over generations.

    A mean is moved by a few generations that somebody disturbed; this is not.
    """
    return _change(_levels(tuple(each.levels for each in generations)))


def _change(levels: Turns) -> float:
    baseline, candidate, control = levels
    return candidate - (baseline + control) / 2


def _levels(turns: tuple[Turns, ...]) -> Turns:
    import numpy

    b, c, k = numpy.quantile(numpy.array(turns), QUANTILE, axis=0)
    return float(b), float(c), float(k)


@lru_cache(maxsize=4096)
def _errors(turns: tuple[Turns, ...]) -> tuple[float, float]:
    """The bootstrap's standard errors of change and control, rounds resampled whole.

    Kept, since a decision looks at the earlier generations again.
    """
    if len(turns) == 1:
        return 0.0, 0.0
    import numpy
    from scipy.stats import bootstrap

    b, c, k = numpy.array(turns).T
    errors = bootstrap(
        (b, c, k),
        _change_and_control,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=numpy.random.default_rng(0),
    ).standard_error
    # Resampling n rounds finds (n - 1) / n of the variance (Efron and Tibshirani, "An introduction
    # to the bootstrap", 1993, 5.3).
    change, control = errors * math.sqrt(len(turns) / (len(turns) - 1))
    return float(change), float(control)


def _change_and_control(baseline: Any, candidate: Any, control: Any, axis: int) -> Any:
    import numpy

    b, c, k = (numpy.quantile(each, QUANTILE, axis=axis) for each in (baseline, candidate, control))
    return numpy.stack([c - (b + k) / 2, k - b])
