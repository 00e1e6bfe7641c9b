"""What is looked into for a change, by the behaviour's id and its cell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.blame.looks import (
    Changed,
    Known,
    check_reads_text,
    look_for,
    look_into,
    lookable,
)
from harness.vocabulary.cells import Cell
from harness.vocabulary.errors import NoEvidence, UsageError
from harness.vocabulary.located import Look
from harness.vocabulary.subjects import Subject


def subject(name: str, *abilities: str) -> Subject:
    return Subject(name, "", "path", "transformers", frozenset(abilities))


KNOWN = Known(
    {
        each.name: each
        for each in (
            subject("chat", "causal-lm", "tokenizer"),
            subject("bare", "encoder"),
            subject("words", "tokenizer"),
        )
    },
    folders={"bare": "bare=/models/bare"},
    drawn={"gemma2": "/drawn/gemma2"},
    subjects_file="mine.toml",
)


BARE = Look("bare=/models/bare", precision="float16", device="cuda:1", subjects_file="mine.toml")


@pytest.mark.parametrize(
    ("where", "look"),
    [
        (
            Cell("chat", "nf4", "cpu"),
            Look("chat", ("tokenizer", "model"), "nf4", subjects_file="mine.toml"),
        ),
        (Cell("bare", "float16", "cuda:1"), BARE),
        (Cell("words"), Look("words", ("tokenizer",), subjects_file="mine.toml")),
    ],
)
def test_a_cell_of_a_subject_is_looked_into_as_it_is(where, look):
    assert look_into(where, KNOWN) == look
    assert look_for("generation/test_greedy.py::test_x", where, KNOWN) == look


@pytest.mark.parametrize(
    ("test", "precision"),
    [
        ("test_logits_over_a_long_prompt[gemma2]", "float32"),
        ("test_logits_over_a_long_prompt_in_bfloat16[gemma2]", "bfloat16"),
        ("test_in_bfloat16ish[gemma2]", "float32"),
    ],
)
def test_a_tiny_architecture_is_looked_into_in_the_precision_that_the_test_names(test, precision):
    found = look_for(f"architectures/test_tiny_numbers.py::{test}", Cell("transformers"), KNOWN)
    assert found == Look("gemma2=/drawn/gemma2", ("model",), precision)


def test_a_tiny_architecture_cannot_read_a_text():
    behaviour = "architectures/test_tiny_numbers.py::test_logits_over_a_long_prompt[gemma2]"
    with pytest.raises(UsageError, match="no tokenizer") as raised:
        look_for(behaviour, Cell("transformers"), replace(KNOWN, text="hello"))
    assert raised.value.next == "leave --text out"
    other = Changed("tokenizers/test_ids.py::test_round_trip", Cell("words"))
    changes = [Changed(behaviour, Cell("transformers")), other]
    assert lookable(changes, replace(KNOWN, text="hello")) is other
    check_reads_text("architectures/test_auto.py::test_x[nothing]", replace(KNOWN, text="hello"))


@pytest.mark.parametrize(
    "behaviour",
    [
        "tokenizers/test_converted.py::test_spaces[alone]",
        "architectures/test_tiny_numbers.py::test_logits[gemma9]",
        "attention/test_outputs.py::test_x[gemma2]",
        "architectures/test_auto.py::test_class[AutoModel-gemma2]",
    ],
)
def test_what_makes_its_own_objects_cannot_be_looked_into(behaviour):
    with pytest.raises(NoEvidence, match="makes its own objects") as raised:
        look_for(behaviour, Cell("transformers"), KNOWN)
    assert raised.value.where == "cell transformers"


def test_the_change_that_can_be_looked_into_stands_for_all():
    own = Changed("tokenizers/test_converted.py::test_spaces[alone]", Cell("transformers"))
    other = Changed("tokenizers/test_ids.py::test_round_trip", Cell("words"))
    assert lookable([own, other], KNOWN) is other
    assert lookable([own], KNOWN) is None
