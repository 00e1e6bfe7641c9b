"""What to run, what a process's end means, and the exit code: decisions on constructed data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.gate.attempts import MOST_DEATHS, Attempt, CellRun, advance, begin
from harness.gate.exitcode import exit_code, parse_fail_on
from harness.gate.plan import (
    SIDES,
    Conditions,
    PlannedCell,
    Side,
    cell_key,
    check_selected,
    confirming_tasks,
    first_tasks,
    select,
)
from harness.running.conditions import cell_environment, influences, sources_digest
from harness.vocabulary.allocator import HUGE_PAGES
from harness.vocabulary.cells import Cell
from harness.vocabulary.errors import UsageError
from harness.vocabulary.gated import BehaviourVerdict, PackageVerdict
from harness.vocabulary.records import Header, Outcome, Record
from harness.vocabulary.verdicts import Verdict

CONDITIONS = Conditions(
    sources="s",
    hardware={"cores": "2"},
    environment={"TZ": "UTC"},
    subjects={"smol": "d"},
    threads=1,
)
SMOL = Cell("smol", "float32", "cpu")
TIKTOKEN = Cell("tiktoken")
PLAN = (PlannedCell(TIKTOKEN, ("a", "b")), PlannedCell(SMOL, ("c",)))
BOTH: dict[Side, Conditions] = {side: CONDITIONS for side in SIDES}


def test_both_sides_of_a_cell_are_neighbours() -> None:
    tasks = first_tasks({side: PLAN for side in SIDES}, {"baseline": "x", "candidate": "y"}, BOTH)
    assert [(task.side, task.cell) for task in tasks] == [
        ("baseline", TIKTOKEN), ("candidate", TIKTOKEN), ("baseline", SMOL), ("candidate", SMOL),
    ]  # fmt: skip


def test_confirming_runs_take_turns() -> None:
    tasks = confirming_tasks({SMOL: ["c"]}, 2, {"baseline": "x", "candidate": "y"}, BOTH)
    assert [(task.side, task.repeat) for task in tasks] == [
        ("baseline", 1), ("candidate", 1), ("baseline", 2), ("candidate", 2),
    ]  # fmt: skip


def test_a_stack_against_itself_runs_on_both_sides() -> None:
    tasks = first_tasks({side: PLAN for side in SIDES}, {"baseline": "x", "candidate": "x"}, BOTH)
    assert len({task.key for task in tasks}) == 4


def test_a_side_has_one_key_whatever_the_other_side_is() -> None:
    key = [
        first_tasks({side: PLAN for side in SIDES}, {"baseline": "x", "candidate": other}, BOTH)[
            0
        ].key
        for other in ("x", "y")
    ]
    assert key[0] == key[1]


def key(**changes: object) -> str:
    conditions = replace(CONDITIONS, **changes)  # type: ignore[arg-type]
    return cell_key("lock", SMOL, ["a"], 0, conditions)


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": "t"},
        {"hardware": {"cores": "4"}},
        {"environment": {"TZ": "CET"}},
        {"subjects": {"smol": "e"}},
        {"threads": 2},
    ],
)
def test_whatever_may_influence_a_result_is_in_its_key(changes: dict[str, object]) -> None:
    assert key(**changes) != key()


def test_lock_cell_behaviours_and_replica_are_in_the_key() -> None:
    keys = {
        cell_key("lock", SMOL, ["a"], 0, CONDITIONS),
        cell_key("other", SMOL, ["a"], 0, CONDITIONS),
        cell_key("lock", Cell("smol", "nf4", "cpu"), ["a"], 0, CONDITIONS),
        cell_key("lock", Cell("smol", "float32", "cuda"), ["a"], 0, CONDITIONS),
        cell_key("lock", SMOL, ["a", "b"], 0, CONDITIONS),
        cell_key("lock", SMOL, ["a"], 1, CONDITIONS),
    }
    assert len(keys) == 6


def test_another_subjects_bytes_do_not_matter() -> None:
    assert key(subjects={"smol": "d", "other": "x"}) == key()


def test_select_keeps_only_cells_with_something_left() -> None:
    assert select(PLAN, ["c"]) == (PlannedCell(SMOL, ("c",)),)


def test_selecting_nothing_names_the_themes() -> None:
    whole = (PlannedCell(SMOL, ("tokenizers/t.py::a", "hooks/t.py::b")),)
    with pytest.raises(UsageError, match="no behaviour matches") as caught:
        check_selected((), whole, ["nothing"])
    assert "hooks, tokenizers" in caught.value.allowed


HEADER = Header({}, {}, {}, {})


def record(*done: str, running: str | None = None, complete: bool = False) -> Record:
    outcomes = tuple(Outcome(name, "cell", "held") for name in done)
    return Record(HEADER, outcomes, complete, (running, "cell") if running else None)


def after(*attempts: Attempt, behaviours: tuple[str, ...] = ("a", "b", "c")) -> CellRun:
    run = begin(behaviours)
    for attempt in attempts:
        run = advance(run, "cell", attempt)
    return run


def statuses(run: CellRun) -> dict[str, str]:
    return {name: outcome.status for name, outcome in run.outcomes.items()}


def test_a_crash_costs_its_behaviour_and_the_rest_runs_without_it() -> None:
    run = after(Attempt(record("a", running="b"), "died", "SIGSEGV"))
    assert run.outcomes["b"].reason == "the process died with SIGSEGV"
    assert run.remaining == ("c",)
    run = advance(run, "cell", Attempt(record("c", complete=True), "exited"))
    assert statuses(run) == {"a": "held", "b": "raised", "c": "held"}
    assert run.conclusive


@pytest.mark.parametrize("end", ["timeout", "memory"])
def test_time_or_memory_that_ran_out_is_no_evidence(end: str) -> None:
    run = after(Attempt(record("a", running="b"), end, "600 s"))  # type: ignore[arg-type]
    assert run.outcomes["b"].status == "unknown"
    assert run.remaining == ("c",)
    assert not run.conclusive


def test_a_second_timeout_ends_the_cell() -> None:
    run = after(
        Attempt(record(running="a"), "timeout", "9 s"),
        Attempt(record(running="b"), "timeout", "9 s"),
    )
    assert statuses(run) == {"a": "unknown", "b": "unknown", "c": "unknown"}
    assert "not reached" in run.outcomes["c"].reason


def test_a_cell_that_dies_again_and_again_is_left() -> None:
    names = tuple(f"t{index}" for index in range(MOST_DEATHS + 2))
    deaths = [Attempt(record(running=name), "died", "SIGSEGV") for name in names[:MOST_DEATHS]]
    run = after(*deaths, behaviours=names)
    assert list(statuses(run).values()) == ["raised"] * MOST_DEATHS + ["unknown"] * 2


def test_a_process_without_a_record_leaves_all_unknown_with_its_last_words() -> None:
    run = after(Attempt(None, "exited", "exit code 1", "No module named pytest"))
    assert set(statuses(run).values()) == {"unknown"}
    assert "No module named pytest" in run.outcomes["a"].reason


def test_a_death_between_behaviours_blames_none_of_them() -> None:
    run = after(Attempt(record("a"), "died", "SIGABRT", "terminate called"))
    assert statuses(run) == {"a": "held", "b": "unknown", "c": "unknown"}


def test_what_was_listed_and_not_run_is_unknown() -> None:
    run = after(Attempt(record("a", "b", complete=True), "exited"))
    assert run.outcomes["c"].reason == "listed, but not run"


def verdict(value: Verdict) -> BehaviourVerdict:
    return BehaviourVerdict("t", "cell", value)


CODES: list[tuple[list[Verdict], int]] = [
    ([], 4),
    ([Verdict.FAILING, Verdict.FAILING], 4),
    ([Verdict.SAME], 0),
    ([Verdict.SAME, Verdict.UNKNOWN], 4),
    ([Verdict.DRIFTED, Verdict.UNKNOWN], 4),
    ([Verdict.BROKEN, Verdict.UNKNOWN], 1),
    *(([each, Verdict.SAME], 0) for each in (
        Verdict.DRIFTED, Verdict.FIXED, Verdict.FASTER, Verdict.LIGHTER, Verdict.FLAKY,
        Verdict.NEW, Verdict.FAILING,
    )),
    *(([each, Verdict.SAME], 1) for each in (
        Verdict.CHANGED, Verdict.REGRESSED, Verdict.BROKEN, Verdict.GONE, Verdict.HEAVIER,
        Verdict.SLOWER,
    )),
]  # fmt: skip


@pytest.mark.parametrize(("verdicts", "code"), CODES)
def test_verdicts_decide_the_exit_code(verdicts: list[Verdict], code: int) -> None:
    assert exit_code("built", (), [verdict(value) for value in verdicts]) == code


@pytest.mark.parametrize("stack", ["unsolvable", "uninstallable"])
def test_a_stack_that_cannot_be_made_exits_3(stack: str) -> None:
    assert exit_code(stack, (), ()) == 3


def test_a_package_that_no_longer_imports_fails_the_gate() -> None:
    packages = [PackageVerdict("lib", "unimportable")]
    assert exit_code("built", packages, [verdict(Verdict.SAME)]) == 1


def test_fail_on_chooses() -> None:
    chosen = parse_fail_on("drifted,flaky")
    assert exit_code("built", (), [verdict(Verdict.DRIFTED)], chosen) == 1
    assert exit_code("built", (), [verdict(Verdict.CHANGED)], chosen) == 0


def test_fail_on_refuses_what_is_no_verdict() -> None:
    with pytest.raises(UsageError, match="'wrong'"):
        parse_fail_on("drifted,wrong")


def environment(**variables: str) -> dict[str, str]:
    return cell_environment(
        variables, home=Path("/h"), cache=Path("/c"), inside=Path("/i"), threads=3
    )


def test_no_secret_and_nothing_unknown_reaches_a_cell() -> None:
    given = {"HF_TOKEN": "t", "AWS_SECRET_ACCESS_KEY": "s", "HTTPS_PROXY": "p", "MY_SETTING": "m"}
    assert not set(given) & set(environment(**given))
    assert "HUGGING_FACE_HUB_TOKEN" not in environment(HUGGING_FACE_HUB_TOKEN="t")


def test_processes_beside_the_cells_allocate_as_any_does() -> None:
    """Benchmarks, looks into a model, and scripts have this environment, and nothing more."""
    assert not HUGE_PAGES.keys() & environment(**HUGE_PAGES).keys()


def test_kernel_settings_reach_a_cell_and_its_key() -> None:
    assert influences(environment(ATEN_CPU_CAPABILITY="avx2"))["ATEN_CPU_CAPABILITY"] == "avx2"


def test_where_things_lie_is_no_part_of_a_key() -> None:
    assert influences(environment(HOME="/a", PATH="/b")) == influences(environment(HOME="/c"))


def test_a_cell_is_offline_and_pinned() -> None:
    pinned = environment(OMP_NUM_THREADS="16", HF_HUB_OFFLINE="0")
    wanted = {"OMP_NUM_THREADS": "3", "HF_HUB_OFFLINE": "1", "PYTHONHASHSEED": "0"}
    assert pinned.items() >= wanted.items()


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("home/suites/tokenizers/test_ids.py", True),
        ("home/fixtures/prompts.txt", True),
        ("home/snapshots/s.ambr", True),
        ("home/pyproject.toml", True),
        ("harness/measure/logits.py", True),
        ("harness/plugin/new.py", True),
        ("harness/report/html.py", False),
        ("home/suites/selftest/test_x.py", False),
        ("home/suites/__pycache__/x.pyc", False),
        ("home/README.md", False),
    ],
)
def test_the_sources_of_a_result_are_in_their_digest(
    tmp_path: Path, path: str, counts: bool
) -> None:
    before = sources_digest(tmp_path / "harness", tmp_path / "home")
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("changed")
    assert (sources_digest(tmp_path / "harness", tmp_path / "home") != before) is counts
