"""Every activation kept beside a plain forward, and an autoencoder's features."""

from __future__ import annotations

import pytest

from harness.plugin import needs, requires


@needs("causal-lm", "tokenizer")
@requires("transformer-lens", "transformers", "torch")
@pytest.mark.parametrize("name", ["forward", "cache"])
def test_bridge(name, cell, subject, take):
    take("hooks.bridge", name, "bridge")


@needs("causal-lm", "tokenizer")
@requires("transformer-lens", "transformers", "torch")
@pytest.mark.parametrize("name", ["forward", "cache"])
def test_hooked(name, cell, subject, take):
    take("hooks.hooked", name, "hooked")


@needs(subject="smollm2-135m-instruct")
@requires("sae-lens", "transformer-lens", "transformers", "torch")
def test_autoencoder(cell, subject, take):
    take("autoencoder", "encode", "autoencoder")
