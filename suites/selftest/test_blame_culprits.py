"""Culprits in worlds whose truth is known, against a search of every subset."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import combinations

import pytest
from blame_world import (
    AFTER,
    BEFORE,
    BETWEEN,
    ONE,
    UNKNOWN,
    Heard,
    Moves,
    Silent,
    Simulated,
    key,
    needs,
)

from harness.blame.culprits import find_culprits
from harness.vocabulary.blame import Answer, Culprit, Standing
from harness.vocabulary.errors import UsageError

NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"


def culprit(moves: str, world: Simulated[Moves]) -> Culprit:
    return find_culprits(moves, [ONE], world, Silent())[ONE]


def searched(world: Simulated[Moves], moves: str) -> set[Moves]:
    """The subsets probed beside the ends."""
    return world.places - {frozenset(), frozenset(moves)}


@pytest.mark.parametrize("size", [1, 2, 3, 8, 20, 40])
def test_a_single_culprit_is_found_in_about_log2_of_the_moves(size: int) -> None:
    moves = NAMES[:size]
    counts = []
    for guilty in moves:
        world = Simulated({ONE: needs(guilty)})
        assert culprit(moves, world) == Culprit(ONE, Standing.NAMED, frozenset(guilty))
        counts.append(len(searched(world, moves)))
    halvings = math.ceil(math.log2(size))
    assert max(counts) <= 2 * halvings
    assert sum(counts) / size <= 1.6 * halvings


@pytest.mark.parametrize("pair", [("a", "b"), ("a", "h"), ("d", "e"), ("c", "f")])
def test_a_pair_of_which_neither_suffices_is_found(pair: tuple[str, str]) -> None:
    found = culprit("abcdefgh", Simulated({ONE: needs(pair)}))
    assert found == Culprit(ONE, Standing.NAMED, frozenset(pair))


def test_a_half_way_answer_is_not_the_change() -> None:
    def truth(moves: Moves) -> Answer:
        return AFTER if moves >= {"b", "d"} else BETWEEN if "b" in moves else BEFORE

    assert culprit("abcd", Simulated({ONE: truth})).moves == {"b", "d"}


def test_changes_with_one_culprit_cost_as_many_probes_as_one_change() -> None:
    alone = Simulated({ONE: needs("m")})
    culprit(NAMES, alone)
    many = {key(str(each)): needs("m") for each in range(30)}
    together = Simulated(many)
    found = find_culprits(NAMES, many, together, Silent())
    assert {each.moves for each in found.values()} == {frozenset("m")}
    assert together.made == alone.made


def test_changes_with_several_culprits_share_what_they_can() -> None:
    guilty = {key(name): needs(name) for name in "adgj"}
    world = Simulated(guilty)
    found = find_culprits("abcdefghij", guilty, world, Silent())
    assert {name: found[key(name)].moves for name in "adgj"} == {
        name: frozenset(name) for name in "adgj"
    }
    alone = 0
    for name in "adgj":
        single = Simulated({key(name): needs(name)})
        find_culprits("abcdefghij", [key(name)], single, Silent())
        alone += single.made
    assert world.made < 0.8 * alone


def test_what_is_likely_is_tried_first_and_alone() -> None:
    world = Simulated({ONE: needs("z")})
    found = find_culprits(NAMES, [ONE], world, Silent(), {ONE: ["q", "z"]})[ONE]
    assert found.moves == {"z"}
    assert searched(world, NAMES) == {frozenset("q"), frozenset("z")}


def test_a_move_that_must_come_along_and_alone_does_nothing_is_inseparable() -> None:
    # t requires the newer k, which stands by itself: with k alone the change is known not to be.
    world = Simulated(
        {ONE: needs("t")}, companions=lambda moves: (("k", "2"),) if "t" in moves else ()
    )
    found = culprit("aktb", world)
    assert found.moves == {"t"}
    assert found.inseparable == {"k"}
    assert found.unclear == frozenset()


def test_a_move_without_which_nothing_answers_is_inseparable_and_said_to_be_unknown() -> None:
    def truth(moves: Moves) -> Answer:
        return UNKNOWN if "t" in moves and "k" not in moves else needs("t")(moves)

    found = culprit("aktb", Simulated({ONE: truth}))
    assert (found.moves, found.inseparable) == ({"t"}, {"k"})
    assert found.unclear == {"k"}


def test_two_moves_that_only_resolve_together_are_both_inseparable() -> None:
    def along(moves: Moves) -> tuple[tuple[str, str], ...]:
        return tuple((each, "2") for each in "kt") if moves & {"k", "t"} else ()

    found = culprit("aktb", Simulated({ONE: needs("k", "t")}, companions=along))
    assert (found.standing, found.moves, found.inseparable, found.unclear) == (
        Standing.NAMED,
        frozenset(),
        frozenset("kt"),
        frozenset(),
    )


def test_a_move_is_not_inseparable_because_memory_ran_out_once() -> None:
    class Busy(Simulated[Moves]):
        def _answer(self, where: Moves, change: tuple[str, str], replica: int) -> Answer:
            lost = where == {"a"} and replica == 0
            return UNKNOWN if lost else super()._answer(where, change, replica)

    found = culprit("ab", Busy({ONE: needs("a")}))
    assert (found.moves, found.inseparable) == ({"a"}, frozenset())


@pytest.mark.parametrize("seed", range(400))
def test_what_is_found_in_a_random_world_is_minimal_by_every_subset(seed: int) -> None:
    chance = random.Random(seed)
    moves = NAMES[: chance.randint(1, 6)]
    world = Simulated({ONE: random_truth(chance, moves)})
    truth = world.truth[ONE]
    found = culprit(moves, world)
    assert found.standing is Standing.NAMED
    together = found.together
    assert truth(together) is AFTER
    assert all(truth(together - {each}) in (BEFORE, BETWEEN) for each in found.moves)
    assert all(truth(together - {each}) is UNKNOWN for each in found.inseparable)


def random_truth(chance: random.Random, moves: str) -> Callable[[Moves], Answer]:
    """One or two sets of moves each make the change; some subsets answer nothing or else."""
    subsets = [frozenset(c) for size in range(len(moves) + 1) for c in combinations(moves, size)]
    causes = chance.choices([each for each in subsets if each], k=chance.randint(1, 2))
    answers = {each: needs(*causes)(each) for each in subsets}
    for each in subsets[1:-1]:
        if chance.random() < 0.2:
            answers[each] = chance.choice([UNKNOWN, UNKNOWN, BETWEEN])
    return answers.__getitem__


@pytest.mark.parametrize("seed", range(100))
def test_moves_that_force_others_are_never_said_to_be_needed_alone(seed: int) -> None:
    chance = random.Random(seed)
    moves = NAMES[: chance.randint(2, 7)]
    forced = {each: chance.choice(moves) for each in moves if chance.random() < 0.4}
    cause = frozenset(chance.sample(moves, min(len(moves), chance.randint(1, 2))))

    def closed(asked: Moves) -> Moves:
        while (more := asked | {forced[each] for each in asked if each in forced}) != asked:
            asked = more
        return asked

    def along(asked: Moves) -> tuple[tuple[str, str], ...]:
        return tuple((each, "2") for each in closed(asked) - asked)

    world = Simulated({ONE: lambda asked: needs(cause)(closed(asked))}, companions=along)
    found = culprit(moves, world)
    assert found.standing is Standing.NAMED
    assert found.together == closed(cause)
    lacking = {each: closed(found.together - {each}) for each in found.together}
    assert found.moves == {each for each, rest in lacking.items() if each not in rest}


def test_ends_that_do_not_show_the_change_are_said_so() -> None:
    found = culprit("abc", Simulated({ONE: lambda moves: BEFORE}))
    assert (found.standing, found.moves) == (Standing.UNVERIFIED, frozenset())
    assert "with a and b and c it answers before, not after" in found.reason


def test_an_end_that_cannot_be_probed_is_given_up() -> None:
    world = Simulated({ONE: lambda moves: UNKNOWN if len(moves) == 3 else BEFORE})
    found = culprit("abc", world)
    assert found.standing is Standing.UNSETTLED
    assert world.made < 12


def test_progress_counts_down_to_the_last_probe() -> None:
    heard = Heard()
    world = Simulated({ONE: needs("c"), key("two"): needs("f")})
    find_culprits("abcdefgh", world.truth, world, heard)
    assert [each.probes for each in heard.progress] == list(range(world.made))
    assert heard.progress[-1].fewest == 1
    assert all(each.fewest <= each.most for each in heard.progress)
    assert heard.progress[0].where == "the baseline"
    assert heard.progress[0].seconds >= 30.0 * heard.progress[0].fewest


def test_an_interrupted_search_goes_on_where_it_was() -> None:
    whole = Simulated({ONE: needs("bg")})
    expected = culprit("abcdefgh", whole)
    broken = Simulated({ONE: needs("bg")})
    for patience in range(whole.made):
        broken.patience = patience
        with pytest.raises(KeyboardInterrupt):
            culprit("abcdefgh", broken)
    broken.patience = None
    assert culprit("abcdefgh", broken) == expected
    assert broken.where == whole.where


def test_without_repeats_the_ends_are_run_twice_and_a_set_between_them_once() -> None:
    world = Simulated({ONE: needs("bg")})
    found = find_culprits("abcdefgh", [ONE], world, Silent(), repeated=False)[ONE]
    assert found == culprit("abcdefgh", Simulated({ONE: needs("bg")}))
    runs = {place: world.where.count(place) for place in world.places}
    assert runs.pop(frozenset()) == runs.pop(frozenset("abcdefgh")) == 2
    assert set(runs.values()) == {1}


def test_nothing_moved_is_a_question_without_an_answer() -> None:
    with pytest.raises(UsageError, match="no package moved"):
        culprit("", Simulated({}))
