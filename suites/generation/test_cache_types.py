"""What `past_key_values` is: code that indexes it, unpacks it or measures it breaks by its type."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin import requires, tier

SMALL: dict[str, dict[str, int]] = {
    "llama": {"hidden_size": 16, "intermediate_size": 16},
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2},
    "gpt_neox": {"hidden_size": 16, "intermediate_size": 16},
    "bloom": {"hidden_size": 16, "n_layer": 2, "n_head": 2},
    "opt": {"hidden_size": 16, "ffn_dim": 16, "word_embed_proj_dim": 16},
    "gptj": {"n_embd": 16, "n_layer": 2, "n_head": 2, "rotary_dim": 4},
    "t5": {"d_model": 16, "d_kv": 8, "num_layers": 2, "num_heads": 2, "d_ff": 16},
    "bart": {
        "d_model": 16,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 16,
        "decoder_ffn_dim": 16,
    },
}
ENCODER_DECODERS = ("t5", "bart")
LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 2}
SPECIAL = {"vocab_size": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
pytestmark = requires("transformers", "torch")


def tiny(architecture: str) -> Any:
    """A model of two layers of width 16; its weights do not matter here."""
    import transformers

    two = {} if "n_layer" in SMALL[architecture] or architecture in ENCODER_DECODERS else LAYERS
    start = {"decoder_start_token_id": 0} if architecture in ENCODER_DECODERS else {}
    config = transformers.AutoConfig.for_model(
        architecture, **SPECIAL, **SMALL[architecture], **two, **start
    )
    if architecture in ENCODER_DECODERS:
        return transformers.AutoModelForSeq2SeqLM.from_config(config).eval()
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def answer(call: Any) -> str:
    """The type of what `call` gives, with its length where that is a tuple, or of its error."""
    try:
        found = call()
    except Exception as error:
        return f"raises {type(error).__name__}"
    return f"tuple of {len(found)}" if isinstance(found, tuple) else type(found).__name__


def described(cache: Any) -> dict[str, str]:
    return {
        "type": type(cache).__name__,
        "[0]": answer(lambda: cache[0]),
        "next(iter())": answer(lambda: next(iter(cache))),
        "len()": answer(lambda: len(cache)),
        "get_seq_length()": answer(lambda: cache.get_seq_length()),
        "to_legacy_cache()": answer(lambda: cache.to_legacy_cache()),
        "key_cache[0]": answer(lambda: cache.key_cache[0]),
        "layers[0].keys": answer(lambda: cache.layers[0].keys),
    }


@pytest.mark.parametrize(
    "architecture", [pytest.param(name, marks=tier("quick")) for name in SMALL]
)
def test_past_key_values_of_a_pass_are_this(architecture, observe):
    import torch

    ids = torch.arange(5, 11)[None]
    decoder = {"decoder_input_ids": ids} if architecture in ENCODER_DECODERS else {}
    with torch.no_grad():
        cache = tiny(architecture)(input_ids=ids, use_cache=True, **decoder).past_key_values
    for name, found in described(cache).items():
        observe.exact(name, found)


@pytest.mark.parametrize("architecture", SMALL)
def test_past_key_values_of_generate_are_this(architecture, observe):
    import torch

    options = {"max_new_tokens": 2, "do_sample": False, "return_dict_in_generate": True}
    written = tiny(architecture).generate(torch.arange(5, 11)[None], **options)
    for name, found in described(written.past_key_values).items():
        observe.exact(name, found)


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "bloom"])
def test_a_tuple_of_keys_and_values_is_answered_like_this(architecture, observe):
    """The form that code older than the cache classes builds by hand. [batch, head, position, d]"""
    import torch

    heads = 2
    past = tuple((torch.zeros(1, heads, 3, 8), torch.zeros(1, heads, 3, 8)) for _ in range(2))
    model = tiny(architecture)
    with torch.no_grad():
        found = answer(lambda: model(input_ids=torch.tensor([[5]]), past_key_values=past).logits)
    observe.exact("logits", found)
