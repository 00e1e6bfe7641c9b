"""What each tiny model computes over a prompt longer than its window and its trained positions."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin import requires, tier
from suites.architectures.tiny import LENGTH, kinds, logits, names, prompt, run

pytestmark = requires("transformers", "torch")

POSITIONS = (0, 1, 7, 8, 9, 11, 15, 16, 23)
"""Around the edge of the window (8), of the decoded ids (12), of the trained positions (16)."""

ENTRIES = (3, 11, 23, 37, 52, 61)

MIXES_TYPES = ("deberta", "xlnet")
"""Types whose relative positions stay in float32, which their products with bfloat16 refuse."""


def numbers(observe: Any, found: Any, ids: Any, precision: str) -> None:
    """Some logits, and the log-probability that each position gives to the next id."""
    scale = float(found.abs().max())
    rows = [position for position in POSITIONS if position < found.shape[1]]
    some = found[0][rows][:, list(ENTRIES)]
    observe.numeric("logits", some, scale=scale, precision=precision)
    following = ids[:, 1 : found.shape[1]]
    chances = found[:, : following.shape[1]].log_softmax(-1)
    chosen = chances.gather(-1, following[..., None])[0, :, 0]
    observe.numeric("log-probability of the next ids", chosen, scale=scale, precision=precision)


@pytest.mark.parametrize("name", names(quick=True))
def test_logits_over_a_long_prompt(name, tiny, observe):
    """Under the attention implementation that the type takes by default."""
    model = tiny(name)
    observe.exact("attention", getattr(model.config, "_attn_implementation", None))
    numbers(observe, logits(model, prompt()), prompt(), "float32")


@tier("broad")
@pytest.mark.parametrize("name", names())
def test_logits_over_a_long_prompt_in_bfloat16(name, tiny, observe):
    model = tiny(name, "bfloat16")
    try:
        found = logits(model, prompt())
    except RuntimeError as error:
        observe.exact("bfloat16", f"does not compute: {type(error).__name__}")
        if name not in MIXES_TYPES:
            raise
        return
    observe.exact("bfloat16", "computes")
    numbers(observe, found, prompt(), "bfloat16")


@tier("broad")
@pytest.mark.parametrize("name", names("causal-lm"))
def test_logits_over_a_prompt_of_four_windows(name, tiny, observe):
    model = tiny(name)
    ids = prompt(3, LENGTH + 8)
    found = logits(model, ids)
    numbers(observe, found, ids, "float32")
    observe.numeric("last logits", found[0, -1, list(ENTRIES)], scale=float(found.abs().max()))


@pytest.mark.parametrize("name", names("masked-lm"))
def test_the_last_hidden_state_of_an_encoder(name, tiny, observe):
    """[9 positions, 4 of the width of 32]."""
    states = run(tiny(name), prompt(), output_hidden_states=True).hidden_states[-1]
    scale = float(states.abs().max())
    observe.numeric("last hidden state", states[0][list(POSITIONS)][:, ::8], scale=scale)


@pytest.mark.parametrize("name", names("seq2seq-lm"))
def test_what_the_encoder_of_an_encoder_decoder_passes_on(name, tiny, observe):
    states = run(tiny(name), prompt()).encoder_last_hidden_state
    scale = float(states.abs().max())
    observe.numeric("encoder's state", states[0][list(POSITIONS)][:, ::8], scale=scale)


def test_there_is_a_tiny_model_of_at_least_44_types():
    assert len({kind.model_type for kind in kinds().values()}) >= 44
