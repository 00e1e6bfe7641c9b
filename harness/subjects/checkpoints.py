"""A tiny checkpoint as a hub keeps one, written file by file, by no library that is under test.

Its weights are in bfloat16 under the keys and the configuration names that hub checkpoints have,
so that what a load makes of it (dtype, classes, ties) is the loading library's own doing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.subjects.standin_tokenizers import write_byte_level, write_json

WIDTH, HEADS, KEY_VALUE_HEADS, LAYERS, INNER = 16, 2, 1, 2, 24
POSITIONS = 32

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def write_llama(folder: Path, dtype: str = "bfloat16", **changes: Any) -> Path:
    """A Llama of 2 layers and width 16 over one token a byte; `changes` are of its config.json."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = write_byte_level(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    write_json(folder / "tokenizer_config.json", settings | {"chat_template": CHAT_TEMPLATE})
    write_json(folder / "config.json", llama_config(vocabulary) | {"torch_dtype": dtype} | changes)
    weights = {}
    for seed, (name, shape) in enumerate(_llama_shapes(vocabulary).items()):
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randn(shape, generator=generator) * 0.1 + (len(shape) == 1)
        weights[name] = drawn.to(getattr(torch, dtype))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def llama_config(vocabulary: int) -> dict[str, Any]:
    """The keys of a Llama's config.json on the hub, of the years before rope_parameters."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocabulary,
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_VALUE_HEADS,
        "max_position_embeddings": POSITIONS,
        "rope_theta": 10000.0,
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "bos_token_id": 0,
        "eos_token_id": 0,
        "tie_word_embeddings": False,
    }


def _llama_shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    narrow = WIDTH // HEADS * KEY_VALUE_HEADS
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocabulary, WIDTH)}
    for layer in range(LAYERS):
        block = f"model.layers.{layer}"
        shapes |= {
            f"{block}.self_attn.q_proj.weight": (WIDTH, WIDTH),
            f"{block}.self_attn.k_proj.weight": (narrow, WIDTH),
            f"{block}.self_attn.v_proj.weight": (narrow, WIDTH),
            f"{block}.self_attn.o_proj.weight": (WIDTH, WIDTH),
            f"{block}.mlp.gate_proj.weight": (INNER, WIDTH),
            f"{block}.mlp.up_proj.weight": (INNER, WIDTH),
            f"{block}.mlp.down_proj.weight": (WIDTH, INNER),
            f"{block}.input_layernorm.weight": (WIDTH,),
            f"{block}.post_attention_layernorm.weight": (WIDTH,),
        }
    return shapes | {"model.norm.weight": (WIDTH,), "lm_head.weight": (vocabulary, WIDTH)}
