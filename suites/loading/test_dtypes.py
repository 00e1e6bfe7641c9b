"""Which dtype a model gets when nobody asks: from a config and a checkpoint of bfloat16."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.plugin import requires, tier

CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "torch_dtype": "bfloat16",
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
    "bos_token_id": 1,
    "eos_token_id": 2,
    "tie_word_embeddings": False,
}
"""A config.json as the hub has it, `torch_dtype` in it."""
pytestmark = [tier("quick"), requires("transformers", "torch")]


@pytest.fixture
def checkpoint(tiny_llama, work_dir) -> Path:
    """A folder with the tiny Llama in bfloat16, its config in the hub's form."""
    import torch
    from safetensors.torch import save_file

    tensors = {n: t.to(torch.bfloat16).contiguous() for n, t in tiny_llama.state_dict().items()}
    save_file(tensors, work_dir / "model.safetensors", metadata={"format": "pt"})
    (work_dir / "config.json").write_text(json.dumps(CONFIG))
    return work_dir


def described(model) -> dict[str, object]:
    return {
        "dtype": str(model.dtype),
        "dtypes of parameters": sorted({str(p.dtype) for p in model.parameters()}),
        "bytes of parameters": sum(p.numel() * p.element_size() for p in model.parameters()),
    }


def test_from_config_makes_weights_of_this_dtype(checkpoint, observe):
    import transformers

    config = transformers.AutoConfig.from_pretrained(checkpoint)
    model = transformers.AutoModelForCausalLM.from_config(config)
    for name, found in described(model).items():
        observe.exact(name, found)


def test_from_pretrained_loads_weights_of_this_dtype(checkpoint, observe):
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint)
    for name, found in described(model).items():
        observe.exact(name, found)
    with torch.no_grad():
        observe.exact("dtype of logits", str(model(torch.arange(3, 9)[None]).logits.dtype))


def test_a_class_of_its_own_loads_weights_of_this_dtype(checkpoint, observe):
    import transformers

    model = transformers.LlamaForCausalLM.from_pretrained(checkpoint)
    for name, found in described(model).items():
        observe.exact(name, found)
