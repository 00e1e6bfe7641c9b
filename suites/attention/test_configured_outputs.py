"""Outputs asked for in the config, as `from_pretrained(…, output_attentions=True)` does it.

The default attention, sdpa, computes no weights: what then comes is an error, nothing, or the
weights after all.
"""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin import requires, tier

SMALL: dict[str, dict[str, int]] = {
    "llama": {"hidden_size": 16, "intermediate_size": 16},
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2},
    "bert": {"hidden_size": 16, "intermediate_size": 16},
    "opt": {"hidden_size": 16, "ffn_dim": 16, "word_embed_proj_dim": 16},
}
LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 2}
SPECIAL = {"vocab_size": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
WAYS = ("to the config", "to a config that is made", "to a model's config")
pytestmark = [tier("quick"), requires("transformers", "torch")]


def config_of(architecture: str, **more: Any) -> Any:
    import transformers

    two = {} if "n_layer" in SMALL[architecture] else LAYERS
    return transformers.AutoConfig.for_model(
        architecture, **SPECIAL, **SMALL[architecture], **two, **more
    )


def model_that_tells(architecture: str, way: str) -> Any:
    import transformers

    if way == "to a config that is made":
        config = config_of(architecture, output_attentions=True)
        return transformers.AutoModel.from_config(config)
    config = config_of(architecture)
    if way == "to the config":
        config.output_attentions = True
    model = transformers.AutoModel.from_config(config)
    if way == "to a model's config":
        model.config.output_attentions = True
    return model


@pytest.mark.parametrize("architecture", SMALL)
@pytest.mark.parametrize("way", WAYS)
def test_output_attentions_given_like_this_brings_this(architecture, way, observe):
    import torch

    try:
        model = model_that_tells(architecture, way).eval()
        with torch.no_grad():
            found = model(input_ids=torch.arange(5, 11)[None]).attentions
    except Exception as error:
        observe.exact("attentions", f"raises {type(error).__name__}")
        return
    told = None if found is None else [list(getattr(each, "shape", ())) for each in found]
    observe.exact("attentions", told)


@pytest.mark.parametrize("architecture", SMALL)
def test_hidden_states_asked_for_in_the_config_come(architecture):
    """Embeddings and one a layer, as the documentation of `output_hidden_states` has it."""
    import torch
    import transformers

    config = config_of(architecture, output_hidden_states=True)
    model = transformers.AutoModel.from_config(config).eval()
    with torch.no_grad():
        states = model(input_ids=torch.arange(5, 11)[None]).hidden_states
    assert [tuple(each.shape) for each in states] == [(1, 6, 16)] * 3
