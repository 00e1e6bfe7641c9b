"""Which probes are made beside each other, where many searches share a world."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest
from blame_world import AFTER, BEFORE, Silent, Simulated, key, needs

from harness.blame.asking import LONG, Wants, choose
from harness.blame.bisect import bisect
from harness.blame.culprits import find_culprits
from harness.blame.evidence import Evidence
from harness.blame.world import Next
from harness.vocabulary.blame import Key

FIRST: Key = ("suite/test_it.py::test_one", "float32")
SECOND: Key = ("suite/test_it.py::test_two", "nf4")
THIRD: Key = ("suite/test_it.py::test_three", "bfloat16")


@dataclass
class Costly(Simulated[str]):
    """A cell costs these seconds, whatever is asked of it."""

    seconds: dict[str, float] = field(default_factory=dict)

    def cost(self, where: str, asked: Collection[Key], replica: int) -> float:
        return sum(self.seconds.get(cell, 30.0) for cell in {cell for _, cell in asked})


def chosen(
    wants: dict[Key, Wants[str]],
    under_way: Sequence[Next[str]] = (),
    world: Simulated[str] | None = None,
) -> list[tuple[str, tuple[Key, ...]]]:
    evidence: dict[Key, Evidence[str]] = {change: Evidence() for change in wants}
    found = choose(wants, evidence, world or Simulated({}, at_once=2), under_way)
    return [(each.where, each.asked) for each in found]


def test_what_may_be_needless_is_not_probed_while_a_probe_of_two_cells_keeps_both_busy() -> None:
    wants = Wants({"likely": 1.0, "aside": 0.3}, 5)
    assert chosen({FIRST: wants, SECOND: wants}) == [("likely", (FIRST,)), ("likely", (SECOND,))]


def test_beside_what_is_under_way_the_next_best_begins_and_nothing_that_may_be_needless() -> None:
    wants = Wants({"likely": 1.0, "aside": 0.6}, 5)
    begun = [Next("likely", 0, (FIRST,), 30.0)]
    assert chosen({FIRST: wants, SECOND: wants}, begun) == [("likely", (SECOND,))]
    assert chosen({FIRST: wants}, begun) == [("aside", (FIRST,))]
    assert chosen({FIRST: wants, SECOND: wants}, 2 * begun) == []


def test_the_parts_of_a_probe_take_about_equally_long() -> None:
    # By the number of changes the three short ones would be one part, and the long ones the other.
    seconds = {"a": 30.0, "b": 27.0, "c": 9.0}
    keys = [(f"suite/test_it.py::test_{nth}", cell) for nth, cell in enumerate("abccc")]
    world = Costly({}, at_once=2, seconds=seconds)
    found = chosen({each: Wants({"here": 1.0}, 5) for each in keys}, world=world)
    assert [{cell for _, cell in asked} for _, asked in found] == [{"a"}, {"b", "c"}]


def test_a_long_probe_is_not_left_to_one_process_beside_a_short_one() -> None:
    here, there = Wants({"here": 1.0}, 5), Wants({"there": 0.01}, 5)
    wants = {FIRST: here, SECOND: here, THIRD: there}
    seconds = {"float32": LONG, "nf4": LONG, "bfloat16": 1.0}
    world = Costly({}, at_once=2, seconds=seconds)
    assert chosen(wants, world=world) == [("here", (FIRST,)), ("here", (SECOND,))]
    short = Costly({}, at_once=2, seconds=dict.fromkeys(seconds, 1.0))
    assert chosen(wants, world=short) == [("here", (FIRST, SECOND)), ("there", (THIRD,))]


@pytest.mark.parametrize("at_once", [2, 3])
@pytest.mark.parametrize("overtaken", [False, True])
def test_the_same_is_found_however_many_run_at_a_time_and_whichever_ends_first(
    at_once: int, overtaken: bool
) -> None:
    draw = random.Random(at_once)
    releases = [f"1.{minor}.0" for minor in range(20)]
    firsts = {key(str(nth)): draw.randrange(1, 20) for nth in range(12)}
    histories = {
        change: (lambda at, first=first: AFTER if releases.index(at) >= first else BEFORE)
        for change, first in firsts.items()
    }
    world = Simulated(histories, at_once=at_once, overtaken=overtaken)
    found = bisect("lib", releases, list(histories), world, Silent())
    assert {change: each.release for change, each in found.items()} == {
        change: f"1.{first}.0" for change, first in firsts.items()
    }
    sets = {change: frozenset(draw.sample("abcdefgh", draw.choice([1, 2]))) for change in firsts}
    moves = Simulated(
        {change: needs(each) for change, each in sets.items()}, at_once=at_once, overtaken=overtaken
    )
    culprits = find_culprits("abcdefgh", list(sets), moves, Silent())
    assert {change: each.moves for change, each in culprits.items()} == sets
    assert (world.under_way, moves.under_way) == ([], [])


def test_what_may_be_needless_is_probed_where_the_world_would_idle() -> None:
    wants = Wants({"likely": 1.0, "aside": 0.3}, 5)
    assert chosen({FIRST: wants}) == [("likely", (FIRST,)), ("aside", (FIRST,))]


def test_a_change_is_not_taken_along_to_what_is_least_likely_for_it() -> None:
    own = Wants({"transformers": 1.0}, 5)
    aside = Wants({"bitsandbytes": 1.0, "transformers": 0.2}, 5)
    assert chosen({FIRST: own, SECOND: aside}) == [
        ("transformers", (FIRST,)),
        ("bitsandbytes", (SECOND,)),
    ]


def test_repeats_are_never_needless() -> None:
    here, there = (Wants({where: 0.001}, 1, repeats=True) for where in ("here", "there"))
    assert sorted(chosen({FIRST: here, SECOND: there})) == [
        ("here", (FIRST,)),
        ("there", (SECOND,)),
    ]
    both = Wants({"here": 0.001, "there": 0.004}, 5, repeats=True)
    assert [where for where, _ in chosen({FIRST: both, SECOND: both})] == ["there", "there"]
