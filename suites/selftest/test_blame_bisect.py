"""Histories in worlds whose truth is known, against a look at every release."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from blame_world import AFTER, BEFORE, BETWEEN, ONE, UNKNOWN, Heard, Silent, Simulated, key

from harness.blame.bisect import bisect
from harness.blame.repeats import AT_ENDS, AT_SIDES, NEEDED, PATIENCE
from harness.vocabulary.blame import Answer, History, Key, Standing, Transition
from harness.vocabulary.errors import UsageError
from harness.vocabulary.stacks import Move

LETTERS = {"b": BEFORE, "a": AFTER, "m": BETWEEN, "?": UNKNOWN}


def releases(count: int) -> list[str]:
    return [f"1.{minor}.0" for minor in range(count)]


def written(answers: str) -> tuple[list[str], Callable[[str], Answer]]:
    """Releases 1.0.0, 1.1.0, … that answer `b`efore, `a`fter, in the `m`iddle, or nothing `?`."""
    names = releases(len(answers))
    table = {name: LETTERS[letter] for name, letter in zip(names, answers, strict=True)}
    return names, table.__getitem__


def history(answers: str, *, scan: bool = False) -> tuple[History, Simulated[str]]:
    names, truth = written(answers)
    world = Simulated({ONE: truth})
    return bisect("lib", names, [ONE], world, Silent(), scan=scan)[ONE], world


def turns(found: History) -> list[tuple[str, str, Answer]]:
    return [(each.last, each.first, each.now) for each in found.transitions]


@pytest.mark.parametrize("count", [2, 3, 5, 16, 33, 64])
def test_one_turn_is_found_in_log2_of_the_releases(count: int) -> None:
    for first in range(1, count):
        found, world = history("b" * first + "a" * (count - first))
        assert found.standing is Standing.NAMED
        assert found.release == f"1.{first}.0"
        ends_and_beside = 4
        assert len(world.places) <= math.ceil(math.log2(count)) + ends_and_beside


def test_ends_and_both_sides_of_the_turn_are_repeated() -> None:
    _, world = history("bbbbbbaaaaaaaa")
    runs = {release: world.where.count(release) for release in world.places}
    assert runs["1.0.0"] == runs["1.13.0"] == AT_ENDS
    assert runs["1.5.0"] == runs["1.6.0"] == AT_SIDES
    assert runs["1.4.0"] == runs["1.7.0"] == 2


def test_two_releases_next_to_each_other_carry_all_repeats_themselves() -> None:
    found, world = history("ba")
    assert found.release == "1.1.0"
    assert world.where.count("1.0.0") == world.where.count("1.1.0") == NEEDED


def test_the_first_run_of_an_end_that_was_chosen_is_no_evidence() -> None:
    for chosen in ((), ("1.1.0",), ("1.0.0", "1.1.0")):
        world = Simulated({ONE: lambda at: AFTER if at == "1.1.0" else BEFORE})
        bisect("lib", ["1.0.0", "1.1.0"], [ONE], world, Silent(), chosen=chosen)
        for end in ("1.0.0", "1.1.0"):
            assert world.where.count(end) == NEEDED + (end in chosen)


@pytest.mark.parametrize("lent", [1, 2, 3, 5])
def test_runs_elsewhere_that_answered_after_stand_for_as_many_at_the_newest_end(lent: int) -> None:
    world = Simulated({ONE: lambda at: AFTER if at == "1.1.0" else BEFORE})
    found = bisect("lib", ["1.0.0", "1.1.0"], [ONE], world, Silent(), after={ONE: lent})[ONE]
    assert found.release == "1.1.0"
    assert world.where.count("1.0.0") == NEEDED
    assert world.where.count("1.1.0") == max(AT_SIDES, NEEDED - lent)


def test_runs_that_are_lent_spare_the_newest_end_and_no_other() -> None:
    names, truth = written("bbbbbbaaaaaaaa")
    world = Simulated({ONE: truth})
    bisect("lib", names, [ONE], world, Silent(), after={ONE: 2})
    runs = {release: world.where.count(release) for release in world.places}
    assert (runs["1.0.0"], runs["1.13.0"]) == (AT_ENDS, AT_ENDS - 2)
    assert runs["1.5.0"] == runs["1.6.0"] == AT_SIDES


def test_a_history_counts_its_runs_with_those_that_are_lent() -> None:
    names, truth = written("bbbm??aaa")
    world = Simulated({ONE: truth})
    found = bisect("lib", names, [ONE], world, Silent(), after={ONE: 2})[ONE]
    counted = {answer: [truth(at) for at in world.where].count(answer) for answer in Answer}
    assert counted[UNKNOWN] > 0
    assert found.runs == (
        (BEFORE, counted[BEFORE]),
        (AFTER, counted[AFTER] + 2),
        (BETWEEN, counted[BETWEEN]),
    )


def test_repeats_of_both_sides_take_turns() -> None:
    _, world = history("ba")
    assert all(older != newer for older, newer in pairwise(world.where[:-1]))


@pytest.mark.parametrize("first", range(1, 8))
def test_releases_that_answer_nothing_are_stepped_around(first: int) -> None:
    answers = "b" * first + "a" * (9 - first)
    found, _ = history(f"{answers[:3]}???{answers[3:]}")
    (turn,) = found.transitions
    if first == 3:
        assert (turn.last, turn.first) == ("1.2.0", "1.6.0")
        assert turn.unknown == ("1.3.0", "1.4.0", "1.5.0")
        assert found.release is None
    else:
        assert turn.exact
        assert found.release == f"1.{first + 3 * (first > 3)}.0"


def test_a_long_run_of_nothing_beside_the_turn_is_left_in_few_steps() -> None:
    # 40 releases around the middle do not import; the turn is well after them.
    found, world = history("b" * 30 + "?" * 40 + "b" * 20 + "a" * 10)
    assert found.release == "1.90.0"
    assert len(world.places) <= 16


class Busy(Simulated[str]):
    """A world where memory runs out at 1.4.0 and 1.5.0, but for the last run that is tried."""

    def _answer(self, where: str, change: Key, replica: int) -> Answer:
        lost = where in ("1.4.0", "1.5.0") and replica < PATIENCE - 1
        return UNKNOWN if lost else super()._answer(where, change, replica)


@pytest.mark.parametrize("first", [4, 5, 6])
def test_memory_that_ran_out_at_a_turn_hides_no_release(first: int) -> None:
    names, truth = written("b" * first + "a" * (9 - first))
    found = bisect("lib", names, [ONE], Busy({ONE: truth}), Silent())[ONE]
    assert found.release == f"1.{first}.0"


def test_memory_that_ran_out_hides_nothing_from_a_scan() -> None:
    names, truth = written("bbbbabbbb")
    found = bisect("lib", names, [ONE], Busy({ONE: truth}), Silent(), scan=True)[ONE]
    assert turns(found) == [("1.3.0", "1.4.0", AFTER), ("1.4.0", "1.5.0", BEFORE)]


def test_only_what_answers_nothing_where_a_turn_may_lie_is_tried_again() -> None:
    _, world = history("bb??aaaaaaaaaaa")
    assert [world.where.count(f"1.{minor}.0") for minor in (2, 3)] == [PATIENCE, PATIENCE]
    _, world = history("bbaaaaa?aaaaaaa")
    assert world.where.count("1.7.0") == 1


def test_a_half_way_answer_makes_two_turns() -> None:
    found, _ = history("bbbbmmmmmaaaaaaa")
    assert turns(found) == [("1.3.0", "1.4.0", BETWEEN), ("1.8.0", "1.9.0", AFTER)]
    assert found.release is None


def test_places_that_answer_alike_lend_each_other_all_runs_but_their_first() -> None:
    _, world = history("bbbbmmmmmaaaaaaa")
    runs = {release: world.where.count(release) for release in world.places}
    assert {runs["1.4.0"], runs["1.8.0"]} <= {AT_SIDES, AT_SIDES + 1}
    between = [
        release for release in ("1.4.0", "1.5.0", "1.6.0", "1.7.0", "1.8.0") if release in runs
    ]
    assert sum(runs[release] - 1 for release in between) >= AT_SIDES
    # Alone between two turns, a release earns all of its evidence itself.
    _, alone = history("bbbbmaaaaaaaaaaa")
    assert alone.where.count("1.4.0") == 1 + AT_SIDES
    # Between ends that are alike nothing else carries evidence.
    _, alike = history("bbbbmbbbbbbbbbb", scan=True)
    assert alike.where.count("1.4.0") == 1 + NEEDED


def test_a_change_gone_in_the_very_next_release_is_seen_beside_the_turn() -> None:
    # The first halving lands on 1.4.0 and finds the turn there; 1.5.0 takes it back.
    found, _ = history("bbbbabbba")
    assert [each.first for each in found.transitions] == ["1.4.0", "1.5.0", "1.8.0"]


def test_a_change_that_came_and_went_between_equal_ends_is_found_by_a_scan() -> None:
    found, _ = history("bbbbbaaaaabbbbbbb", scan=True)
    assert turns(found) == [("1.4.0", "1.5.0", AFTER), ("1.9.0", "1.10.0", BEFORE)]
    assert found.scanned


def test_equal_ends_without_a_scan_are_not_searched() -> None:
    found, world = history("bbaab")
    assert found.standing is Standing.UNVERIFIED
    assert world.places == {"1.0.0", "1.4.0"}


def test_a_scan_looks_at_first_releases_of_minors_and_then_inside() -> None:
    names = [f"1.{minor}.{patch}" for minor in range(5) for patch in range(10)]
    turned = names.index("1.2.7")
    world = Simulated({ONE: lambda release: AFTER if names.index(release) >= turned else BEFORE})
    found = bisect("lib", names, [ONE], world, Silent(), scan=True)[ONE]
    assert found.release == "1.2.7"
    minors = {f"1.{minor}.0" for minor in range(5)} | {"1.4.9"}
    assert minors <= world.places
    assert len(world.places - minors) <= math.ceil(math.log2(10)) + 2


@pytest.mark.parametrize("seed", range(300))
def test_a_random_history_is_told_as_far_as_it_was_probed(seed: int) -> None:
    chance = random.Random(seed)
    inside = "".join(chance.choices("bam?", weights=[6, 6, 1, 3], k=chance.randint(0, 20)))
    names, truth = written(f"b{inside}a")
    found, world = history(f"b{inside}a", scan=chance.random() < 0.5)
    assert found.standing is Standing.NAMED
    seen = [(name, truth(name)) for name in names if name in world.places]
    assert found.probed == tuple(each for each in seen if each[1] is not UNKNOWN)
    assert found.transitions == tuple(looked_at(names, truth, dict(found.probed)))
    if found.scanned:
        assert found.transitions == tuple(looked_at(names, truth, known(names, truth)))


def known(names: Sequence[str], truth: Callable[[str], Answer]) -> dict[str, Answer]:
    return {name: truth(name) for name in names if truth(name) is not UNKNOWN}


def looked_at(
    names: Sequence[str], truth: Callable[[str], Answer], probed: dict[str, Answer]
) -> list[Transition]:
    """The turns among the probed, each of which must have nothing but unknowns inside."""
    found = []
    for older, newer in pairwise(probed):
        if probed[older] is not probed[newer]:
            inside = tuple(names[names.index(older) + 1 : names.index(newer)])
            assert {truth(each) for each in inside} <= {UNKNOWN}
            found.append(Transition(older, newer, probed[older], probed[newer], inside))
    return found


def test_changes_of_several_releases_share_probes() -> None:
    names = releases(64)
    firsts = {key(str(first)): first for first in (5, 21, 22, 40, 57)}

    def turning(first: int) -> Callable[[str], Answer]:
        return lambda release: AFTER if names.index(release) >= first else BEFORE

    world = Simulated({name: turning(first) for name, first in firsts.items()})
    found = bisect("lib", names, firsts, world, Silent())
    assert {name: found[name].release for name in firsts} == {
        name: f"1.{first}.0" for name, first in firsts.items()
    }
    alone = 0
    for name, first in firsts.items():
        single = Simulated({name: turning(first)})
        bisect("lib", names, [name], single, Silent())
        alone += single.made
    assert world.made < 0.75 * alone


def test_changes_of_one_release_cost_as_many_probes_as_one_change() -> None:
    names, truth = written("b" * 23 + "a" * 17)
    _, alone = history("b" * 23 + "a" * 17)
    many = {key(str(each)): truth for each in range(25)}
    world = Simulated(many)
    found = bisect("lib", names, many, world, Silent())
    assert {each.release for each in found.values()} == {"1.23.0"}
    assert world.made == alone.made


def test_what_is_kept_is_looked_at_before_anything_is_run() -> None:
    names, truth = written("b" * 20 + "a" * 20)
    world = Simulated({ONE: truth})
    kept = {"1.13.0", "1.25.0"}
    world.kept |= {(release, 0, ONE): truth(release) for release in kept}
    bisect("lib", names, [ONE], world, Silent())
    searched = [each for each in world.where if each not in ("1.0.0", "1.39.0")]
    assert all("1.13.0" < each < "1.25.0" for each in searched)


def test_what_had_to_move_along_at_the_turn_is_told() -> None:
    names, truth = written("bbbbaaaa")
    world = Simulated(
        {ONE: truth},
        companions=lambda release: (("tokenizers", "0.23"),) if truth(release) is AFTER else (),
    )
    (turn,) = bisect("lib", names, [ONE], world, Silent())[ONE].transitions
    assert turn.beside == (Move("tokenizers", None, "0.23"),)


def test_an_end_that_answers_nothing_is_given_up() -> None:
    found, world = history("?bbaaa")
    assert (found.standing, found.transitions) == (Standing.UNSETTLED, ())
    assert "1.0.0" in found.reason
    assert world.places <= {"1.0.0", "1.5.0"}
    assert world.made <= AT_ENDS + PATIENCE


def test_a_scan_that_sees_no_turn_names_none() -> None:
    found, _ = history("bbbb?bbbb", scan=True)
    assert (found.standing, found.transitions) == (Standing.UNVERIFIED, ())
    assert found.reason == "it is the same in all of the 8 releases that answer, of 9"


def test_ends_that_are_the_wrong_way_round_are_said_so() -> None:
    found, _ = history("aaabbb")
    assert found.standing is Standing.UNVERIFIED
    assert "lib 1.0.0 answers after, not before" in found.reason


def test_an_interrupted_search_goes_on_where_it_was() -> None:
    expected, whole = history("bbb?bbaaammmaa")
    names, truth = written("bbb?bbaaammmaa")
    broken = Simulated({ONE: truth})
    for patience in range(whole.made):
        broken.patience = patience
        with pytest.raises(KeyboardInterrupt):
            bisect("lib", names, [ONE], broken, Silent())
    broken.patience = None
    assert bisect("lib", names, [ONE], broken, Silent())[ONE] == expected
    assert sorted(broken.where) == sorted(whole.where)


def test_progress_counts_down_to_the_last_probe() -> None:
    heard = Heard()
    names, truth = written("b" * 9 + "a" * 9)
    world = Simulated({ONE: truth})
    bisect("lib", names, [ONE], world, heard)
    assert [each.probes for each in heard.progress] == list(range(world.made))
    assert heard.progress[-1].most == 1
    assert abs(heard.progress[0].fewest - world.made) <= 4


def test_an_estimate_counts_on_the_probes_that_are_made_at_a_time() -> None:
    names, truth = written("b" * 9 + "a" * 9)
    first = []
    for at_once in (1, 2):
        heard = Heard()
        bisect("lib", names, [ONE], Simulated({ONE: truth}, at_once=at_once), heard)
        first.append(heard.progress[0])
    assert first[0].seconds == 30.0 * first[0].fewest
    assert first[1].seconds == first[0].seconds / 2


@dataclass
class Slow(Simulated[str]):
    """A world in which each cell costs 100 s, so that a probe of two is made in parts."""

    def cost(self, where: str, asked: Collection[Key], replica: int) -> float:
        lacking = {cell for name, cell in asked if (where, replica, (name, cell)) not in self.kept}
        return 100.0 * len(lacking)


def test_an_estimate_of_probes_that_are_made_in_parts_is_that_of_whole_ones() -> None:
    names, truth = written("b" * 9 + "a" * 9)
    two = [("suite/test_it.py::test_it", cell) for cell in ("left", "right")]
    first = []
    for at_once in (1, 2):
        heard = Heard()
        world = Slow(dict.fromkeys(two, truth), at_once=at_once)
        bisect("lib", names, two, world, heard)
        first.append(heard.progress[0])
    assert [each.asked for each in first] == [2, 1]
    assert first[0].seconds == 200.0 * first[0].fewest
    assert first[1].seconds == first[0].seconds / 2


@pytest.mark.parametrize("names", [[], ["1.0"], ["1.0", "1.0"], ["1.0", "2.0", "1.0"]])
def test_fewer_than_two_releases_or_one_twice_is_refused(names: list[str]) -> None:
    with pytest.raises(UsageError, match="nothing to bisect"):
        bisect("lib", names, [ONE], Simulated({}), Silent())
