"""What must not matter in float32: padding, batching, the cache, later tokens."""

from __future__ import annotations

import pytest

from harness.measure.logits import (
    first_output,
    forward,
    largest_difference,
    magnitude,
    padded_forward,
)
from harness.plugin import documents, needs, precisions, tier
from harness.vocabulary.observations import BOUND_FACTOR, BOUNDS


@pytest.fixture
def alone(model, sequences, keep):
    """Each prompt's outputs, computed by itself."""
    return keep("prompts alone", lambda: [forward(model, ids) for ids in sequences])


def assert_within_noise(first, second):
    allowed = BOUND_FACTOR * BOUNDS["float32"] * magnitude(second)
    assert largest_difference(first, second) <= allowed


@needs("causal-lm")
@precisions("float32")
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_a_decoder_changes_nothing(model, sequences, alone, side):
    pad = model.config.pad_token_id or 0
    assert_within_noise(padded_forward(model, sequences, pad, side), alone)


@tier("quick")
@needs("encoder")
@precisions("float32")
def test_padding_an_encoder_changes_nothing(model, sequences, alone):
    pad = model.config.pad_token_id or 0
    assert_within_noise(padded_forward(model, sequences, pad, "right"), alone)


@tier("quick")
@precisions("float32")
def test_a_batch_of_copies_computes_what_one_does(model, sequences, alone):
    import torch

    with torch.no_grad():
        output = model(torch.tensor([sequences[0]] * 3, device=model.device))
    rows = list(first_output(output).float().cpu())
    assert_within_noise(rows, [alone[0]] * 3)


@tier("quick")
@needs("causal-lm")
@precisions("float32")
def test_the_cache_changes_nothing(model, sequences, alone):
    """The prompt in two pieces, the second upon the cache of the first."""
    import torch

    ids = torch.tensor([sequences[0]], device=model.device)
    half = ids.shape[1] // 2
    with torch.no_grad():
        first = model(ids[:, :half], use_cache=True)
        second = model(ids[:, half:], past_key_values=first.past_key_values, use_cache=True)
    assert_within_noise([second.logits[0].float().cpu()], [alone[0][half:]])


@tier("quick")
@needs("causal-lm")
@precisions("float32")
@documents("auto.dec.causal")
def test_a_later_token_changes_no_earlier_logits(model, sequences, alone):
    changed = [*sequences[0][:-1], sequences[1][0]]
    rows = forward(model, changed)
    assert_within_noise([rows[:-1]], [alone[0][:-1]])
    assert not rows[-1].equal(alone[0][-1])


@needs("encoder")
@precisions("float32")
@documents("auto.enc.bidirectional")
def test_a_later_token_changes_an_encoders_earlier_states(model, sequences, alone):
    changed = [*sequences[0][:-2], sequences[1][1], sequences[0][-1]]
    difference = largest_difference([forward(model, changed)[:3]], [alone[0][:3]])
    assert difference > BOUND_FACTOR * BOUNDS["float32"] * magnitude(alone)


@precisions("float32")
def test_the_attention_implementations_agree(load, model, sequences, alone):
    eager = load(attn_implementation="eager", dtype=model.dtype).eval()
    assert eager.config._attn_implementation == "eager"
    assert_within_noise([forward(eager, sequences[0])], [alone[0]])


@tier("quick")
@needs("causal-lm")
@precisions("float32")
@documents("causal.next-word")
def test_the_loss_is_the_cross_entropy_of_the_next_token(model, sequences, alone):
    import torch

    ids = torch.tensor([sequences[0]], device=model.device)
    with torch.no_grad():
        loss = float(model(ids, labels=ids).loss)
    own = alone[0][:-1].double().log_softmax(-1)[range(ids.shape[1] - 1), sequences[0][1:]]
    assert loss == pytest.approx(-float(own.mean()), rel=1e-5)
