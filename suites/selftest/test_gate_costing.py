"""Which costs a gate compares, and what their verdicts do to its exit code."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from harness.gate.costing import Part, Wanted, parts, tasks_of
from harness.gate.exitcode import exit_code
from harness.vocabulary.costs import CostVerdict
from harness.vocabulary.gated import BehaviourVerdict
from harness.vocabulary.stacks import LIBRARIES, Move
from harness.vocabulary.tasks import TASKS
from harness.vocabulary.verdicts import FAILS_A_GATE, Verdict

USUAL = Wanted("smol", ("smol",))
SAME = BehaviourVerdict("a", "tiktoken", Verdict.SAME)


def moved(*packages: str) -> list[Move]:
    return [Move(package, "1.0", "2.0") for package in packages]


@pytest.mark.parametrize(
    ("package", "tasks"),
    [
        ("tiktoken", ("import.tiktoken", "tokenizers.tiktoken")),
        ("sentencepiece", ("import.sentencepiece", "tokenizers.sentencepiece")),
        ("tokenizers", ("import.tokenizers", "tokenizers.tokenizers", "tokenizers.transformers")),
        ("torch", ("import.torch", "load", "model", "memory")),
        ("transformers", ("import.transformers", "load", "model", "memory")),
        ("accelerate", ("import.accelerate", "load", "model", "memory")),
        ("transformer-lens", ("import.transformer-lens", "hooks.bridge")),
        ("sae-lens", ("import.sae-lens", "autoencoder")),
        ("nnsight", ("import.nnsight",)),
    ],
)
def test_a_library_that_moved_is_measured_in_what_it_is_about(
    package: str, tasks: tuple[str, ...]
) -> None:
    assert parts(moved(package), USUAL) == (Part("smol", "float32", "cpu", tasks),)


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_task_of_a_library_is_a_task(library: str) -> None:
    assert set(tasks_of(library)) <= set(TASKS)


def test_bitsandbytes_is_measured_in_a_quantised_precision() -> None:
    assert parts(moved("bitsandbytes"), USUAL) == (
        Part("smol", "float32", "cpu", ("import.bitsandbytes",)),
        Part("smol", "nf4", "cpu", ("load", "model", "memory")),
    )


def test_of_the_precisions_named_bitsandbytes_concerns_the_quantised_ones() -> None:
    wanted = replace(USUAL, precisions=("bfloat16", "int8"))
    alone = parts(moved("bitsandbytes"), wanted)
    assert [(part.precision, part.tasks[0]) for part in alone] == [
        ("bfloat16", "import.bitsandbytes"), ("int8", "load"),
    ]  # fmt: skip
    both = parts(moved("bitsandbytes", "torch"), wanted)
    assert [(part.precision, part.tasks[-1]) for part in both] == [
        ("bfloat16", "memory"), ("int8", "memory"),
    ]  # fmt: skip


def test_two_libraries_with_the_same_tasks_measure_them_once() -> None:
    (part,) = parts(moved("torch", "transformers"), USUAL)
    assert part.tasks == ("import.torch", "import.transformers", "load", "model", "memory")


def test_a_model_is_measured_in_every_cell_that_is_named_and_the_rest_once() -> None:
    wanted = Wanted("a", ("a", "b"), ("nf4", "float16"), ("cpu", "mps"))
    assert parts(moved("torch"), wanted) == (
        Part("a", "float16", "cpu", ("import.torch", "load", "model", "memory")),
        Part("a", "nf4", "cpu", ("load", "model", "memory")),
        Part("a", "float16", "mps", ("load", "model", "memory")),
        Part("b", "nf4", "cpu", ("load", "model", "memory")),
        Part("b", "float16", "cpu", ("load", "model", "memory")),
        Part("b", "float16", "mps", ("load", "model", "memory")),
    )


def test_no_library_of_ours_moved_no_costs() -> None:
    assert parts(moved("numpy", "zstd"), USUAL) == ()


def test_a_library_that_came_or_went_has_nothing_to_compare_with() -> None:
    assert parts([Move("tiktoken", None, "1.0"), Move("nnsight", "1.0", None)], USUAL) == ()


def test_tasks_that_were_named_are_measured_whatever_moved() -> None:
    wanted = replace(USUAL, tasks=("hooks.bridge", "load"))
    tasks = ("load", "hooks.bridge")
    assert parts((), wanted) == (Part("smol", "float32", "cpu", tasks),)
    assert parts(moved("tiktoken"), wanted) == (Part("smol", "float32", "cpu", tasks),)


S, F, SAID_SAME, OPEN = (
    CostVerdict.SLOWER, CostVerdict.FASTER, CostVerdict.SAME, CostVerdict.INCONCLUSIVE,
)  # fmt: skip


@pytest.mark.parametrize(
    ("costs", "code"),
    [
        (None, 0), ([SAID_SAME], 0), ([F, SAID_SAME], 0), ([S, SAID_SAME], 1),
        ([CostVerdict.HEAVIER], 1), ([OPEN], 0), ([], 4),
    ],
)  # fmt: skip
def test_what_costs_do_to_a_gate_whose_behaviours_are_same(
    costs: Collection[CostVerdict] | None, code: int
) -> None:
    assert exit_code("built", (), [SAME], FAILS_A_GATE, costs) == code


@pytest.mark.parametrize(("costs", "code"), [([OPEN], 4), ([SAID_SAME], 0), (None, 4)])
def test_what_costs_do_to_a_gate_without_behaviours(
    costs: Collection[CostVerdict] | None, code: int
) -> None:
    assert exit_code("built", (), (), FAILS_A_GATE, costs) == code


def test_what_fails_is_chosen_for_costs_too() -> None:
    assert exit_code("built", (), [SAME], {Verdict.FASTER}, [F]) == 1
    assert exit_code("built", (), [SAME], {Verdict.CHANGED}, [S]) == 0


def test_what_is_lost_fails_a_gate_whose_costs_and_behaviours_are_same() -> None:
    assert exit_code("built", (), [SAME], FAILS_A_GATE, [SAID_SAME], lost=True) == 1
    assert exit_code("built", (), [SAME], FAILS_A_GATE, [SAID_SAME]) == 0


def test_an_unknown_behaviour_stays_without_evidence_whatever_costs_say() -> None:
    unknown = replace(SAME, verdict=Verdict.UNKNOWN)
    assert exit_code("built", (), [unknown], FAILS_A_GATE, [SAID_SAME]) == 4
