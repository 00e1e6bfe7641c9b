"""From generations to an interval of the ratio.

A generation's change has two errors: of its rounds, which the bootstrap knows, and of its three
processes, which nothing within the generation knows. Were the processes as far apart as the
prior says, a change had the variance 3/2 s^2 + e^2 (the mean of two processes is subtracted
from one) and a control, the difference of two, 2 s^2 + f^2, where e^2 and f^2 are the means of
the generations' squared errors: those of single generations are too uncertain to weigh by. How
much farther the generations really are apart is a Birge ratio: the mean square of their
deviations in units of that, G from the controls, whose mean is known to be 0, and G - 1 from
the scatter of the changes, with the prior's degrees at 1 (Birge 1932; a scaled inverse
chi-square prior of the variance, Gelman et al., "Bayesian data analysis", 2.6). Change and
control of three exchangeable processes are uncorrelated, so none counts twice. The interval
is Student's, with all those degrees, at a level that rises with the number of looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.bench.generations import Generation, quiet
from harness.bench.priors import LEVEL, Prior
from harness.vocabulary.costs import Interval


@dataclass(frozen=True)
class Estimate:
    """Ratios with their intervals.

    `control_of_rounds` is how far the control is from the baseline in these very processes,
    whatever other processes would be: the interval of the rounds alone, None without several
    rounds. `quiet` is the change of the quieter processes alone, `cpu` the change in seconds
    of processor.
    """

    change: Interval
    control: Interval
    control_of_rounds: Interval | None
    quiet: float
    cpu: float | None


def estimate(generations: Sequence[Generation], prior: Prior) -> Estimate:
    """The ratios of at least one generation."""
    count = len(generations)
    processes = prior.spread**2
    variance = 1.5 * processes + _mean([each.change_error**2 for each in generations])
    of_control = 2.0 * processes + _mean([each.control_error**2 for each in generations])
    change = _mean([each.change for each in generations])
    control = _mean([each.control for each in generations])
    squares = math.fsum(
        (each.change - change) ** 2 / variance + each.control**2 / of_control
        for each in generations
    )
    known = _known(prior, 1.5 * processes / variance, sum(each.rounds - 1 for each in generations))
    degrees = known + 2 * count - 1
    birge = (known + squares) / degrees
    cpu = [each.cpu for each in generations if each.cpu is not None]
    return Estimate(
        _interval(change, math.sqrt(birge * variance / count), degrees, count),
        _interval(control, math.sqrt(birge * of_control / count), degrees, count),
        _of_rounds(generations, control),
        math.exp(quiet(generations)),
        math.exp(_mean(cpu)) if len(cpu) == count else None,
    )


def _of_rounds(generations: Sequence[Generation], control: float) -> Interval | None:
    degrees = sum(each.rounds - 1 for each in generations)
    if not degrees:
        return None
    error = math.sqrt(sum(each.control_error**2 for each in generations)) / len(generations)
    return _interval(control, error, degrees, len(generations))


def _known(prior: Prior, share: float, degrees: int) -> float:
    """The degrees at which the expected variance is known.

    Those of the prior where `share`, the processes' part of it, is all; fewer where rounds have
    a part in it, whose own variance is known from a few of them (Satterthwaite 1946).
    """
    rounds = (1.0 - share) ** 2 / degrees if degrees else 0.0
    return 1.0 / (1.0 / prior.degrees + rounds)


def _interval(centre: float, error: float, degrees: float, looks: int) -> Interval:
    """Student's, wider at later looks: each may err by as much as a share of the whole."""
    from scipy.stats import t

    half = float(t.isf((1.0 - LEVEL) / looks / 2.0, degrees)) * error
    return Interval(math.exp(centre), math.exp(centre - half), _exp(centre + half))


def _exp(power: float) -> float:
    return math.exp(power) if power < 700 else math.inf


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
