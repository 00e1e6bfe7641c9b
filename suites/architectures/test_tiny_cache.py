"""Cached equals uncached: step by step, in chunks, and in what is generated."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin import requires, tier
from suites.architectures.tiny import apart, logits, names, prompt, run, takes

pytestmark = requires("transformers", "torch")

PREFILLED = 5
"""Ids read at once before the rest come one by one: fewer than each window."""

CACHES = ("past_key_values", "cache_params", "state", "mems")
"""What types call what they remember."""


def in_pieces(model: Any, ids: Any, sizes: list[int], say_where: bool) -> Any:
    """Logits of `ids` [1, position], read in pieces of these sizes with what is remembered.

    `say_where` gives the positions with each piece, as `generate` does. None, if the model
    returns nothing to remember: some types want a cache of theirs made beforehand.
    """
    import torch

    name = next((cache for cache in CACHES if takes(model, cache)), None)
    memory, encoded, at = first_memory(model), None, 0
    found = []
    for size in sizes:
        piece = ids[:, at : at + size]
        more: dict[str, Any] = {"use_mems" if name == "mems" else "use_cache": True}
        if memory is not None:
            more[name or ""] = memory
        if takes(model, "cache_position"):
            more["cache_position"] = places(model, at, size)
        if say_where and takes(model, "position_ids"):
            more["position_ids"] = torch.arange(at, at + size)[None]
        if model.config.is_encoder_decoder:
            encoded = encoded or (run(model, prompt()).encoder_last_hidden_state,)
            more |= {"decoder_input_ids": piece, "encoder_outputs": encoded}
        output = run(model, None if encoded else piece, **more)
        memory, at = output.get(name, memory), at + size
        if memory is None and name is not None:
            return None
        found.append(output.logits)
    return torch.cat(found, 1).float()


def first_memory(model: Any) -> Any:
    """RecurrentGemma returns no cache: it fills the one that it is given, or its own layers."""
    import transformers

    if model.config.model_type == "recurrent_gemma" and takes(model, "past_key_values"):
        return transformers.DynamicCache(config=model.config)
    return None


def places(model: Any, at: int, size: int) -> Any:
    """Mamba's first piece is told all places of its convolution, later ones only their own."""
    import torch

    if takes(model, "cache_params") and at == 0:
        return torch.arange(model.config.conv_kernel)
    return torch.arange(at, at + size)


def whole(model: Any, ids: Any) -> Any:
    if model.config.is_encoder_decoder:
        return logits(model, prompt(), decoder_input_ids=ids)
    return logits(model, ids)


def ids_of(model: Any) -> Any:
    return prompt(5, 12) if model.config.is_encoder_decoder else prompt()


@pytest.mark.parametrize("name", names("causal-lm", "seq2seq-lm"))
def test_steps_with_a_cache_equal_the_whole_without(name, tiny, observe, invariant):
    model = tiny(name)
    ids = ids_of(model)
    steps = in_pieces(model, ids, [PREFILLED] + [1] * (ids.shape[1] - PREFILLED), False)
    if observe.exact("returns a cache", steps is not None):
        invariant("cached equals uncached", name, apart(steps, whole(model, ids)))


@tier("broad")
@pytest.mark.parametrize("name", names("causal-lm", "seq2seq-lm"))
def test_a_prompt_read_in_chunks_equals_the_whole(name, tiny, observe, invariant):
    model = tiny(name)
    ids = ids_of(model)
    chunks = in_pieces(model, ids, [4] * (ids.shape[1] // 4), True)
    if observe.exact("returns a cache", chunks is not None):
        invariant("chunked prefill equals whole", name, apart(chunks, whole(model, ids)))
