"""Ids that every hook behaviour runs on, and one full cache a cell."""

from __future__ import annotations

import pytest


@pytest.fixture
def ids(hf_tokenizer):
    """One prompt without special tokens, [1, position]."""
    import torch

    text = "The Eiffel Tower is in the city of"
    return torch.tensor([hf_tokenizer.encode(text, add_special_tokens=False)])


@pytest.fixture
def cached(bridge, ids, keep):
    """(logits, cache) of the bridge over `ids`, everything kept."""

    def make():
        import torch

        with torch.no_grad():
            return bridge.run_with_cache(ids)

    return keep("cached", make)


@pytest.fixture
def hub(stand_in_hub):
    """A hub cache in which gpt2 is a stand-in: GPT-2's tokenizer, layers and heads."""
    return stand_in_hub("gpt2")


@pytest.fixture
def gpt2_bridge(hub, keep):
    """TransformerBridge.boot_transformers("gpt2"), as the document loads it."""

    def make():
        from transformer_lens.model_bridge import TransformerBridge

        return TransformerBridge.boot_transformers("gpt2", device="cpu")

    return keep("gpt2-bridge", make)


@pytest.fixture
def gpt2_hooked(hub, keep):
    """HookedTransformer.from_pretrained("gpt2-small"), as the document loads it."""

    def make():
        from transformer_lens import HookedTransformer

        return HookedTransformer.from_pretrained("gpt2-small", device="cpu").eval()

    return keep("gpt2-hooked", make)


@pytest.fixture
def eiffel(gpt2_bridge, keep):
    """(tokens, cache) of the document's prompt under the bridge."""

    def make():
        import torch

        tokens = gpt2_bridge.to_tokens("The Eiffel Tower is in")
        with torch.no_grad():
            return tokens, gpt2_bridge.run_with_cache(tokens)[1]

    return keep("eiffel", make)
