"""The order of turns, and the rounds of a generation."""

from __future__ import annotations

from harness.bench.schedule import (
    LEAST_ROUNDS,
    MOST_ROUNDS,
    WORTHWHILE_ROUNDS,
    another,
    order,
    part,
    rounds,
)


def test_order_is_reversed_every_other_round() -> None:
    assert order(0) == order(2) == ("baseline", "candidate", "control")
    assert order(1) == order(3) == ("control", "candidate", "baseline")


def test_measuring_takes_as_long_as_starting() -> None:
    assert rounds(12.0, 0.5, left=1000.0) == 24


def test_rounds_are_even_so_that_either_order_comes_as_often() -> None:
    assert rounds(12.5, 0.5, left=1000.0) == 24
    assert all(rounds(tenths / 10, 0.5, left=100.0) % 2 == 0 for tenths in range(300))


def test_a_budget_holds_the_generations_of_a_small_change() -> None:
    # 40 s are left after the first start of 8 s; two more starts take 16 of them, so each of
    # three generations has 8 s, 16 rounds of half a second; of the two after one is done as well.
    assert rounds(8.0, 0.5, left=40.0) == 16
    assert rounds(8.0, 0.5, left=24.0, generations=1) == 16


def test_a_short_budget_holds_two_generations() -> None:
    # Two more starts of 8 s leave nothing of 16 s for rounds; one leaves 8 s, half of it each.
    assert rounds(8.0, 0.5, left=16.0) == 8


def test_rounds_have_a_least_and_a_most() -> None:
    assert rounds(8.0, 3.0, left=5.0) == LEAST_ROUNDS
    assert rounds(100.0, 0.1, left=1e6) == MOST_ROUNDS


def test_a_quick_start_is_worth_more_rounds_than_it_took() -> None:
    assert rounds(1.0, 0.5, left=1000.0) == WORTHWHILE_ROUNDS


def test_another_generation_fits_or_not() -> None:
    assert another(8.0, 0.5, left=9.0)
    assert not another(8.0, 0.5, left=8.9)


def test_the_first_of_two_generations_leaves_half_of_what_is_left_after_both_started() -> None:
    assert part(10.0, left=50.0) == 20.0
    assert part(10.0, left=50.0, generations=1) == 50.0


def test_a_generation_measures_as_long_as_it_took_to_start_whatever_is_left() -> None:
    assert part(10.0, left=-5.0) == 10.0
    assert part(10.0, left=12.0) == 10.0
