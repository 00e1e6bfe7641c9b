"""Nobody is blamed for a behaviour that disagrees with itself, and the right one beside it is."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import cast

import pytest
from blame_world import AFTER, BEFORE, ONE, Moves, Silent, Simulated, key, needs

from harness.blame.bisect import bisect
from harness.blame.culprits import find_culprits
from harness.blame.repeats import AT_ENDS, AT_FIRST, AT_SIDES, BESIDE, ERROR, NEEDED, needed
from harness.vocabulary.blame import Answer, Key, Standing

RATES = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98]
RUNS = 50
RELEASES = [f"1.{minor}.{patch}" for minor in range(6) for patch in range(5)]
TURN = RELEASES.index("1.3.2")
SURE = key("sure")


@pytest.mark.parametrize("scan", [False, True])
@pytest.mark.parametrize("rate", RATES)
def test_no_release_is_named_for_a_flaky_behaviour(rate: float, scan: bool) -> None:
    for seed in range(RUNS):
        world = Simulated(
            {SURE: lambda at: AFTER if RELEASES.index(at) >= TURN else BEFORE},
            flaky={ONE: rate},
            seed=seed,
        )
        found = bisect("lib", RELEASES, [ONE, SURE], world, Silent(), scan=scan)
        assert (found[ONE].release, found[ONE].transitions) == (None, ())
        assert found[SURE].release == "1.3.2"


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("moves", ["a", "ab", "abcdefgh"])
def test_no_package_is_named_for_a_flaky_behaviour(rate: float, moves: str) -> None:
    guilty = moves[-1]
    for seed in range(RUNS):
        world = Simulated({SURE: needs(guilty)}, flaky={ONE: rate}, seed=seed)
        found = find_culprits(moves, [ONE, SURE], world, Silent())
        assert found[ONE].together == frozenset()
        assert found[SURE].moves == {guilty}


@pytest.mark.parametrize("rate", RATES)
def test_no_release_of_a_package_that_single_runs_chose_is_named(rate: float) -> None:
    @dataclass
    class OfPackage(Simulated[str]):
        """The releases of a package over the same runs: its ends are sets of moves."""

        package: str = ""

        def _answer(self, where: str, change: Key, replica: int) -> Answer:
            sets = {RELEASES[0]: frozenset[str](), RELEASES[-1]: frozenset({self.package})}
            return super()._answer(cast(str, sets.get(where, where)), change, replica)

    named, searched = [], 0
    for seed in range(4 * RUNS):
        moves = Simulated[Moves]({}, flaky={ONE: rate}, seed=seed)
        culprit = find_culprits("abcdefgh", [ONE], moves, Silent(), repeated=False)[ONE]
        for package in culprit.moves if len(culprit.moves) == 1 else ():
            world = OfPackage({}, flaky={ONE: rate}, seed=seed, package=package)
            ends = (RELEASES[0], RELEASES[-1])
            lent = {ONE: AT_FIRST}
            found = bisect("lib", RELEASES, [ONE], world, Silent(), chosen=ends[1:], after=lent)[
                ONE
            ]
            searched += 1
            named += [found] if found.transitions else []
    assert named == []
    assert searched or not 0.3 <= rate <= 0.7


def test_what_answers_two_ways_at_one_place_is_flaky_and_said_where() -> None:
    world = Simulated({}, flaky={ONE: 0.5}, seed=1)
    found = bisect("lib", RELEASES, [ONE], world, Silent())[ONE]
    assert found.standing is Standing.FLAKY
    assert found.reason.endswith("answers now this, now that")
    assert world.made <= 2 * AT_ENDS


def test_six_runs_a_side_keep_a_coin_within_one_in_four_thousand() -> None:
    # (1/2)^10 = 1/1024 and (1/2)^12 = 1/4096.
    assert ERROR == 2.5e-4
    assert (needed(1 / 1024), needed(2.5e-4), needed(1 / 4096)) == (5, 6, 6)
    assert NEEDED == 6
    assert AT_ENDS + (AT_SIDES - 1) + (BESIDE - 1) == 6


def test_sides_and_what_is_beside_them_stop_most_of_what_is_flaky_between_honest_ends() -> None:
    # At most 4^-3 of 1,000: 16 expected, and 16 more is over four deviations.
    class Honest(Simulated[str]):
        def _answer(self, where: str, change: tuple[str, str], replica: int) -> object:
            ends = {RELEASES[0]: BEFORE, RELEASES[-1]: AFTER}
            return ends.get(where) or super()._answer(where, change, replica)

    named = 0
    for seed in range(1000):
        world = Honest({}, flaky={ONE: 0.5}, seed=seed)
        named += bool(bisect("lib", RELEASES, [ONE], world, Silent())[ONE].transitions)
    assert named <= 32


def test_what_is_flaky_in_three_ways_between_honest_ends_is_seldom_named() -> None:
    # A place that is named between two others answers alike four times: 3^-3 of 1,000 at most.
    class Honest(Simulated[str]):
        def _answer(self, where: str, change: Key, replica: int) -> Answer:
            ends = {RELEASES[0]: BEFORE, RELEASES[-1]: AFTER}
            drawn = random.Random(f"{self.seed} {where} {replica}")
            return ends.get(where) or drawn.choice([BEFORE, Answer.BETWEEN, AFTER])

    named = 0
    for seed in range(1000):
        world = Honest({}, seed=seed)
        named += bool(bisect("lib", RELEASES, [ONE], world, Silent())[ONE].transitions)
    assert named <= 1000 / 27
