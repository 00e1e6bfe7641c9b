"""What is said of samples whose truth is known by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest
from bench_world import DECODE, IMPORT, PEAK

from harness.bench.decide import compared, decide, settled
from harness.bench.generations import generations
from harness.vocabulary.costs import ROLES, CostVerdict, Quantity, Role, Sample

Values = Mapping[Role, float]


def sampled(
    quantity: Quantity, rounds: Sequence[Sequence[Values]], cpu: Values | None = None
) -> list[Sample]:
    """Samples of `rounds` by generation; `cpu` alike in every turn."""
    return [
        Sample(quantity.id, role, g, r, place, arms[role], cpu[role] if cpu else None)
        for g, generation in enumerate(rounds)
        for r, arms in enumerate(generation)
        for place, role in enumerate(ROLES)
    ]


def arms(baseline: float, candidate: float, control: float) -> Values:
    return {"baseline": baseline, "candidate": candidate, "control": control}


def alike(values: Values, generations: int = 3, rounds: int = 6) -> list[list[Values]]:
    return [[values] * rounds] * generations


def test_ratio_is_candidate_over_the_geometric_mean_of_both_baselines() -> None:
    made = decide(DECODE, sampled(DECODE, alike(arms(1.0, 3.0, 2.25))), finished=True)
    assert made.change.ratio == pytest.approx(3.0 / 1.5)
    assert made.control.ratio == pytest.approx(2.25)
    assert (made.generations, made.rounds) == (3, 18)


def test_interval_of_quiet_rounds_is_students_with_the_prior_and_its_degrees() -> None:
    # By hand, with spread 1 % and 6 degrees: a Birge ratio of 6/9 as nothing scatters, so an error
    # of sqrt(2/3 * 3/2 / 2) * 1 % = 0.7071 %; at the second look 0.05 % may err, and a table of
    # Student's t has 5.291 as the 99.975th percentile with 9 degrees: 3.741 %.
    made = decide(DECODE, sampled(DECODE, alike(arms(1, 1, 1), generations=2)), finished=True)
    assert math.log(made.change.high) == pytest.approx(0.03741, rel=1e-3)
    assert math.log(made.change.low) == pytest.approx(-0.03741, rel=1e-3)


@pytest.mark.parametrize(
    ("quantity", "candidate", "verdict"),
    [
        (DECODE, 1.2, CostVerdict.SLOWER),
        (DECODE, 1 / 1.2, CostVerdict.FASTER),
        (DECODE, 1.0, CostVerdict.SAME),
        (PEAK, 1.2e9, CostVerdict.HEAVIER),
        (PEAK, 1e9 / 1.2, CostVerdict.LIGHTER),
        (PEAK, 1e9, CostVerdict.SAME),
    ],
)
def test_verdict_has_the_direction_and_the_word_of_its_unit(
    quantity: Quantity, candidate: float, verdict: CostVerdict
) -> None:
    of = 1e9 if quantity.unit == "bytes" else 1.0
    made = decide(quantity, sampled(quantity, alike(arms(of, candidate, of))), finished=True)
    assert made.verdict is verdict
    assert settled(made)


def test_one_generation_gives_no_verdict_however_clear() -> None:
    samples = sampled(DECODE, alike(arms(1.0, 9.0, 1.0), generations=1, rounds=40))
    made = decide(DECODE, samples, finished=True)
    assert made.verdict is CostVerdict.INCONCLUSIVE
    assert "1 generation" in made.reason
    assert not settled(made)


def test_little_change_asks_for_a_third_generation_while_there_is_time() -> None:
    samples = sampled(DECODE, alike(arms(1.0, 1.08, 1.0), generations=2))
    going_on = decide(DECODE, samples, finished=False)
    assert going_on.verdict is CostVerdict.INCONCLUSIVE
    assert "needs 3 generations" in going_on.reason
    assert decide(DECODE, samples, finished=True).verdict is CostVerdict.SLOWER


def test_change_within_the_margin_is_the_same_however_sure() -> None:
    samples = sampled(DECODE, alike(arms(1.0, 1.015, 1.0), generations=30))
    made = decide(DECODE, samples, finished=False)
    assert made.change.low > 1.0
    assert made.verdict is CostVerdict.SAME


def test_change_beyond_the_margin_is_not_called_the_same_before_the_budget_ends() -> None:
    # Between the margin and the resolution, with an interval that still reaches 1: two
    # generations could end either way.
    samples = sampled(DECODE, alike(arms(1.0, 1.0205, 1.0), generations=3))
    going_on = decide(DECODE, samples, finished=False)
    assert going_on.change.low < 1.0 < going_on.change.high < 1.05
    assert going_on.verdict is CostVerdict.INCONCLUSIVE
    assert decide(DECODE, samples, finished=True).verdict is CostVerdict.SAME


def test_control_that_moved_forbids_a_verdict() -> None:
    samples = sampled(DECODE, alike(arms(1.0, 1.10, 1.04), generations=20))
    made = decide(DECODE, samples, finished=True)
    assert made.change.low > 1.0
    assert made.verdict is CostVerdict.INCONCLUSIVE
    assert "control itself moved by +4.0%" in made.reason


def test_control_that_moved_forbids_to_call_arms_the_same() -> None:
    samples = sampled(DECODE, alike(arms(1.0, 1.02, 1.04), generations=20))
    assert decide(DECODE, samples, finished=True).verdict is CostVerdict.INCONCLUSIVE


def test_control_that_moved_does_not_hide_a_change_a_hundredfold() -> None:
    samples = sampled(DECODE, alike(arms(1.0, 0.01, 1.04), generations=3))
    assert decide(DECODE, samples, finished=True).verdict is CostVerdict.FASTER


def test_processes_that_disagree_leave_it_open() -> None:
    slow, fast = arms(1.0, 1.3, 1.0), arms(1.0, 0.9, 1.0)
    made = decide(DECODE, sampled(DECODE, [[slow] * 40, [fast] * 40, [slow] * 40]), finished=True)
    assert made.verdict is CostVerdict.INCONCLUSIVE
    assert "wider than 5%" in made.reason


def test_change_below_what_is_worth_a_verdict_is_the_same() -> None:
    few = Quantity("memory/remains", "bytes", repeats=False, least=1e6)
    samples = sampled(few, alike(arms(2e6, 2.4e6, 2e6), generations=3))
    made = decide(few, samples, finished=True)
    assert made.change.low > 1.0
    assert made.verdict is CostVerdict.SAME


@pytest.mark.parametrize(
    ("quantity", "of", "least"),
    [
        (Quantity("model/decode@64x1", "s", "token", least=2e-5), 1e-5, "20 µs"),
        (Quantity("load/seconds", "s", least=0.005), 4e-3, "5 ms"),
        (Quantity("memory/remains", "bytes", repeats=False, least=4 * 2**20), 8e6, "4 MiB"),
    ],
)
def test_what_is_the_same_only_since_it_is_little_says_so(
    quantity: Quantity, of: float, least: str
) -> None:
    little = sampled(quantity, alike(arms(of, 1.3 * of, of)))
    made = decide(quantity, little, finished=True)
    assert made.verdict is CostVerdict.SAME
    assert made.change.high > 1.05
    assert f", but less than {least} to either side" in made.reason
    narrow = decide(quantity, sampled(quantity, alike(arms(1e9, 1e9, 1e9))), finished=True)
    assert (narrow.verdict, narrow.reason) == (CostVerdict.SAME, "")


def test_memory_that_remains_may_be_nothing_or_negative() -> None:
    few = Quantity("memory/remains", "bytes", repeats=False, least=1e6)
    nothing = sampled(few, alike(arms(0.0, -4096.0, 8192.0), generations=3))
    assert decide(few, nothing, finished=True).verdict is CostVerdict.SAME
    copy = sampled(few, alike(arms(0.0, 5e8, 8192.0), generations=3))
    assert decide(few, copy, finished=True).verdict is CostVerdict.HEAVIER


def test_wall_time_without_processor_time_needs_four_generations() -> None:
    wall, cpu = arms(1.0, 1.3, 1.0), arms(2.0, 2.0, 2.0)
    three = decide(DECODE, sampled(DECODE, alike(wall, 3), cpu), finished=True)
    assert three.verdict is CostVerdict.INCONCLUSIVE
    assert "processor time by +0.0%" in three.reason
    four = decide(DECODE, sampled(DECODE, alike(wall, 4), cpu), finished=True)
    assert four.verdict is CostVerdict.SLOWER
    assert four.cpu == pytest.approx(1.0)


def test_processor_time_that_moved_along_confirms_wall_time() -> None:
    samples = sampled(DECODE, alike(arms(1.0, 1.3, 1.0), 2), arms(2.0, 2.6, 2.0))
    made = decide(DECODE, samples, finished=True)
    assert made.verdict is CostVerdict.SLOWER
    assert made.cpu == pytest.approx(1.3)


def test_few_disturbed_processes_are_not_believed_against_the_quiet_ones() -> None:
    # 12 of 20 imports of the candidate waited: sure to be slower on average, and not by itself.
    quiet, waited = arms(1.0, 1.0, 1.0), arms(1.0, 1.3, 1.0)
    made = decide(IMPORT, sampled(IMPORT, [[quiet]] * 8 + [[waited]] * 12), finished=True)
    assert made.change.low > 1.0
    assert made.verdict is CostVerdict.INCONCLUSIVE
    assert made.reason == "in the quieter processes it is +0.0%"


def test_no_load_explains_a_ratio_of_four() -> None:
    samples = sampled(DECODE, alike(arms(1.0, 4.0, 1.0), 2), arms(2.0, 2.0, 2.0))
    assert decide(DECODE, samples, finished=True).verdict is CostVerdict.SLOWER


def test_rounds_that_lack_an_arm_or_a_number_are_left_out() -> None:
    whole = sampled(DECODE, alike(arms(1.0, 1.0, 1.0), generations=1, rounds=6))
    lacking = [Sample(DECODE.id, "baseline", 0, 6, 0, 50.0)]
    broken = sampled(DECODE, [[arms(1.0, math.nan, 1.0)]])
    at_seven = [Sample(DECODE.id, each.role, 0, 7, 0, each.value) for each in broken]
    assert generations(DECODE, whole + lacking + at_seven) == generations(DECODE, whole)


def test_nothing_measured_is_inconclusive() -> None:
    made = decide(DECODE, [], finished=True)
    assert made.verdict is CostVerdict.INCONCLUSIVE
    assert (made.generations, made.rounds) == (0, 0)
    assert made.reason == "no round has all three arms"


def test_other_quantities_are_left_out() -> None:
    samples = sampled(DECODE, alike(arms(1.0, 2.0, 1.0))) + sampled(
        IMPORT, alike(arms(1.0, 1.0, 1.0), rounds=1)
    )
    made = compared(DECODE, samples, decide(DECODE, samples, finished=True))
    assert made.decision.rounds == 18
    assert {each.quantity for each in made.samples} == {DECODE.id}
    assert (made.baseline, made.candidate) == (1.0, 2.0)


def test_a_decision_depends_on_the_samples_alone() -> None:
    samples = sampled(DECODE, [[arms(1 + r / 99, 1.1, 1.05 - r / 80) for r in range(9)]] * 3)
    assert decide(DECODE, samples, finished=True) == decide(
        DECODE, list(reversed(samples)), finished=True
    )


def test_a_drift_cancels_in_the_reversed_rounds() -> None:
    # Every turn 1 % slower than the one before: 3 turns a round, 12 rounds, no difference.
    drifting = [
        Sample(DECODE.id, role, g, r, place, 1.01 ** (3 * r + place))
        for g in range(3)
        for r in range(12)
        for place, role in enumerate(ROLES if r % 2 == 0 else ROLES[::-1])
    ]
    made = decide(DECODE, drifting, finished=True)
    assert made.change.ratio == pytest.approx(1.0, abs=0.01)
    assert made.verdict not in (CostVerdict.SLOWER, CostVerdict.FASTER)
