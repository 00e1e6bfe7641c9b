"""A model loaded from the page cache; its first token and its next ones, by context x batch."""

from __future__ import annotations

import pytest

from harness.plugin import needs, requires
from harness.speed.generating import DECODE, FIRST_TOKEN, GENERATE


def shapes(of):
    """`context x batch` as quantities are named by it."""
    return [f"{tokens}x{batch}" for tokens, batch in of]


@requires("transformers", "torch")
def test_load(cell, subject, take):
    take("load", "seconds", "load")


@requires("transformers", "torch")
@pytest.mark.parametrize("prompt", shapes(FIRST_TOKEN))
def test_first_token(prompt, cell, subject, take):
    take("model", f"first-token@{prompt}", "first token")


@needs("causal-lm")
@requires("transformers", "torch")
@pytest.mark.parametrize("context", shapes(DECODE))
def test_decode(context, cell, subject, take):
    take("model", f"decode@{context}", "decode")


@needs("causal-lm")
@requires("transformers", "torch")
@pytest.mark.parametrize("context", shapes([GENERATE]))
def test_generate(context, cell, subject, take):
    take("model", f"generate@{context}", "generate")
