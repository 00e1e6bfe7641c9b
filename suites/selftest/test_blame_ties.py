"""Ties and changes, by numbers small enough to see."""

from __future__ import annotations

import pytest

from harness.blame.ties import parting
from harness.vocabulary.observations import Noise, Observation
from harness.vocabulary.ties import where_parted


def side(ids, gaps):
    return {"ids": ids, "gaps": gaps}


def test_equal_ids_part_nowhere_however_the_gaps_moved():
    assert where_parted(side([1, 2], [0.5, 0.5]), side([1, 2], [9.0, 0.0]), 0.1) is None


@pytest.mark.parametrize(
    ("old_gap", "new_gap", "verdict"),
    [(0.04, 0.05, "tie"), (0.06, 0.05, "change"), (0.0, 0.1, "tie"), (0.01, 3.0, "change")],
)
def test_a_tie_is_where_noise_moves_the_two_logits_past_each_other(old_gap, new_gap, verdict):
    """x leads y by one gap, then y leads x by the other: they moved by the sum."""
    found = where_parted(side([1, 2], [5.0, old_gap]), side([1, 3], [5.0, new_gap]), 0.1)
    assert (found.verdict, found.position) == (verdict, 1)
    assert (found.baseline_id, found.candidate_id) == (2, 3)
    assert found.moved == pytest.approx(old_gap + new_gap)


def test_numbers_that_had_moved_before_the_parting_are_told():
    found = where_parted(side([1, 2, 3], [5.0, 4.0, 0.01]), side([1, 2, 4], [5.05, 4.3, 0.01]), 0.1)
    assert (found.verdict, found.moved_from) == ("tie", 1)


def test_a_side_that_ended_earlier_is_a_change():
    found = where_parted(side([1, 2], [5.0, 0.0]), side([1], [5.0]), 0.1)
    assert (found.verdict, found.position, found.candidate_id) == ("change", 1, None)
    assert found.moved is None


def test_a_gap_that_is_no_number_is_a_change():
    found = where_parted(side([1], [None]), side([2], [0.0]), 0.1)
    assert found.verdict == "change"


def test_the_noise_that_allows_more_counts():
    def tokens(value, allowed):
        noise = Noise(allowed / 10, "measured", allowed=allowed)
        return Observation("text", "tokens", value, noise=noise)

    found = parting(tokens(side([1], [0.2]), 0.1), tokens(side([2], [0.2]), 0.5))
    assert (found.verdict, found.allowed) == ("tie", 0.5)


def test_without_noise_only_an_exact_tie_flips():
    flat, clear = ({"ids": [i], "gaps": [gap]} for i, gap in ((1, 0.0), (2, 1e-9)))

    def tokens(value):
        return Observation("text", "tokens", value)

    exact = parting(tokens(flat), tokens({"ids": [2], "gaps": [0.0]}))
    near = parting(tokens(flat), tokens(clear))
    assert (exact.verdict, near.verdict) == ("tie", "change")
