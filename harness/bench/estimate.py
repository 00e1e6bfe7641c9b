"""From generations to an interval of the ratio.

A generation's change has two errors: of its rounds, which the bootstrap knows, and of its three
processes, which nothing within the generation knows. Were the processes as far apart as the
prior says, the change of generation g had the variance 3/2 s^2 + e_g^2 (the mean of two
processes is subtracted from one) and its control, the difference of two, 2 s^2 + f_g^2. How
much farther the generations really are apart is a Birge ratio: the mean square of their
deviations in units of that, G from the controls, whose mean is known to be 0, and G - 1 from
the scatter of the changes, with the prior's degrees at 1 (Birge 1932; a scaled inverse
chi-square prior of the variance, Gelman et al., "Bayesian data analysis", 2.6). Change and
control of three exchangeable processes are uncorrelated, so none counts twice. The interval
is Student's, with all those degrees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.bench.generations import Generation
from harness.bench.priors import LEVEL, Prior
from harness.vocabulary.costs import Interval


@dataclass(frozen=True)
class Estimate:
    """Ratios with their intervals.

    `control_of_rounds` is how far the control is from the baseline in these very processes,
    whatever other processes would be: the interval of the rounds alone, None without several
    rounds. `cpu` is the change in seconds of processor.
    """

    change: Interval
    control: Interval
    control_of_rounds: Interval | None
    cpu: float | None


def estimate(generations: Sequence[Generation], prior: Prior) -> Estimate:
    """The ratios of at least one generation."""
    count = len(generations)
    processes = prior.spread**2
    variances = [1.5 * processes + each.change_error**2 for each in generations]
    controls = [2.0 * processes + each.control_error**2 for each in generations]
    change = _mean([each.change for each in generations])
    control = _mean([each.control for each in generations])
    squares = sum(
        (each.change - change) ** 2 / variance + each.control**2 / of_control
        for each, variance, of_control in zip(generations, variances, controls, strict=True)
    )
    degrees = prior.degrees + 2 * count - 1
    birge = (prior.degrees + squares) / degrees
    cpu = [each.cpu for each in generations if each.cpu is not None]
    return Estimate(
        _interval(change, math.sqrt(birge * sum(variances)) / count, degrees),
        _interval(control, math.sqrt(birge * sum(controls)) / count, degrees),
        _of_rounds(generations, control),
        math.exp(_mean(cpu)) if len(cpu) == count else None,
    )


def _of_rounds(generations: Sequence[Generation], control: float) -> Interval | None:
    degrees = sum(each.rounds - 1 for each in generations)
    if not degrees:
        return None
    error = math.sqrt(sum(each.control_error**2 for each in generations)) / len(generations)
    return _interval(control, error, degrees)


def _interval(centre: float, error: float, degrees: float) -> Interval:
    from scipy.stats import t

    half = float(t.ppf((1 + LEVEL) / 2, degrees)) * error
    return Interval(math.exp(centre), math.exp(centre - half), _exp(centre + half))


def _exp(power: float) -> float:
    return math.exp(power) if power < 700 else math.inf


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
