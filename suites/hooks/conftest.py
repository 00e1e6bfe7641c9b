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
