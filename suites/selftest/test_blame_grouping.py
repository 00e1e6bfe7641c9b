"""Changes with one cause are one group; what is unsure is blamed on nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from blame_world import AFTER, BEFORE, key

from harness.blame.grouping import group
from harness.blame.turns import borne_out
from harness.vocabulary.blame import Culprit, History, Key, Standing, Transition

NAMED, FLAKY, UNVERIFIED, UNSETTLED = Standing
A, B, C, D = map(key, "abcd")


def by(change: Key, *moves: str) -> Culprit:
    return Culprit(change, NAMED, frozenset(moves))


def came(change: Key, package: str, *firsts: str) -> History:
    turns = tuple(Transition("older", first, BEFORE, AFTER) for first in firsts)
    return History(change, package, NAMED, turns)


def test_changes_with_the_same_culprit_are_one_group_and_the_largest_leads() -> None:
    groups = group({A: by(A, "x"), B: by(B, "y"), C: by(C, "y")}, [])
    assert [(each.moves, each.changes) for each in groups] == [
        (frozenset("y"), (B, C)),
        (frozenset("x"), (A,)),
    ]


def test_changes_of_one_package_but_two_releases_are_two_groups() -> None:
    culprits = {each: by(each, "x") for each in (A, B, C)}
    histories = [came(A, "x", "1.1"), came(B, "x", "1.2"), came(C, "x", "1.1")]
    groups = group(culprits, histories)
    assert [each.changes for each in groups] == [(A, C), (B,)]
    assert [each.transitions[0][1][0].first for each in groups] == ["1.1", "1.2"]
    assert groups[0].histories == (histories[0], histories[2])


def test_what_had_to_move_along_and_what_only_did_are_two_groups() -> None:
    along = frozenset("k")
    forced = replace(by(A, "x"), inseparable=along)
    unclear = replace(by(B, "x"), inseparable=along, unclear=along)
    groups = group({A: forced, B: unclear}, [])
    assert [(each.changes, each.unclear) for each in groups] == [((A,), frozenset()), ((B,), along)]


def test_a_pair_has_the_turns_of_both_packages() -> None:
    (one,) = group({A: by(A, "x", "y")}, [came(A, "y", "3.0"), came(A, "x", "1.1")])
    assert [package for package, _ in one.transitions] == ["x", "y"]


def test_histories_of_other_packages_and_changes_say_nothing() -> None:
    (one,) = group({A: by(A, "x")}, [came(A, "z", "1.1"), came(B, "x", "1.1")])
    assert one.transitions == ()


def test_what_a_history_finds_flaky_is_put_on_nothing() -> None:
    culprits = {A: by(A, "x"), B: by(B, "x")}
    shaky = History(A, "x", FLAKY, reason="x 1.1 answers now this, now that")
    sure, flaky = group(culprits, [shaky, came(B, "x", "1.1")])
    assert (sure.standing, sure.changes) == (NAMED, (B,))
    assert (flaky.standing, flaky.moves, flaky.transitions) == (FLAKY, frozenset(), ())
    assert flaky.reason == "x 1.1 answers now this, now that"


def test_a_package_whose_releases_could_not_be_searched_stays_the_culprit() -> None:
    lost = History(A, "x", UNSETTLED, reason="x 1.0: 3 of 3 runs came to nothing")
    (one,) = group({A: by(A, "x")}, [lost])
    assert (one.standing, one.moves, one.transitions) == (NAMED, {"x"}, ())
    assert "came to nothing" in one.reason


def test_what_is_unsure_comes_last() -> None:
    culprits = {
        A: Culprit(A, UNVERIFIED, reason="no"),
        B: Culprit(B, UNVERIFIED, reason="no"),
        C: Culprit(C, FLAKY, reason="shaky"),
        D: by(D, "x"),
    }
    assert [each.changes for each in group(culprits, [])] == [(D,), (C,), (A, B)]


@pytest.mark.parametrize(
    ("culprit", "histories", "expected"),
    [
        pytest.param(by(A, "x"), [came(A, "x", "1.1")], True, id="one"),
        pytest.param(by(A, "x"), [], False, id="never-searched"),
        pytest.param(by(A, "x"), [History(A, "x", UNSETTLED)], False, id="unsettled"),
        pytest.param(by(A, "x"), [History(A, "x", FLAKY)], True, id="flaky"),
        pytest.param(by(A, "x", "y"), [came(A, "x", "1.1")], False, id="half-of-a-pair"),
        pytest.param(
            by(A, "x", "y"), [came(A, "x", "1.1"), came(A, "y", "2.0")], True, id="a-pair"
        ),
        pytest.param(
            Culprit(A, NAMED, frozenset(), frozenset("xy")),
            [came(A, "y", "2.0")],
            True,
            id="inseparable",
        ),
        pytest.param(
            Culprit(A, NAMED, frozenset(), frozenset("xy")),
            [History(A, "y", UNVERIFIED)],
            False,
            id="inseparable-unverified",
        ),
        pytest.param(Culprit(A, UNVERIFIED), [], True, id="nothing-was-named"),
    ],
)
def test_a_culprit_is_borne_out_by_a_named_history_of_each_of_its_packages(
    culprit: Culprit, histories: list[History], expected: bool
) -> None:
    assert borne_out(culprit, histories, ()) is expected


@pytest.mark.parametrize("package", ["x", "y", "z"])
def test_a_pair_beside_the_moves_of_a_culprit_wants_a_history_of_its_own(package: str) -> None:
    culprit = Culprit(A, NAMED, frozenset("x"), frozenset("yz"))
    histories = [came(A, "x", "1.1"), came(A, package, "2.0")]
    assert borne_out(culprit, histories, frozenset("yz")) is (package in "yz")
    assert borne_out(culprit, histories, ())
