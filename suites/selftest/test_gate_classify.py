"""Verdicts from constructed outcomes, by the table of DESIGN 5."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.gate.classify import classify, heaviest
from harness.gate.compare import (
    Comparison,
    Imports,
    compare_runs,
    package_verdicts,
    questions,
    settle,
    snapshot_note,
)
from harness.vocabulary.gated import PackageVerdict, Skip
from harness.vocabulary.observations import Noise, Observation
from harness.vocabulary.records import Outcome, Status
from harness.vocabulary.verdicts import Verdict

MIB = 2**20


def ended(status: Status, *observations: Observation, reason: str = "") -> Outcome:
    return Outcome("t.py::test", "cell", status, reason, observations=observations)


def held(*observations: Observation) -> Outcome:
    return ended("held", *observations)


def exact(value: object, name: str = "ids") -> Observation:
    return Observation(name, "exact", value)


def number(value: float, name: str = "logit") -> Observation:
    return Observation(name, "numeric", value, noise=Noise(0.001, "bound float32"))


def memory(value: float) -> Observation:
    return Observation("peak", "cost", value, "bytes")


ENDS: list[tuple[Status, Status, Verdict]] = [
    ("held", "held", Verdict.SAME),
    ("held", "failed", Verdict.REGRESSED),
    ("held", "raised", Verdict.BROKEN),
    ("failed", "held", Verdict.FIXED),
    ("raised", "held", Verdict.FIXED),
    ("failed", "failed", Verdict.FAILING),
    ("raised", "raised", Verdict.FAILING),
    ("failed", "raised", Verdict.FAILING),
    ("raised", "failed", Verdict.FAILING),
    ("held", "absent", Verdict.GONE),
    ("held", "skipped", Verdict.GONE),
    ("absent", "held", Verdict.NEW),
    ("skipped", "raised", Verdict.NEW),
    ("held", "unknown", Verdict.UNKNOWN),
    ("unknown", "held", Verdict.UNKNOWN),
    ("unknown", "absent", Verdict.UNKNOWN),
]


@pytest.mark.parametrize(("before", "after", "verdict"), ENDS)
def test_how_both_sides_ended_decides(before: Status, after: Status, verdict: Verdict) -> None:
    assert classify(ended(before), ended(after)).verdict is verdict


def test_not_collected_in_the_candidate_is_gone_and_says_so() -> None:
    found = classify(held(), None)
    assert (found.verdict, found.reason) == (Verdict.GONE, "not collected in the candidate")


def test_absent_in_the_candidate_names_its_stack() -> None:
    found = classify(held(), ended("absent", reason="sae-lens is not in this stack"))
    assert found.reason == "sae-lens is not in the candidate stack"


def test_what_ran_on_neither_side_has_no_verdict_but_a_reason() -> None:
    found = classify(ended("skipped", reason="no chat template"), ended("absent", reason="other"))
    assert (found.verdict, found.reason) == (None, "no chat template")


OBSERVED: list[tuple[Observation, Observation, Verdict]] = [
    (exact([1, 2]), exact([1, 2]), Verdict.SAME),
    (exact([1, 2]), exact([1, 3]), Verdict.CHANGED),
    (number(1.0), number(1.009), Verdict.SAME),
    (number(1.0), number(1.011), Verdict.DRIFTED),
    (memory(1000 * MIB), memory(1090 * MIB), Verdict.SAME),
    (memory(1000 * MIB), memory(1110 * MIB), Verdict.HEAVIER),
    (memory(1110 * MIB), memory(1000 * MIB), Verdict.LIGHTER),
]


@pytest.mark.parametrize(("before", "after", "verdict"), OBSERVED)
def test_what_was_observed_decides_where_both_held(
    before: Observation, after: Observation, verdict: Verdict
) -> None:
    assert classify(held(before), held(after)).verdict is verdict


def test_an_observation_of_one_side_only_is_changed() -> None:
    assert classify(held(exact(1), exact(2, "more")), held(exact(1))).verdict is Verdict.CHANGED


def test_a_behaviour_is_as_its_heaviest_observation() -> None:
    found = classify(held(number(1.0), exact(1)), held(number(2.0), exact(2)))
    assert found.verdict is Verdict.CHANGED
    assert [each.verdict for each in found.observations] == [Verdict.DRIFTED, Verdict.CHANGED]


def test_heaviest_of_nothing_is_same() -> None:
    assert heaviest(()) is Verdict.SAME


def test_failing_on_both_sides_stays_failing_whatever_it_observed() -> None:
    found = classify(ended("failed", exact(1)), ended("raised", exact(2)))
    assert found.verdict is Verdict.FAILING


def test_raised_as_documented_on_both_sides_is_same() -> None:
    documented = replace(ended("raised"), expected=True)
    assert classify(documented, documented).verdict is Verdict.SAME


def test_raised_as_documented_since_the_candidate_is_broken() -> None:
    assert classify(held(), replace(ended("raised"), expected=True)).verdict is Verdict.BROKEN


def test_a_verdict_stands_where_every_repeat_agrees() -> None:
    assert settle([held(exact(1))] * 3, [held(exact(2))] * 3).verdict is Verdict.CHANGED


def test_a_side_that_ends_now_so_now_so_is_flaky() -> None:
    found = settle([held(), held(), held()], [ended("raised"), held(), ended("raised")])
    assert found.verdict is Verdict.FLAKY
    assert found.reason == "the candidate disagrees with itself: raised, held, raised"


def test_a_side_that_observes_now_this_now_that_is_flaky() -> None:
    found = settle([held(exact(1)), held(exact(2))], [held(exact(2)), held(exact(2))])
    assert found.verdict is Verdict.FLAKY
    assert "the baseline disagrees with itself" in found.observations[0].detail


def test_a_steady_change_beside_a_flaky_number_is_changed() -> None:
    old = [held(exact(163_648), number(0.5)), held(exact(163_648), number(0.5))]
    new = [held(exact(196_416), number(0.1)), held(exact(196_416), number(0.9))]
    found = settle(old, new)
    assert found.verdict is Verdict.CHANGED
    assert [each.verdict for each in found.observations] == [Verdict.CHANGED, Verdict.FLAKY]


def test_a_cost_that_does_not_repeat_is_the_machines() -> None:
    old = [held(memory(1000 * MIB))] * 3
    new = [held(memory(1500 * MIB)), held(memory(1000 * MIB)), held(memory(1000 * MIB))]
    assert settle(old, new).verdict is Verdict.SAME


def test_a_cost_that_repeats_stands() -> None:
    assert settle([held(memory(1000 * MIB))] * 3, [held(memory(1500 * MIB))] * 3).verdict is (
        Verdict.HEAVIER
    )


def test_a_repeat_without_evidence_leaves_it_unknown() -> None:
    found = settle([held(), held()], [ended("raised"), ended("unknown", reason="ran out of time")])
    assert found.verdict is Verdict.UNKNOWN
    assert "ran out of time" in found.reason


KEY = ("t.py::test", "cell")


def compared(before: Outcome, after: Outcome) -> Comparison:
    return compare_runs([{KEY: before}], [{KEY: after}])


@pytest.mark.parametrize(
    ("after", "asked"),
    [
        (held(exact(2)), {"cell": ["t.py::test"]}),
        (ended("raised"), {"cell": ["t.py::test"]}),
        (held(exact(1)), {}),
        (ended("absent"), {}),
        (ended("unknown"), {}),
    ],
)
def test_what_is_not_same_and_can_repeat_is_asked_again(
    after: Outcome, asked: dict[str, list[str]]
) -> None:
    before = held(exact(1))
    assert questions(compared(before, after), [{KEY: before}], [{KEY: after}]) == asked


def test_skips_are_counted_by_reason() -> None:
    skipped = ended("skipped", reason="no chat template")
    runs = [{("a", "c"): skipped, ("b", "c"): skipped, KEY: held()}]
    assert compare_runs(runs, runs).skipped == (Skip("no chat template", 2),)


def test_the_snapshot_is_a_third_witness_told_once() -> None:
    away = replace(held(exact(1)), snapshot=("ids: changed [1] -> [2]",))
    assert "1 behaviours are away" in snapshot_note({KEY: away}, compared(away, away))


def test_a_missing_snapshot_is_no_witness() -> None:
    new = replace(held(exact(1)), snapshot=("ids: no snapshot yet",))
    assert snapshot_note({KEY: new}, compared(new, new)) == ""


def test_a_behaviour_that_changed_is_no_matter_of_the_machine() -> None:
    away = replace(held(exact(1)), snapshot=("ids: changed",))
    assert snapshot_note({KEY: away}, compared(away, held(exact(2)))) == ""


HERE = frozenset({"lib"})
IMPORTS = [
    (Imports({"lib": ""}, HERE), Imports({"lib": ""}, HERE), "same", ""),
    (Imports({"lib": ""}, HERE), Imports({"lib": "ImportError: x\ny"}, HERE), "unimportable",
     "ImportError: x"),
    (Imports({"lib": "E: x"}, HERE), Imports({"lib": ""}, HERE), "fixed", "E: x"),
    (Imports({"lib": "E: x"}, HERE), Imports({"lib": "E: z"}, HERE), "failing", "E: z"),
    (Imports({"lib": ""}, HERE), Imports({}, frozenset()), "gone", "not in the candidate stack"),
    (Imports({}, frozenset()), Imports({"lib": ""}, HERE), "new", "not in the baseline stack"),
    (Imports({}, frozenset()), Imports({"lib": "E: x"}, HERE), "unimportable", "E: x"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "verdict", "reason"), IMPORTS)
def test_each_package_has_a_verdict_of_its_own(
    before: Imports, after: Imports, verdict: str, reason: str
) -> None:
    assert package_verdicts(before, after) == (PackageVerdict("lib", verdict, reason),)


def test_a_package_that_one_side_never_came_to_import_has_no_verdict() -> None:
    assert package_verdicts(Imports({"lib": ""}, HERE), Imports({}, HERE)) == ()
