"""Ids that every behaviour of an optional package runs on."""

from __future__ import annotations

import pytest


@pytest.fixture
def ids(hf_tokenizer):
    """One prompt without special tokens, [1, position]."""
    import torch

    text = "The Eiffel Tower is in the city of"
    return torch.tensor([hf_tokenizer.encode(text, add_special_tokens=False)])
