"""A model loaded from the page cache; its first token and its next ones, by context x batch."""

from __future__ import annotations

import pytest

from harness.plugin import needs, requires

PROMPTS = ("32x1", "128x1", "512x1", "128x8")
CONTEXTS = ("64x1", "256x1", "1024x1", "256x8")


@requires("transformers", "torch")
def test_load(cell, subject, take):
    take("load", "seconds", "load")


@requires("transformers", "torch")
@pytest.mark.parametrize("prompt", PROMPTS)
def test_first_token(prompt, cell, subject, take):
    take("model", f"first-token@{prompt}", "first token")


@needs("causal-lm")
@requires("transformers", "torch")
@pytest.mark.parametrize("context", CONTEXTS)
def test_decode(context, cell, subject, take):
    take("model", f"decode@{context}", "decode")


@needs("causal-lm")
@requires("transformers", "torch")
def test_generate(cell, subject, take):
    take("model", "generate@64x1", "generate")
