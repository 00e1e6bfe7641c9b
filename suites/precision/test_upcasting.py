"""What transformers computes in float32 inside a bfloat16 model, and rounds once at the end."""

from __future__ import annotations

import importlib
import types

import pytest

from harness.plugin import requires

pytestmark = requires("transformers", "torch")


def drawn(*shape):
    import torch

    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)


@pytest.mark.parametrize(
    ("name", "cls"), [("llama", "LlamaRMSNorm"), ("mistral", "MistralRMSNorm"),
                      ("qwen2", "Qwen2RMSNorm"), ("t5", "T5LayerNorm")],
)  # fmt: skip
def test_a_root_mean_square_norm_takes_the_mean_in_float32(name, cls):
    """By the same steps in float32, the bits are equal: nothing was rounded on the way."""
    import torch

    module = importlib.import_module(f"transformers.models.{name}.modeling_{name}")
    states = drawn(4, 256)
    norm = getattr(module, cls)(256, eps=1e-6).to(torch.bfloat16)
    wide = states.float()
    expected = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)
    assert norm(states).equal(expected.to(torch.bfloat16))


@pytest.mark.parametrize("name", ["llama", "mistral", "gemma2"])
def test_eager_attention_takes_its_softmax_in_float32(name):
    """The weights are float32's, rounded once."""
    import torch

    module = importlib.import_module(f"transformers.models.{name}.modeling_{name}")
    if not hasattr(module, "eager_attention_forward"):
        pytest.skip("attention has no function of its own before transformers 4.48")
    query, key, value = (drawn(1, 2, 32, 16) * size for size in (1, 2, 3))
    layer = types.SimpleNamespace(
        num_key_value_groups=1, training=False, head_dim=16, layer_idx=0, is_causal=True
    )
    _, weights = module.eager_attention_forward(layer, query, key, value, None, scaling=0.25)
    scores = torch.matmul(query, key.transpose(2, 3)) * 0.25
    assert weights.equal(scores.float().softmax(-1).to(torch.bfloat16))
