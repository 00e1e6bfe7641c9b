"""What is said of simulated comparisons whose truth is known; many more by bench_world itself."""

from __future__ import annotations

import pytest
from bench_world import IMPORT, PEAK, World, comparison, false, verdicts

from harness.vocabulary.costs import CostVerdict, Quantity

IDENTICAL = {
    "process 0.3 %": World(process=0.003),
    "process 1 %": World(process=0.01),
    "heavy tails": World(process=0.01, tail=3.0),
    "drift": World(process=0.01, drift=0.05),
    "loaded": World(process=0.01, load=0.3),
}


@pytest.mark.parametrize("world", IDENTICAL)
def test_identical_arms_are_not_called_different(world: str) -> None:
    assert false(verdicts(IDENTICAL[world], 25)) == 0


@pytest.mark.parametrize("quantity", [IMPORT, PEAK], ids=["import", "peak"])
def test_identical_arms_measured_once_a_process_are_not_called_different(
    quantity: Quantity,
) -> None:
    said = verdicts(World(process=0.01), 25, quantity=quantity, generations=8, rounds=1)
    assert false(said) == 0
    assert said[CostVerdict.SAME] >= 20


def test_a_quiet_machine_leaves_little_open() -> None:
    said = verdicts(World(), 25, generations=4, rounds=10)
    assert said[CostVerdict.SAME] >= 24


@pytest.mark.parametrize(("change", "found"), [(0.05, 15), (0.10, 19), (-0.05, 15)])
def test_a_change_is_found_in_three_generations(change: float, found: int) -> None:
    right = CostVerdict.SLOWER if change > 0 else CostVerdict.FASTER
    said = verdicts(World(), 20, change=change, generations=3, rounds=10)
    assert said[right] >= found
    assert false(said) == said[right]


def test_a_third_of_the_turns_disturbed_leaves_little_open() -> None:
    said = verdicts(World(load=0.3), 20, generations=8, rounds=10)
    assert false(said) == 0
    assert said[CostVerdict.SAME] >= 15


def test_a_loaded_core_is_open_rather_than_wrong() -> None:
    said = verdicts(World(load=0.9), 20, generations=3, rounds=5)
    assert false(said) == 0
    assert said[CostVerdict.INCONCLUSIVE] >= 15


def test_the_interval_holds_the_true_ratio() -> None:
    # 99.9 % of intervals should: of 40 at most one may not, even where the level is off tenfold.
    for world in (World(process=0.01), World(process=0.01, load=0.3)):
        made = [comparison(world, seed, change=0.2, generations=3, rounds=10) for seed in range(40)]
        outside = [each for each in made if not each.change.low <= 1.2 <= each.change.high]
        assert len(outside) <= 1
