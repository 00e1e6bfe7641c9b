"""Benchmarks run on real worker processes that sort a list: turns, budget, and all that fails."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest
from miniature import ROOT
from process_ends import gone
from sorting_worker import FLIP, HELD, SORT, WAVER

from harness.execution import Talk
from harness.running.benching import exit_code
from harness.running.benching_generation import whole
from harness.running.benching_task import Budget, Ground, TaskAsked, TaskFound, run_task
from harness.running.benching_tasks import (
    check_patterns,
    may_read_vocabularies,
    named_tasks,
    tasks_of,
)
from harness.vocabulary.costs import (
    Arm,
    Compared,
    Comparison,
    CostVerdict,
    Decision,
    Interval,
    Missed,
    Quantity,
    Role,
    Sample,
)
from harness.vocabulary.errors import UsageError
from harness.vocabulary.stacks import LIBRARIES
from harness.vocabulary.tasks import TASKS

WORKER = Path(__file__).with_name("sorting_worker.py")
OLD = Arm("old", "here")
QUICK = Budget(1.0, 0.002, 20.0)
AMPLE = Budget(20.0, 0.03, 20.0)


@dataclass(frozen=True)
class Ran:
    found: TaskFound
    journal: tuple[tuple[str, ...], ...]

    def verdicts(self) -> dict[str, CostVerdict]:
        return {each.quantity.id: each.decision.verdict for each in self.found.compared}

    def reasons(self) -> list[tuple[str, str, str]]:
        return [(each.task, each.arm, each.reason) for each in self.found.missed]

    def pids(self) -> set[int]:
        return {int(words[-1]) for words in self.journal}

    def generations(self) -> list[list[tuple[str, ...]]]:
        """The journal's lines of each three processes."""
        pids = list(dict.fromkeys(words[-1] for words in self.journal))
        return [
            [words for words in self.journal if words[-1] in pids[start : start + 3]]
            for start in range(0, len(pids), 3)
        ]


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run_(
        plant: str = "",
        budget: Budget = QUICK,
        patterns: Sequence[str] = (),
        memory_limit: int | None = None,
        known: dict[Arm, Ground] | None = None,
        task: str = "model",
    ) -> Ran:
        journal = tmp_path / "journal"

        def start(task: str, arm: Arm, limits: bool) -> Talk:
            command = [sys.executable, str(WORKER), json.dumps(asdict(arm)), str(journal)]
            return Talk(
                [*command, *(["--limits"] if limits else [])],
                {**os.environ, "PYTHONPATH": str(ROOT)},
                tmp_path / f"{time.monotonic_ns()}.log",
                directory=tmp_path,
                memory_limit_bytes=memory_limit,
            )

        candidate = replace(OLD, name="new" if plant else "old", plant=plant)
        asked = TaskAsked(task, OLD, candidate, tuple(patterns), budget, known or {})
        found = run_task(asked, start, lambda text: None)
        lines = journal.read_text().splitlines()
        return Ran(found, tuple(tuple(line.split()) for line in lines))

    return run_


def test_arms_take_turns_and_the_order_is_reversed_every_other_round(run: Run) -> None:
    ran = run("fourfold", patterns=["model/sort"])
    for generation in ran.generations():
        ready = [words[-1] for words in generation if words[0] == "ready"]
        turns = [words[-1] for words in generation if words[0] == "turn"]
        first = turns[:3]
        assert sorted(first) == sorted(ready)
        rounds = [turns[start : start + 3] for start in range(0, len(turns), 3)]
        assert len(rounds) >= 2
        assert rounds == [first[:: 1 if index % 2 == 0 else -1] for index in range(len(rounds))]
        names = {words[-1]: words[-2] for words in generation}
        assert [names[pid] for pid in first] == ["old", "new", "old"]


def test_every_generation_is_of_fresh_processes_that_end(run: Run) -> None:
    ran = run("fourfold")
    assert len(ran.generations()) >= 2
    assert all(len({words[-1] for words in each}) == 3 for each in ran.generations())
    assert gone(ran.pids(), within_s=0)


def test_a_candidate_that_sorts_four_times_is_slower_and_holds_the_same(run: Run) -> None:
    ran = run("fourfold", AMPLE, ["model/sort", "model/held"])
    (found,) = [each for each in ran.found.compared if each.quantity == SORT]
    assert found.decision.verdict is CostVerdict.SLOWER
    # Both cores of a busy machine share caches and clock: a list sorted four times has been
    # charged 5.3 times the CPU seconds there.
    assert 2 < found.decision.cpu < 8
    assert 1 < found.decision.change.low < 4 < 2 * found.decision.change.high
    assert ran.verdicts()[HELD.id] is CostVerdict.SAME


def test_what_is_measured_once_gives_a_sample_a_generation(run: Run) -> None:
    ran = run("holds", AMPLE, ["model/held"])
    (found,) = ran.found.compared
    assert found.decision.verdict is CostVerdict.HEAVIER
    assert {each.generation for each in found.samples} == set(range(len(ran.generations())))
    assert len(found.samples) == 3 * len(ran.generations())
    assert not [words for words in ran.journal if words[0] in ("warm", "turn")]


def test_only_what_patterns_ask_for_is_measured(run: Run) -> None:
    ran = run("fourfold", patterns=["model/fl*"])
    assert set(ran.verdicts()) == {FLIP.id}
    assert {words[1] for words in ran.journal if words[0] == "turn"} == {FLIP.id}


def test_the_budget_ends_what_cannot_be_decided_and_what_is_decided_is_not_measured_again(
    run: Run,
) -> None:
    budget = 8.0
    ran = run("", Budget(budget, 0.002, 20.0), ["model/waver", "model/held"])
    found = {each.quantity.id: each.decision for each in ran.found.compared}
    assert found[WAVER.id].verdict is CostVerdict.INCONCLUSIVE
    assert found[WAVER.id].generations == len(ran.generations())
    assert (found[HELD.id].verdict, found[HELD.id].generations) == (CostVerdict.SAME, 2)
    starts = [float(generation[0][1]) for generation in ran.generations()]
    if len(starts) > 2:
        assert starts[-1] - starts[0] < budget
    else:
        # On a machine so loaded that another generation did not fit beside the two.
        assert 2 * ran.found.seconds > budget


def test_a_budget_of_nothing_still_gives_the_two_generations_of_a_verdict(run: Run) -> None:
    ran = run("fourfold", Budget(0.001, 0.03, 20.0), ["model/sort"])
    (found,) = ran.found.compared
    assert (found.decision.generations, len(ran.generations())) == (2, 2)


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        ("dies", "its process exited with status 7"),
        ("babbles", "it said what is no answer: no message of a benchmark's worker: 'Loading"),
        ("endless", "it said what is no answer: a line of more than"),
        ("killed", "its process ran out of memory"),
    ],
)
def test_a_worker_that_fails_in_its_turns_is_named_and_tried_once_more(
    run: Run, plant: str, reason: str
) -> None:
    ran = run(plant, patterns=["model/sort"])
    assert [(task, arm) for task, arm, _ in ran.reasons()] == [("model", "new")] * 2
    assert [text.startswith(f"in generation {n} {reason}") for n, (_, _, text) in
            enumerate(ran.reasons(), 1)] == [True, True]  # fmt: skip
    (found,) = ran.found.compared
    assert (found.decision.generations, found.decision.rounds) == (2, 2)
    assert gone(ran.pids(), within_s=0)


def test_a_worker_that_hangs_is_ended_after_its_silence(run: Run) -> None:
    ran = run("hangs", Budget(1.0, 0.002, 1.5), ["model/sort"])
    assert all("its process said nothing for 1.5 s" in text for _, _, text in ran.reasons())
    assert ran.reasons()
    assert gone(ran.pids(), within_s=0)


def test_a_worker_above_its_memory_is_ended(run: Run) -> None:
    ran = run("swells", patterns=["model/sort"], memory_limit=200 * 2**20)
    assert ran.reasons()
    assert all("ran out of memory at" in text for _, _, text in ran.reasons())
    assert gone(ran.pids(), within_s=0)


def test_an_arm_that_cannot_do_the_task_ends_it_at_once(run: Run) -> None:
    ran = run("hopeless")
    assert ran.reasons() == [("model", "new", "it cannot sort")]
    assert ran.found.compared == ()
    assert len(ran.generations()) == 1
    assert not [words for words in ran.journal if words[0] == "turn"]


def test_a_quantity_that_one_arm_lacks_leaves_the_others_compared(run: Run) -> None:
    ran = run("unsorted")
    assert ran.reasons() == [(SORT.id, "new", "TypeError: unorderable")]
    assert set(ran.verdicts()) == {FLIP.id, HELD.id, WAVER.id}


def test_a_quantity_that_one_arm_says_nothing_of_is_told_as_missed(run: Run) -> None:
    ran = run("flipless")
    reason = "this arm has no such quantity, the other one has"
    assert ran.reasons() == [(FLIP.id, "new", reason)]
    assert set(ran.verdicts()) == {SORT.id, HELD.id, WAVER.id}


def test_patterns_that_no_quantity_fits_are_told_with_what_there_is(run: Run) -> None:
    ran = run(patterns=["model/soort"])
    reason = "no quantity fits model/soort; there are model/held, model/sort, model/flip, "
    assert ran.reasons() == [("model", "old", f"{reason}model/waver")]
    assert ran.found.compared == ()
    assert len(ran.generations()) == 1


def test_limits_are_measured_by_every_arm_or_none_while_no_other_worker_runs(run: Run) -> None:
    ran = run("fourfold", patterns=["model/sort"])
    begun = [words[0] for words in ran.journal if words[0] in ("limits", "start", "ready")]
    assert begun[:6] == ["limits", "ready"] * 3
    assert "limits" not in begun[6:]
    (found,) = ran.found.compared
    assert set(found.bounds) == {"baseline", "candidate"}


def test_limits_that_are_known_are_not_measured_and_serve_arms_that_are_alike(run: Run) -> None:
    first = run(patterns=["model/sort"])
    again = run(patterns=["model/sort"], known={OLD: first.found.grounds["baseline"]})
    assert set(first.found.grounds) == {"baseline", "candidate", "control"}
    assert again.found.grounds == {}
    assert set(again.found.compared[0].bounds) == {"baseline", "candidate"}


def test_a_task_that_times_its_opening_opens_one_worker_after_another(run: Run) -> None:
    ran = run("holds", QUICK, ["model/held"], task="load")
    for generation in ran.generations():
        begun = [words[0] for words in generation if words[0] in ("limits", "start", "ready")]
        assert begun[1::2] == ["ready"] * 3


def test_a_round_that_an_arm_is_missing_from_is_left_out() -> None:
    def samples(round: int, *roles: Role) -> list[Sample]:
        return [Sample("a/b", role, 0, round, 0, 1.0) for role in roles]

    full = samples(0, "baseline", "candidate", "control")
    assert whole([*full, *samples(1, "baseline", "candidate")]) == full


@pytest.mark.parametrize(
    ("verdicts", "fail_on", "code"),
    [
        (["slower", "same"], ["slower"], 1),
        (["slower", "same"], [], 0),
        (["faster"], ["slower", "heavier"], 0),
        (["inconclusive"], ["slower"], 4),
        (["inconclusive"], ["inconclusive"], 1),
        (["inconclusive", "same"], ["slower"], 0),
        ([], ["slower"], 4),
    ],
)
def test_the_exit_code_is_of_the_verdicts(
    verdicts: list[str], fail_on: list[str], code: int
) -> None:
    one = Interval(1.0, 1.0, 1.0)
    compared = tuple(
        Compared(Quantity("a/b", "s"), 1, 1, Decision(CostVerdict(each), one, one, 2, 2))
        for each in verdicts
    )
    comparison = Comparison(OLD, OLD, compared)
    assert exit_code([comparison], frozenset(map(CostVerdict, fail_on))) == code


NEW = replace(OLD, name="new")


@pytest.mark.parametrize(
    ("missed", "code"),
    [
        ([("a/c", "new")], 1),
        ([("b", "new")], 1),
        ([("a/c", "old")], 0),
        ([("a/c", "new"), ("a/c", "old")], 0),
        ([("b/c", "new"), ("b", "old")], 0),
        ([("a", "new")], 0),
        ([("a", "new"), ("a", "new")], 1),
    ],
)
def test_what_only_the_candidate_cannot_do_fails(missed: list[tuple[str, str]], code: int) -> None:
    """Of tasks a and b; a process that was lost once and did its task again fails nothing."""
    one = Interval(1.0, 1.0, 1.0)
    same = Compared(Quantity("a/b", "s"), 1, 1, Decision(CostVerdict.SAME, one, one, 2, 2))
    told = tuple(Missed(task, arm, f"{nth}") for nth, (task, arm) in enumerate(missed))
    comparison = Comparison(OLD, NEW, (same,), told)
    assert exit_code([comparison], frozenset({CostVerdict.SLOWER})) == code
    assert exit_code([comparison], frozenset()) == 0


def test_a_candidate_that_dies_in_every_generation_has_lost_its_task(run: Run) -> None:
    found = run("dies", patterns=["model/sort"]).found
    assert len(Comparison(OLD, NEW, found.compared, found.missed).lost) == 2


def test_two_stacks_are_compared_in_all_that_both_have() -> None:
    new = replace(OLD, stack="there")
    whole = dict.fromkeys(LIBRARIES, "1")
    less = {name: "1" for name in LIBRARIES if name not in ("nnsight", "sae-lens")}
    found = tasks_of((), (), (OLD, new), (whole, less))
    assert set(TASKS) - set(found) == {"import.nnsight", "import.sae-lens", "autoencoder"}


def test_one_stack_is_compared_in_what_a_precision_can_change() -> None:
    whole = dict.fromkeys(LIBRARIES, "1")
    new = replace(OLD, precision="nf4")
    assert tasks_of((), (), (OLD, new), (whole, whole)) == ("load", "model", "memory")


def test_patterns_of_quantities_choose_their_tasks() -> None:
    whole = dict.fromkeys(LIBRARIES, "1")
    patterns = ("model/decode*", "tokenizers.*/encode.repeated")
    found = tasks_of((), patterns, (OLD, OLD), (whole, whole))
    assert found == ("model", *(task for task in TASKS if task.startswith("tokenizers.")))


@pytest.mark.parametrize(
    ("asked", "patterns", "of_stacks", "expected"),
    [
        ((), (), True, True),
        ((), (), False, False),
        ((), ("*/encode.long",), False, True),
        ((), ("model/*",), True, False),
        (("model", "tokenizers.tiktoken"), (), False, True),
        (("model", "tokenizers.tiktoken"), ("model/*",), True, False),
        (("load",), (), True, False),
    ],
)
def test_vocabularies_are_made_ready_where_a_task_may_read_them(
    asked: tuple[str, ...], patterns: tuple[str, ...], of_stacks: bool, expected: bool
) -> None:
    assert may_read_vocabularies(asked, patterns, of_stacks) is expected


def test_a_family_names_all_its_tasks() -> None:
    assert named_tasks(["hooks", "load"]) == ("hooks.bridge", "hooks.hooked", "load")


def test_a_task_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        named_tasks(["modell"])
    assert caught.value.next == "--task model"


@pytest.mark.parametrize("pattern", ["decode", "modell/decode", "/"])
def test_a_pattern_that_no_quantity_can_fit_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="names no task and a quantity"):
        check_patterns([pattern])
