"""What tells two outcomes apart, and how a script compares what it sees with it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.reproduce.errors import Unflattenable
from harness.reproduce.expectation import NOT_OBSERVED, expectation
from harness.standalone.showing import differences, how_it_ends
from harness.vocabulary.observations import Kind, Noise, Observation
from harness.vocabulary.records import Outcome, Status


def ended(status: Status, reason: str = "", *observations: Observation) -> Outcome:
    return Outcome("a/test_a.py::test_a", "gizmo", status, reason, observations=observations)


def held(kind: Kind, value: Any, noise: Noise | None = None) -> Outcome:
    return ended("held", "", Observation("it", kind, value, noise=noise))


def test_of_what_was_raised_the_type_counts() -> None:
    found = expectation(ended("held"), ended("raised", "AttributeError: no such thing: x"))
    assert found.ends == ("held", "AttributeError")
    assert found.values == {}


def test_only_observations_that_moved_are_expected() -> None:
    same = Observation("same", "exact", 1)
    before = ended("held", "", same, Observation("ids", "exact", [1, 2]))
    after = ended("held", "", same, Observation("ids", "exact", [1, 3]))
    assert expectation(before, after).values == {"ids": [1, 2]}


def test_a_number_may_differ_by_what_its_noise_allows() -> None:
    noise = Noise(0.001, "measured", allowed=0.004)
    found = expectation(held("numeric", [1.0], noise), held("numeric", [1.5], noise))
    assert found.values == {"it": [1.0]}
    assert found.allowed == {"it": 0.004}


def test_of_a_surface_the_rows_that_went_or_changed_are_expected() -> None:
    before, after = {"a": "1", "b": "2", "c": "3"}, {"a": "1", "c": "4", "d": "5"}
    found = expectation(held("surface", before), held("surface", after))
    assert found.values == {"it": {"b": "2", "c": "3"}}


def test_a_key_that_came_is_expected_not_to_be_observed() -> None:
    found = expectation(held("exact", {"a": 1}), held("exact", {"a": 1, "b": 2}))
    assert found.values == {"it": {"a": 1, "b": NOT_OBSERVED}}


def test_of_a_claim_that_is_not_steady_only_whether_it_holds_is_expected() -> None:
    before = {"holds": True, "observed": 3.1, "steady": False}
    after = {"holds": False, "observed": 9.9, "steady": False}
    assert expectation(held("claim", before), held("claim", after)).values == {
        "it": {"holds": True}
    }


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (held("exact", 1), held("exact", 1), "agrees with the other"),
        (held("cost", 1.0), held("cost", 9.0), "agrees with the other"),
        (None, held("exact", 1), "the baseline does not have this behaviour"),
        (held("exact", 1), ended("absent", "gizmo is not in this stack"), "not in this stack"),
    ],
)
def test_what_no_script_can_tell_apart_is_refused(
    before: Outcome | None, after: Outcome | None, why: str
) -> None:
    with pytest.raises(Unflattenable, match=why):
        expectation(before, after)


def test_memory_is_left_to_the_benchmarks() -> None:
    costs = [Observation("peak", "cost", size, unit="bytes") for size in (10**8, 10**9)]
    with pytest.raises(Unflattenable, match="harness bench"):
        expectation(ended("held", "", costs[0]), ended("held", "", costs[1]))


@pytest.mark.parametrize(
    ("old", "new", "allowed", "where"),
    [
        ([1, 2], [1, 3], 0.0, ["[1]"]),
        ([1, 2], [1, 2, 3], 0.0, [", its length"]),
        ({"a": {"b": [1.0]}}, {"a": {"b": [1.2]}}, 0.1, ["['a']['b'][0]"]),
        ({"a": 1}, {"a": 1, "b": 2}, 0.0, []),
        ({"a": 1}, {}, 0.0, ["['a']"]),
        ([1.0, 2.0], [1.05, 2.05], 0.1, []),
        (True, 1, 0.0, [""]),
        (None, 1.0, 9.0, [""]),
        ("x", "y", 9.0, [""]),
    ],
)
def test_a_script_finds_where_two_values_differ(
    old: object, new: object, allowed: float, where: list[str]
) -> None:
    assert [path for path, _, _ in differences(old, new, allowed)] == where


def raising(error: BaseException) -> Any:
    def run() -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("run", "end"),
    [
        (lambda: None, "held"),
        (raising(AssertionError("no")), "failed"),
        (raising(KeyError("k")), "KeyError"),
        (lambda: pytest.skip("not here"), "skipped"),
        (lambda: pytest.fail("no"), "failed"),
    ],
)
def test_a_script_tells_how_a_behaviour_ended(run: Any, end: str) -> None:
    assert how_it_ends(run)[0] == end
