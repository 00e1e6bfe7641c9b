"""Cells and packages that accepted changes name: nothing there is fits a misspelt one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from miniature import ROOT

from harness.commands.accepting import nameable_in
from harness.commands.written import required_packages
from harness.gate.acceptednames import Nameable, check_place
from harness.gate.selection import Written
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.subjects import Subject
from harness.vocabulary.tables import TableError

MODEL = Subject("smol-135m", "llama", "path", "transformers", frozenset({"causal-lm", "tokenizer"}))
WORDS = Subject("gpt2-tokenizer", "gpt2", "path", "transformers", frozenset({"tokenizer"}))
KNOWN = Nameable((Written("a.py::test_x"),), (MODEL, WORDS), ("tiktoken", "sae-lens"))
BEHAVIOUR = Accepted("one", "a.py::test_x", "changed", "why", "ann", "torch", "<3", file="own.toml")
COST = replace(BEHAVIOUR, named="load/*", verdict="slower", kind="quantity")
PACKAGE = replace(BEHAVIOUR, named="sae-lens", verdict="unimportable", kind="package")


@pytest.mark.parametrize(
    "where",
    [
        "*", "smol-135m-nf4-cpu", "smol-135m-float16-cuda:7", "*-cuda:12", "*-cuda:*", "*-mps",
        "smol-*", "*-int8-*", "smol-135m", "gpt2-tokenizer", "gpt2*", "tiktoken", "python",
    ],
)  # fmt: skip
def test_a_cell_that_could_run_is_let_through(where: str) -> None:
    check_place(replace(BEHAVIOUR, cell=where), KNOWN)


@pytest.mark.parametrize(
    ("where", "near"),
    [
        ("smol-135-nf4-cpu", "smol-135m-nf4-cpu"),
        ("smol-135m-nf5-cpu", "smol-135m-nf4-cpu"),
        ("smol-135m-nf4-gpu", "smol-135m-nf4-cpu"),
        ("*-nf5-cpu", "*-nf4-cpu"),
        ("nf4", "*-nf4-*"),
        ("gpt2-tokeniser", "gpt2-tokenizer"),
        ("tictoken", "tiktoken"),
        ("gpt2-tokenizer-nf4-cpu", ""),
        ("smol-135m-nf4-mps", ""),
    ],
)
def test_a_cell_that_nothing_is_is_refused_with_what_is_near(where: str, near: str) -> None:
    with pytest.raises(TableError) as caught:
        check_place(replace(BEHAVIOUR, cell=where), KNOWN)
    error = caught.value
    assert error.what.startswith(f"no cell is {where!r}")
    assert near in error.what
    assert f'cell = "{near}' in error.next
    assert "--subject NAME=PATH" in error.next
    assert error.where == "own.toml, [one], cell"
    assert "smol-135m, gpt2-tokenizer" in error.allowed


@pytest.mark.parametrize("where", ["smol-135m-nf4-cpu", "gpt2-tokenizer-float32-cpu", "*-fp4-*"])
def test_a_cost_has_a_precision_and_a_device_whatever_its_subject(where: str) -> None:
    check_place(replace(COST, cell=where), KNOWN)


@pytest.mark.parametrize("where", ["smol-135m", "tiktoken", "python", "smol-135m-nf5-cpu"])
def test_a_cost_has_no_cell_of_a_library(where: str) -> None:
    with pytest.raises(TableError, match="no cell is"):
        check_place(replace(COST, cell=where), KNOWN)


def test_cells_of_records_are_known_too() -> None:
    mine = replace(BEHAVIOUR, cell="mine-nf4-cpu")
    with pytest.raises(TableError, match="no cell is 'mine-nf4-cpu'"):
        check_place(mine, KNOWN)
    check_place(mine, replace(KNOWN, cells=("mine-nf4-cpu",)))


def test_a_package_that_no_test_calls_is_refused_with_what_is_near() -> None:
    check_place(PACKAGE, KNOWN)
    check_place(replace(PACKAGE, named="sae*"), KNOWN)
    with pytest.raises(TableError) as caught:
        check_place(replace(PACKAGE, named="sae-lenz"), KNOWN)
    error = caught.value
    assert error.what == "no test calls a package 'sae-lenz'; near: sae-lens"
    assert error.where == "own.toml, [one], package"
    assert error.allowed == "sae-lens, tiktoken"
    assert error.next == 'package = "sae-lens", or take out [one]'


def test_without_tests_nothing_is_known() -> None:
    for entry in (replace(BEHAVIOUR, cell="x"), replace(COST, cell="x"), PACKAGE):
        check_place(entry, Nameable())


def test_the_packages_of_the_suites_are_read_from_their_marks() -> None:
    found = required_packages(ROOT)
    assert {"sentencepiece", "transformer-lens", "vllm", "pyvene"} <= found
    assert not {"widget", "gizmo"} & found, "those of the selftests are no behaviours"


def test_the_projects_own_subjects_and_libraries_can_be_named() -> None:
    known = nameable_in(ROOT)
    for where in ("smollm2-135m-instruct-nf4-cpu", "o200k", "bitsandbytes", "minilm-l6-fp4-cuda"):
        check_place(replace(BEHAVIOUR, cell=where), known)
    with pytest.raises(TableError, match="near: o200k"):
        check_place(replace(BEHAVIOUR, cell="o200"), known)
