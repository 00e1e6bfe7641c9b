"""What a benchmark and its workers say to each other: one line a message, both ways."""

from __future__ import annotations

import json

import pytest

from harness.vocabulary.costs import Bound, Limit, Quantity
from harness.vocabulary.errors import RecordError
from harness.vocabulary.turns import (
    End,
    Message,
    Missing,
    Once,
    Ready,
    Turn,
    Turned,
    Warm,
    Warmed,
    line,
    said,
)

READY = Ready(
    quantities=(Quantity("model/decode@64x8", "s", "token", 8.0, least=1e-4),),
    machine={"threads": "2"},
    limits=(Limit("read", "", 1.25e10),),
    bounds=(Bound("model/decode@64x8", 0.01, "read"),),
    versions={"torch": "2.13.0"},
)


@pytest.mark.parametrize(
    "message",
    [
        READY,
        Once("load/first", 1.5, 2.5),
        Missing("", "no such library:\nline two"),
        Warmed("model/decode@64x1", 7, 0.02),
        Turned("model/decode@64x1", 0.02, None, 8),
        Warm("load/seconds"),
        Turn("load/seconds", 0.15),
        End(),
    ],
)
def test_a_message_is_one_line_and_comes_back_as_it_was(message: Message) -> None:
    text = line(message)
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert said(text) == message


def test_the_words_are_those_of_the_protocol() -> None:
    assert json.loads(line(Turn("load/seconds", 0.15))) == {
        "do": "turn",
        "quantity": "load/seconds",
        "least": 0.15,
    }
    assert json.loads(line(Turned("load/seconds", 0.5, 0.4, 3))) == {
        "is": "turn",
        "quantity": "load/seconds",
        "value": 0.5,
        "cpu": 0.4,
        "calls": 3,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "torch says hello\n",
        "[]\n",
        '{"is":"unheard of"}\n',
        '{"do":"turn"}\n',
        '{"is":"ready","quantities":[{"no":1}]}\n',
    ],
)
def test_what_is_no_message_is_named_in_the_error(text: str) -> None:
    with pytest.raises(RecordError, match="no message"):
        said(text)
