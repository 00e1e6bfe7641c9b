"""Which of a gate's verdicts are changes to locate, and in what order."""

from __future__ import annotations

from harness.running.locating_session import changed
from harness.vocabulary.cells import Cell
from harness.vocabulary.gated import BehaviourVerdict, ObservationVerdict
from harness.vocabulary.verdicts import Verdict


def verdict(name: str, what: Verdict, distance: float | None = None) -> BehaviourVerdict:
    entry = ObservationVerdict("x", None, None, what, distance)
    return BehaviourVerdict(f"t.py::test_{name}", "mine-nf4-cpu", what, observations=(entry,))


def test_the_heaviest_stands_first_and_of_one_weight_the_furthest_moved():
    found = changed(
        [
            verdict("near", Verdict.DRIFTED, 3.0),
            verdict("far", Verdict.DRIFTED, 40.0),
            verdict("heavy", Verdict.CHANGED),
        ]
    )
    assert [each.behaviour.removeprefix("t.py::test_") for each in found] == [
        "heavy",
        "far",
        "near",
    ]
    assert {each.cell for each in found} == {Cell("mine", "nf4", "cpu")}


def test_what_is_the_same_or_wavers_or_is_unknown_is_no_change():
    none = (Verdict.SAME, Verdict.FLAKY, Verdict.UNKNOWN, Verdict.FAILING)
    assert changed([verdict(each.value, each) for each in none]) == []
