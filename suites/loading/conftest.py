"""Tiny models with weights from a formula, so that no library's initialisation shows."""

from __future__ import annotations

from typing import Any

import pytest

from harness.subjects import standins


@pytest.fixture
def fill() -> Any:
    """`fill(model)` overwrites all parameters with small numbers drawn under seeds."""
    return standins.fill


@pytest.fixture
def tiny_llama(fill: Any) -> Any:
    """A Llama of 2 layers, 4 heads, 2 key-value heads, d_model 32, vocabulary 64."""
    import transformers

    config = transformers.LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    return fill(transformers.LlamaForCausalLM(config))


@pytest.fixture
def fresh_model(subject: Any, cell: Any) -> Any:
    """A model of the cell that no other behaviour shares: for what may change it."""
    from harness.subjects import load_model

    return load_model(subject, cell.precision, cell.device)
