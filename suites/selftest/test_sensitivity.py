"""What a run of faults decides, on constructed plans and outcomes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.faults import Fault
from harness.gate.attempts import Attempt
from harness.gate.plan import Conditions, PlannedCell
from harness.sensitivity.choose import chosen
from harness.sensitivity.ended import TrialRun, conclude
from harness.sensitivity.judge import judge, unsteady
from harness.sensitivity.trials import fault_trial, reference_trials, shown_to
from harness.vocabulary.cells import Cell
from harness.vocabulary.errors import UsageError
from harness.vocabulary.faults import Notice, Sensitivity, Sight, Tried, share
from harness.vocabulary.observations import Noise, Observation
from harness.vocabulary.records import Header, Outcome, Record, Status
from harness.vocabulary.verdicts import Verdict

HEADER = Header({}, {}, {}, {})
CONDITIONS = Conditions("sources", {}, {}, {}, 1)
F32, NF4 = Cell("tiny", "float32", "cpu"), Cell("tiny", "nf4", "cpu")
PLAN = (
    PlannedCell(Cell("torch"), ("ops/test_a.py::test_one", "ops/test_a.py::test_two")),
    PlannedCell(F32, ("models/test_b.py::test_it",)),
    PlannedCell(NF4, ("models/test_b.py::test_it", "models/test_b.py::test_bits")),
)
ONE = ("ops/test_a.py::test_one", "torch")
TWO = ("ops/test_a.py::test_two", "torch")


def a_fault(*sees: str, id: str = "torch.bent", kind: str = "mask") -> Fault:
    return Fault(id, id.partition(".")[0], kind, "it hurts", sees, lambda patch: None)


def ended(
    key: tuple[str, str], status: Status = "held", value: object = 1, reason: str = ""
) -> Outcome:
    return Outcome(*key, status, reason, observations=(Observation("value", "exact", value),))


def run_of(*outcomes: Outcome) -> TrialRun:
    return TrialRun(HEADER, {each.key: each for each in outcomes}, final=True)


@pytest.mark.parametrize(
    ("sees", "found"),
    [
        (("ops",), [ONE, TWO]),
        (("ops/test_a.py::test_two", "ops/test_a.py"), [ONE, TWO]),
        (("*one",), [ONE]),
        (("models",), [("models/test_b.py::test_it", F32.id),
                       ("models/test_b.py::test_bits", NF4.id)]),
        (("models@*nf4*",), [("models/test_b.py::test_it", NF4.id),
                             ("models/test_b.py::test_bits", NF4.id)]),
        (("nothing",), []),
    ],
)  # fmt: skip
def test_a_fault_is_shown_to_each_behaviour_in_the_first_precision_it_has(
    sees: tuple[str, ...], found: list[tuple[str, str]]
) -> None:
    assert list(shown_to(a_fault(*sees), PLAN)) == found


def test_everything_shown_runs_twice_without_a_fault_a_cell_at_a_time() -> None:
    shown = [shown_to(a_fault("ops", "models"), PLAN), (ONE,)]
    trials = reference_trials(shown, "lock", CONDITIONS)
    assert [(trial.repeat, trial.asked[0][1]) for trial in trials] == [
        (0, F32.id), (0, NF4.id), (0, "torch"), (1, F32.id), (1, NF4.id), (1, "torch"),
    ]  # fmt: skip
    assert len({trial.key for trial in trials}) == 6


def test_a_key_holds_the_fault_its_source_the_lock_and_the_behaviours() -> None:
    def key(
        id: str = "torch.bent", source: str = "s", lock: str = "l", asked: tuple = (ONE,)
    ) -> str:
        return fault_trial(a_fault(id=id), asked, source, lock, CONDITIONS).key

    keys = [key(), key(id="torch.other"), key(source="t"), key(lock="m"), key(asked=(TWO,))]
    assert len(set(keys)) == 5
    assert key() == key()


def concluded(attempt: Attempt, code: int | None = 0) -> TrialRun:
    trial = fault_trial(a_fault(), (ONE, TWO), "s", "l", CONDITIONS)
    return conclude(trial, attempt, code)


def test_a_fault_that_could_not_be_installed_is_a_problem_and_no_result() -> None:
    attempt = Attempt(Record(HEADER, (), True), "exited", "exit code 4", "no attribute 'x'")
    assert concluded(attempt, 4) == TrialRun(None, {}, "no attribute 'x'")


def test_a_dying_process_is_laid_to_what_ran_and_the_rest_is_unknown() -> None:
    attempt = Attempt(Record(HEADER, (), False, ONE), "died", "SIGSEGV")
    run = concluded(attempt, None)
    assert [run.outcomes[key].status for key in (ONE, TWO)] == ["raised", "unknown"]
    assert run.final


def test_a_timeout_proves_nothing_and_is_not_kept() -> None:
    attempt = Attempt(Record(HEADER, (ended(ONE),), False, TWO), "timeout", "180 s")
    run = concluded(attempt, None)
    assert [run.outcomes[key].status for key in (ONE, TWO)] == ["held", "unknown"]
    assert not run.final


def test_what_a_whole_run_did_not_collect_has_no_outcome() -> None:
    run = concluded(Attempt(Record(HEADER, (ended(ONE),), True), "exited"), 1)
    assert list(run.outcomes) == [ONE]


def judged(*with_fault: Outcome, left_out: dict[tuple[str, str], str] | None = None) -> Tried:
    reference = {ONE: ended(ONE), TWO: ended(TWO)}
    return judge(a_fault("ops"), (ONE, TWO), reference, left_out or {}, run_of(*with_fault))


def test_a_behaviour_that_is_not_the_same_notices() -> None:
    found = judged(ended(ONE), ended(TWO, value=2))
    assert found.sight is Sight.NOTICED
    assert found.judged == 2
    (notice,) = found.notices
    assert (notice.behaviour, notice.verdict) == (TWO[0], Verdict.CHANGED)
    assert "1 -> 2" in notice.detail


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (ended(TWO, "failed", reason="assert 1 == 2"), Verdict.REGRESSED),
        (ended(TWO, "raised", reason="TypeError"), Verdict.BROKEN),
        (None, Verdict.GONE),
    ],
)
def test_failing_raising_and_not_being_collected_notice(
    outcome: Outcome | None, verdict: Verdict
) -> None:
    found = judged(ended(ONE), *([outcome] if outcome else []))
    assert [notice.verdict for notice in found.notices] == [verdict]


def test_a_fault_under_which_all_is_the_same_survives() -> None:
    assert judged(ended(ONE), ended(TWO)).sight is Sight.SURVIVED


def test_running_out_of_time_is_no_noticing() -> None:
    found = judged(ended(ONE), ended(TWO, "unknown", reason="ran out of time"))
    assert (found.sight, found.reason) == (Sight.UNKNOWN, "ran out of time")


def test_a_behaviour_that_is_left_out_does_not_notice() -> None:
    found = judged(ended(ONE), ended(TWO, value=2), left_out={TWO: "wavers"})
    assert (found.sight, found.judged) == (Sight.SURVIVED, 1)


def test_without_a_behaviour_that_can_judge_nothing_is_known() -> None:
    found = judged(ended(ONE), ended(TWO), left_out={ONE: "skipped", TWO: "skipped"})
    assert found.sight is Sight.UNKNOWN
    assert "none of 2 behaviours can judge: skipped" in found.reason
    nowhere = judge(a_fault("nowhere"), (), {}, {}, run_of())
    assert (nowhere.sight, nowhere.reason) == (
        Sight.UNKNOWN, "no behaviour of this stack is at nowhere",
    )  # fmt: skip


def number(key: tuple[str, str], value: float) -> Outcome:
    seen = Observation("logit", "numeric", value, noise=Noise(0.001, "bound float32"))
    return Outcome(*key, "held", observations=(seen,))


def test_only_what_agrees_with_itself_without_a_fault_may_judge() -> None:
    first = {ONE: number(ONE, 1.0), TWO: number(TWO, 1.0), ("c", "x"): ended(("c", "x"), "skipped")}
    second = {**first, TWO: number(TWO, 1.5)}
    reasons = unsteady(first, second)
    assert set(reasons) == {TWO, ("c", "x")}
    assert "disagree" in reasons[TWO]
    assert reasons[("c", "x")].startswith("skipped without a fault")


def test_a_behaviour_that_fails_without_a_fault_judges_nothing() -> None:
    failing = {ONE: ended(ONE, "failed", reason="no"), TWO: ended(TWO, "raised", reason="as told")}
    failing[TWO] = replace(failing[TWO], expected=True)
    assert set(unsteady(failing, failing)) == {ONE}


def tried(id: str, sight: Sight, *tiers: str) -> Tried:
    notices = tuple(Notice("b", "c", Verdict.DRIFTED, tier) for tier in tiers)  # type: ignore[arg-type]
    return Tried(id, id.partition(".")[0], "mask", "why", sight, notices)


def test_shares_leave_out_what_is_unknown_and_tiers_hold_the_smaller() -> None:
    faults = [
        tried("torch.a", Sight.NOTICED, "quick"),
        tried("torch.b", Sight.NOTICED, "broad"),
        tried("torch.c", Sight.SURVIVED),
        tried("torch.d", Sight.UNKNOWN),
    ]
    found = share("all", faults)
    assert found.share == pytest.approx(2 / 3)
    assert found.by_tier == (1, 1, 2)
    assert found.stopped == 0, "what drifted fails no gate by itself"


@pytest.mark.parametrize(
    ("total", "library", "met"), [(0.75, 0.5, True), (0.76, 0.5, False), (0.75, 0.6, False)]
)
def test_both_bounds_must_be_kept(total: float, library: float, met: bool) -> None:
    faults = (
        tried("torch.a", Sight.NOTICED, "quick"), tried("torch.b", Sight.SURVIVED),
        tried("nnsight.a", Sight.NOTICED, "quick"), tried("nnsight.b", Sight.NOTICED, "quick"),
    )  # fmt: skip
    assert Sensitivity("reference", faults, (), total, library).met is met


def test_bounds_are_surely_kept_only_if_nothing_unknown_could_break_them() -> None:
    faults = (tried("torch.a", Sight.NOTICED, "quick"), tried("nnsight.a", Sight.UNKNOWN))
    assert Sensitivity("reference", faults, (), 0.5, 0.0).surely_met
    for bounds in ((0.6, 0.0), (0.5, 0.1)):
        found = Sensitivity("reference", faults, (), *bounds)
        assert (found.met, found.surely_met) == (True, False)


def test_nothing_known_keeps_no_bound() -> None:
    faults = (tried("torch.a", Sight.UNKNOWN),)
    assert not Sensitivity("reference", faults, (), 0.0, 0.0).met


def test_faults_are_chosen_by_every_part_that_is_named() -> None:
    faults = [
        a_fault("a"),
        a_fault("a", id="torch.off", kind="dtype"),
        a_fault("a", id="nnsight.x"),
    ]
    assert [each.id for each in chosen(faults, [], ["torch"], ["dtype"])] == ["torch.off"]
    assert len(chosen(faults, [], [], [])) == 3
    with pytest.raises(UsageError, match="no fault is of all"):
        chosen(faults, ["torch.bent"], ["nnsight"], [])
    with pytest.raises(UsageError, match="no fault has 'tiktoken'"):
        chosen(faults, [], ["tiktoken"], [])
