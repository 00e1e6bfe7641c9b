"""How far each precision lies from float32 on the same texts."""

from __future__ import annotations

import pytest

from harness.measure.logits import (
    cosine,
    divergence,
    forward,
    magnitude,
    mean_pooled,
    top_gaps,
)
from harness.measure.memory import quantisation_bytes, tensor_bytes
from harness.plugin import needs, precisions, tier

REDUCED = ("bfloat16", "float16", "int8", "nf4", "fp4")


@pytest.fixture
def logits(model, sequences, keep):
    """Logits (hidden states of an encoder) of each prompt: computed once a cell."""
    return keep("prompt logits", lambda: [forward(model, ids) for ids in sequences])


@tier("quick")
@needs("causal-lm")
def test_the_likeliest_tokens_are_these(logits, observe):
    """One prompt in every position: which token, and by how much it leads."""
    rows = logits[0]
    observe.tokens(
        "top 1", rows.argmax(-1).tolist(), top_gaps(rows).tolist(), scale=magnitude(logits)
    )


@tier("quick")
@needs("causal-lm")
def test_log_probabilities_of_the_prompts_are_these(logits, sequences, observe):
    """Mean log-probability of each prompt's own tokens, in nats."""
    means = []
    for ids, rows in zip(sequences, logits, strict=True):
        own = rows[:-1].double().log_softmax(-1)[range(len(ids) - 1), ids[1:]]
        means.append(float(own.mean()))
    observe.numeric("mean log-probability", means, unit="nats", scale=magnitude(logits))
    assert all(mean < 0 for mean in means)


@tier("quick")
def test_the_last_position_computes_to_these_numbers(logits, observe):
    """A spread of the last position's outputs for each prompt, [prompt, 8]."""
    rows = [rows[-1][:: max(1, rows.shape[-1] // 8)][:8] for rows in logits]
    observe.numeric("outputs", [row.tolist() for row in rows], scale=magnitude(logits))


@tier("quick")
@needs("causal-lm")
@precisions(*REDUCED)
def test_mean_divergence_from_float32_is_this(reference_logits, logits, observe):
    found = divergence(reference_logits, logits)
    observe.numeric("mean KL", found.mean_kl, unit="nats", scale=max(1.0, found.mean_kl))
    assert found.mean_kl > 0


@needs("causal-lm")
@precisions(*REDUCED)
def test_the_worst_position_diverges_by_this(reference_logits, logits, observe):
    found = divergence(reference_logits, logits)
    observe.numeric("worst KL", found.worst_kl, unit="nats", scale=magnitude(reference_logits))
    assert found.worst_kl >= found.mean_kl


@tier("quick")
@needs("causal-lm")
@precisions(*REDUCED)
def test_this_share_of_likeliest_tokens_agrees_with_float32(reference_logits, logits, observe):
    found = divergence(reference_logits, logits)
    observe.exact("positions", found.positions)
    observe.numeric("top-1 agreement", found.top1, scale=1.0)


@needs("causal-lm", "pretrained")
@precisions("float16", "bfloat16", "int8")
def test_halves_and_int8_keep_the_likeliest_token_of_most_positions(reference_logits, logits):
    assert divergence(reference_logits, logits).top1 > 0.8


@needs("encoder")
@precisions(*REDUCED)
def test_sentence_embeddings_keep_this_cosine_with_float32(reference_logits, logits, observe):
    similarities = [
        cosine(mean_pooled(reference), mean_pooled(rows))
        for reference, rows in zip(reference_logits, logits, strict=True)
    ]
    observe.numeric("cosine", similarities, scale=1.0)
    assert min(similarities) > 0.8


@needs("encoder")
def test_sentence_embeddings_are_this_alike(logits, observe):
    """Cosine of the first prompt's embedding with each of the others."""
    first, *others = [mean_pooled(rows) for rows in logits]
    observe.numeric("cosine", [cosine(first, other) for other in others], scale=1.0)


@tier("quick")
def test_weights_and_quantisation_state_take_these_bytes(model, logits, observe):
    """After a first pass, in which bitsandbytes may repack the state; hence a cost."""
    observe.exact("parameters and buffers", tensor_bytes(model))
    observe.cost("quantisation state", quantisation_bytes(model), "bytes")


@precisions("nf4", "fp4")
def test_the_reported_footprint_leaves_out_the_quantisation_state(model, logits, observe):
    left_out = tensor_bytes(model) + quantisation_bytes(model) - model.get_memory_footprint()
    observe.cost("left out", left_out, "bytes")
