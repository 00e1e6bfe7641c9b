"""Text to ids and back, a call's work in bytes."""

from __future__ import annotations

import pytest

from harness.plugin import requires

QUANTITIES = ("encode.short", "encode.long", "encode.repeated", "encode.batch", "decode.long")


@requires("tokenizers")
@pytest.mark.parametrize("name", QUANTITIES)
def test_tokenizers(name, take):
    take("tokenizers.tokenizers", name, name)


@requires("tiktoken")
@pytest.mark.parametrize("name", QUANTITIES)
def test_tiktoken(name, take):
    take("tokenizers.tiktoken", name, name)


@requires("sentencepiece")
@pytest.mark.parametrize("name", QUANTITIES)
def test_sentencepiece(name, take):
    take("tokenizers.sentencepiece", name, name)


@requires("transformers")
@pytest.mark.parametrize("name", QUANTITIES)
def test_transformers(name, take):
    take("tokenizers.transformers", name, name)
