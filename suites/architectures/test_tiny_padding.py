"""Padded equals unpadded, and a row of a batch equals the row alone."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin import requires
from suites.architectures.tiny import LENGTH, apart, logits, names, prompt
from suites.architectures.tiny_invariants import worst

pytestmark = requires("transformers", "torch")

SHORT = 15
"""Ids of the shorter row: longer than each window, shorter than the trained positions."""


def padded(model: Any, left: bool) -> tuple[Any, Any, Any]:
    """Logits of the shorter row beside a longer one, and of the same row alone."""
    import torch

    short = prompt(9, SHORT)
    padding = torch.full((1, LENGTH - SHORT), model.config.pad_token_id)
    ones, zeros = torch.ones_like(short), torch.zeros_like(padding)
    row = torch.cat([padding, short] if left else [short, padding], 1)
    mask = torch.cat([zeros, ones] if left else [ones, zeros], 1)
    full = prompt()
    both = logits(model, torch.cat([full, row]), torch.cat([torch.ones_like(full), mask]))[1]
    alone = logits(model, short)[0]
    if model.config.is_encoder_decoder:
        return both, alone, full
    return (both[-SHORT:] if left else both[:SHORT]), alone, full


@pytest.mark.parametrize("name", names())
def test_a_row_padded_on_the_left_equals_the_row_alone(name, tiny, invariant):
    found, alone, _ = padded(tiny(name), left=True)
    invariant("left-padded equals unpadded", name, apart(found, alone))


@pytest.mark.parametrize("name", names())
def test_a_row_padded_on_the_right_equals_the_row_alone(name, tiny, invariant):
    found, alone, _ = padded(tiny(name), left=False)
    invariant("right-padded equals unpadded", name, apart(found, alone))


@pytest.mark.parametrize("name", names())
def test_a_row_of_a_batch_equals_the_row_alone(name, tiny, invariant):
    import torch

    model = tiny(name)
    rows = [prompt(begin) for begin in (0, 4, 11)]
    together = logits(model, torch.cat(rows))
    off = worst(apart(together[i], logits(model, row)[0]) for i, row in enumerate(rows))
    invariant("batch equals single", name, off)
