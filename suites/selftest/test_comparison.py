"""Comparison rules, each against a case worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.blame.ties import parting
from harness.vocabulary.comparison import Agreement, compare, in_noise, shape
from harness.vocabulary.observations import BOUNDS, Noise, Observation, bound

TENTH = Noise(0.1, "by hand")


def numeric(value: object, noise: Noise | None = TENTH) -> Observation:
    return Observation("x", "numeric", value, noise=noise)


def tokens(ids: list[int], gaps: list[float | None], noise: Noise | None = TENTH) -> Observation:
    return Observation("x", "tokens", {"ids": ids, "gaps": gaps}, noise=noise)


def exact(value: object) -> Observation:
    return Observation("x", "exact", value)


def cost(value: float, unit: str = "bytes") -> Observation:
    return Observation("x", "cost", value, unit)


def claim(holds: bool, observed: object, steady: bool = True) -> Observation:
    return Observation("x", "claim", {"holds": holds, "observed": observed, "steady": steady})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (claim(True, 1), claim(True, 1), Agreement.SAME),
        (claim(True, 1), claim(False, 1), Agreement.CHANGED),
        (claim(False, 1), claim(False, 2), Agreement.CHANGED),
        (claim(True, 1.0, steady=False), claim(True, 2.0, steady=False), Agreement.SAME),
        (claim(True, 1.0, steady=False), claim(False, 1.0, steady=False), Agreement.CHANGED),
    ],
)
def test_a_claim_changes_with_its_truth_or_with_what_is_steadily_observed(
    old: Observation, new: Observation, expected: Agreement
) -> None:
    assert compare(old, new).agreement is expected


@pytest.mark.parametrize(
    ("difference", "expected"),
    [(0.0, Agreement.SAME), (0.99, Agreement.SAME), (1.01, Agreement.DRIFTED)],
)
def test_a_number_drifts_beyond_ten_times_its_noise(difference: float, expected: Agreement) -> None:
    assert compare(numeric(5.0), numeric(5.0 + difference)).agreement is expected


def test_the_distance_is_told_in_multiples_of_the_noise() -> None:
    assert compare(numeric([1.0, 2.0]), numeric([1.0, 4.0])).distance == pytest.approx(20.0)


def test_measured_noise_says_how_far_is_allowed() -> None:
    measured = Noise(0.1, "measured in 7 runs", allowed=0.3)
    assert compare(numeric(5.0, measured), numeric(5.29, measured)).agreement is Agreement.SAME
    assert compare(numeric(5.0, measured), numeric(5.31, measured)).agreement is Agreement.DRIFTED


def test_what_ran_at_another_kernel_level_may_lie_further_away() -> None:
    best = Noise(0.1, "measured in 7 runs", allowed=1.0, across=4.0, level="auto")
    least = replace(best, level="default")
    assert compare(numeric(5.0, best), numeric(8.0, best)).agreement is Agreement.DRIFTED
    apart = compare(numeric(5.0, best), numeric(8.0, least))
    assert apart.agreement is Agreement.SAME
    assert apart.distance == pytest.approx(3.0 / 0.4), "the noise between levels is four times it"
    assert compare(numeric(5.0, best), numeric(9.1, least)).agreement is Agreement.DRIFTED


def test_equal_ids_with_gaps_beyond_noise_drifted() -> None:
    noise = Noise(0.1, "measured in 7 runs", allowed=0.3)

    def tokens(gap: float) -> Observation:
        return Observation("ids", "tokens", {"ids": [1, 2], "gaps": [5.0, gap]}, noise=noise)

    assert compare(tokens(2.0), tokens(2.2)).agreement is Agreement.SAME
    assert compare(tokens(2.0), tokens(2.4)).agreement is Agreement.DRIFTED


def test_the_larger_noise_of_the_two_counts() -> None:
    quiet, loud = numeric(1.0, Noise(1e-6, "")), numeric(1.5, TENTH)
    assert compare(quiet, loud).agreement is Agreement.SAME
    assert compare(loud, quiet).agreement is Agreement.SAME


def test_without_noise_only_equal_numbers_agree() -> None:
    assert compare(numeric(1.0, None), numeric(1.0, None)).agreement is Agreement.SAME
    moved = compare(numeric(1.0, None), numeric(1.0 + 1e-15, None))
    assert moved.agreement is Agreement.DRIFTED
    assert moved.distance == math.inf


def test_a_table_of_another_shape_has_changed() -> None:
    result = compare(numeric([[1.0, 2.0]]), numeric([[1.0], [2.0]]))
    assert result.agreement is Agreement.CHANGED
    assert "(1, 2) -> (2, 1)" in result.detail


def test_a_number_that_stops_being_finite_drifts_whatever_the_noise() -> None:
    loud = Noise(math.inf, "")
    assert compare(numeric([1.0], loud), numeric([None], loud)).agreement is Agreement.DRIFTED


def test_numbers_that_are_not_finite_on_both_sides_agree() -> None:
    assert compare(numeric([None, 1.0]), numeric([None, 1.0])).agreement is Agreement.SAME


def test_exact_values_are_equal_or_have_changed_at_a_named_place() -> None:
    assert compare(exact([1, 2]), exact([1, 2])).agreement is Agreement.SAME
    result = compare(exact([1, 2, 3]), exact([1, 5, 3]))
    assert result.agreement is Agreement.CHANGED
    assert result.detail == "first difference at 1: 2 -> 5"


def test_exact_tells_true_from_one() -> None:
    assert compare(exact(True), exact(1)).agreement is Agreement.CHANGED
    assert compare(exact([True]), exact([1])).agreement is Agreement.CHANGED
    assert compare(exact({"a": 1}), exact({"a": 1.0})).agreement is Agreement.SAME


def test_a_dictionary_names_keys_gone_new_and_moved() -> None:
    detail = compare(exact({"a": 1, "b": 2}), exact({"b": 3, "c": 4})).detail
    assert detail == "without a; with c; b: 2 -> 3"


def greedy(*logits: list[float]) -> Observation:
    """What greedy decoding of these logits observes, a row a token."""
    ranked = [sorted(row) for row in logits]
    ids = [row.index(best[-1]) for row, best in zip(logits, ranked, strict=True)]
    return tokens(ids, [best[-1] - best[-2] for best in ranked])


LEADS, LEADS_BY_FAR = [4.0, 3.75, 0.0], [4.0, 0.5, 0.0]
FOLLOWS, FOLLOWS_BY_FAR = [3.75, 4.25, 0.0], [0.5, 4.0, 0.0]


@pytest.mark.parametrize(
    ("before", "after", "expected", "moved"),
    [
        (LEADS, FOLLOWS, Agreement.DRIFTED, 0.75),
        (LEADS, FOLLOWS_BY_FAR, Agreement.CHANGED, 3.75),
        (LEADS_BY_FAR, FOLLOWS, Agreement.CHANGED, 4.0),
        (LEADS_BY_FAR, FOLLOWS_BY_FAR, Agreement.CHANGED, 7.0),
    ],
)
def test_a_tie_flips_where_noise_moves_the_two_logits_past_each_other(
    before: list[float], after: list[float], expected: Agreement, moved: float
) -> None:
    """One logit leads by a gap, then follows by the other; noise of 0.1 allows 1.0."""
    old, new = greedy([0.0, 9.0, 0.0], before), greedy([0.0, 9.0, 0.0], after)
    for first, second in ((old, new), (new, old)):
        result = compare(first, second)
        assert (result.agreement, result.distance) == (expected, pytest.approx(moved / 0.1))
        found = parting(first, second)
        assert found is not None
        assert (found.verdict == "tie") is (expected is Agreement.DRIFTED)


def test_where_tokens_part_is_told_with_both_gaps() -> None:
    result = compare(tokens([7, 8, 9], [5.0, 0.5, 5.0]), tokens([7, 4, 4], [5.0, 0.25, 5.0]))
    assert result.detail == (
        "parts at token 1 (8 -> 4), top-2 gaps there 0.5 and 0.25: a tie that flipped"
    )


def test_tokens_that_part_where_the_choice_was_clear_have_changed() -> None:
    result = compare(tokens([7, 8], [5.0, 3.0]), tokens([7, 4], [5.0, 3.0]))
    assert result.agreement is Agreement.CHANGED


def test_tokens_that_part_at_a_gap_without_a_number_have_changed() -> None:
    result = compare(tokens([7, 8], [5.0, None]), tokens([7, 4], [5.0, None]))
    assert result.agreement is Agreement.CHANGED


def test_tokens_of_another_length_have_changed() -> None:
    result = compare(tokens([7, 8], [0.0, 0.0]), tokens([7], [0.0]))
    assert result.agreement is Agreement.CHANGED
    assert result.detail == "length 2 -> 1"


@pytest.mark.parametrize(
    ("baseline", "candidate", "expected"),
    [
        (1000e6, 1090e6, Agreement.SAME),
        (1000e6, 1110e6, Agreement.HEAVIER),
        (1000e6, 900e6, Agreement.LIGHTER),
        (10e6, 20e6, Agreement.SAME),
    ],
)
def test_memory_is_compared_as_a_ratio_with_a_slack(
    baseline: float, candidate: float, expected: Agreement
) -> None:
    assert compare(cost(baseline), cost(candidate)).agreement is expected


def test_seconds_measured_in_passing_say_nothing() -> None:
    assert compare(cost(1.0, "seconds"), cost(9.0, "seconds")).agreement is Agreement.SAME


def test_another_kind_has_changed() -> None:
    result = compare(exact(1), numeric(1.0))
    assert result.agreement is Agreement.CHANGED
    assert result.detail == "kind was exact, is numeric"


def test_the_bound_grows_with_the_size_of_the_number() -> None:
    assert bound("bfloat16", -20.0).spread == pytest.approx(20.0 * BOUNDS["bfloat16"])
    assert bound(None, 3.0).provenance == "bound float32"


def test_no_difference_is_no_multiple_of_any_noise() -> None:
    assert in_noise(0.0, None) == 0.0
    assert in_noise(1.0, Noise(0.0, "")) == math.inf


def test_the_shape_of_a_number_is_empty() -> None:
    assert shape(1.0) == ()
    assert shape([[1, 2, 3], [4, 5, 6]]) == (2, 3)


@pytest.mark.parametrize(
    ("old", "new", "expected", "detail"),
    [
        ({"a": "()"}, {"a": "()", "b": "()"}, Agreement.SAME, ""),
        ({"a": "()", "b": "()"}, {"a": "()", "c": "()"}, Agreement.CHANGED, "without b"),
        ({"a": "()"}, {"a": "(x)", "b": "()"}, Agreement.CHANGED, "a: '()' -> '(x)'"),
        ({"a": "()", "a(b)": "#1 = 2"}, {"a": "()"}, Agreement.CHANGED, "without a(b)"),
        ({"a": "()", "a(b)": "#1 = 2"}, {}, Agreement.CHANGED, "without a"),
        ({"()": "()", "(b)": "#1 = 2"}, {}, Agreement.CHANGED, "without ()"),
        ({"A": "class()", "A.b": "()", "A.b(c)": "= 1"}, {}, Agreement.CHANGED, "without A"),
    ],
)
def test_a_surface_must_keep_its_rows_and_may_grow(old, new, expected, detail):
    found = compare(Observation("x", "surface", old), Observation("x", "surface", new))
    assert (found.agreement, found.detail) == (expected, detail)
