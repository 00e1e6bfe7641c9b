"""Decoding token by token while a model writes: `tokenizers.decoders.DecodeStream`."""

from __future__ import annotations

import pytest

from harness.plugin import requires, tier
from harness.vocabulary.places import home

TEXT = "the man in the house: naïve, 東京"
pytestmark = [tier("quick"), requires("tokenizers")]


@pytest.fixture
def written():
    from tokenizers import Tokenizer

    file = home() / "fixtures" / "tokenizers" / "converted" / "tokenizer.json"
    return Tokenizer.from_file(str(file))


@pytest.fixture
def stream_type():
    from tokenizers import decoders

    if not hasattr(decoders, "DecodeStream"):
        pytest.skip("tokenizers has DecodeStream since 0.21.1")
    return decoders.DecodeStream


def test_a_stream_gives_the_text_piece_by_piece(written, stream_type, observe):
    ids = written.encode(TEXT, add_special_tokens=False).ids
    stream = stream_type(skip_special_tokens=True)
    pieces = [stream.step(written, each) for each in ids]
    assert "".join(piece for piece in pieces if piece) == written.decode(ids)
    observe.exact("pieces", pieces)


def test_a_stream_begins_after_ids_like_this(written, stream_type, observe):
    """After the ids of a prompt, which it must not repeat."""
    ids = written.encode(TEXT, add_special_tokens=False).ids
    try:
        stream = stream_type(ids=ids[:3], skip_special_tokens=True)
        outcome = stream.step(written, ids[3])
    except TypeError as error:
        outcome = type(error).__name__
    observe.exact("the next piece", outcome)


def test_a_stream_takes_several_ids_at_once_like_this(written, stream_type, observe):
    ids = written.encode(TEXT, add_special_tokens=False).ids
    try:
        outcome = stream_type(skip_special_tokens=True).step(written, ids[:4])
    except TypeError as error:
        outcome = type(error).__name__
    observe.exact("the piece", outcome)
