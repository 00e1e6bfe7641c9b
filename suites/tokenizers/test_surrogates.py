"""A lone surrogate, half of a character cut in two, as streams and JSON bring it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin import requires, tier
from harness.vocabulary.places import home

LONE = "before\ud83d after"
pytestmark = tier("quick")


def answer(call: Any, text: str) -> str:
    """What `call` does with `text`: the name of its error, PanicException included, or its ids."""
    try:
        return f"{len(call(text))} ids"
    except Exception as error:
        return type(error).__name__
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return f"{type(error).__name__}, no Exception"


@requires("tokenizers")
@pytest.mark.parametrize("entry", ["encode", "encode_batch"])
def test_tokenizers_answers_a_lone_surrogate_like_this(entry, observe):
    from tokenizers import Tokenizer

    file = home() / "fixtures" / "tokenizers" / "converted" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(file))
    calls = {
        "encode": lambda text: tokenizer.encode(text).ids,
        "encode_batch": lambda text: tokenizer.encode_batch([text])[0].ids,
    }
    observe.exact("answer", answer(calls[entry], LONE))


@requires("tiktoken")
def test_tiktoken_answers_a_lone_surrogate_like_this(observe):
    """tiktoken's own rule is to replace what UTF-16 cannot read by U+FFFD."""
    import tiktoken

    ranks = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding(
        "bytes", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={}
    )
    assert observe.exact("answer", answer(encoding.encode_ordinary, LONE)) == "15 ids"


@requires("sentencepiece")
def test_sentencepiece_answers_a_lone_surrogate_like_this(unigram, observe):
    observe.exact("answer", answer(unigram.encode, LONE))
