"""Scores on an induction circuit written by hand, whose heads are known."""

from __future__ import annotations

import pytest

from harness.measure import constructed, induction
from harness.plugin import documents, requires


def _tokens():
    return induction.repeated(
        induction.random_tokens(constructed.TOKENS, constructed.PERIOD, batch=4, seed=0)
    )


def _outputs(model):
    import torch

    with torch.no_grad():
        found = model(_tokens(), output_attentions=True)
    return induction.stack_patterns(found.attentions), found.logits


@requires("transformers")
def test_transformers_gives_the_written_induction_head_a_score_of_one(observe):
    patterns, _ = _outputs(constructed.induction_circuit())
    scores = induction.induction_scores(patterns, constructed.PERIOD)
    observe.numeric("induction scores", scores, scale=1.0)
    assert float(scores[1, 0]) == pytest.approx(1, abs=1e-3)
    assert induction.heads_above(scores, 0.1) == [[1, 0]]


@requires("transformers")
def test_transformers_gives_the_written_previous_token_head_a_score_of_one(observe):
    patterns, _ = _outputs(constructed.induction_circuit())
    scores = induction.previous_token_scores(patterns)
    observe.numeric("previous-token scores", scores, scale=1.0)
    assert float(scores[0, 0]) == pytest.approx(1, abs=1e-3)
    assert induction.heads_above(scores, 0.2) == [[0, 0]]


@requires("transformers")
def test_the_written_circuit_predicts_every_repeated_token():
    _, logits = _outputs(constructed.induction_circuit())
    period = constructed.PERIOD
    assert (logits[:, period:-1].argmax(-1) == _tokens()[:, period + 1 :]).all()


@documents("tl.induction.detects")
@requires("transformers")
def test_random_weights_of_the_same_shape_score_by_chance(observe):
    patterns, _ = _outputs(constructed.random_circuit(seed=0))
    scores = induction.induction_scores(patterns, constructed.PERIOD)
    observe.numeric("induction scores", scores, scale=1.0)
    assert scores.max() < 0.2


@documents("bridge.preserves-hf")
@requires("transformer-lens", "transformers")
def test_the_bridge_sees_the_written_circuit_as_transformers_does(work_dir, observe):
    import torch
    from transformer_lens.model_bridge import TransformerBridge

    model = constructed.induction_circuit()
    patterns, _ = _outputs(model)
    model.save_pretrained(work_dir)
    bridge = TransformerBridge.boot_transformers(str(work_dir), hf_model=model, device="cpu")
    with torch.no_grad():
        _, cache = bridge.run_with_cache(_tokens())
    seen = induction.stack_patterns([cache["pattern", layer] for layer in range(2)])
    assert (seen - patterns).abs().max() < 1e-3
    scores = induction.induction_scores(seen, constructed.PERIOD)
    observe.numeric("induction scores", scores, scale=1.0)
    assert float(scores[1, 0]) == pytest.approx(1, abs=1e-3)
