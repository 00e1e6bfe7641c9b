"""Induction and previous-token heads (Olsson et al. 2022) on a pretrained model."""

from __future__ import annotations

import pytest

from harness.measure import induction
from harness.measure.patching import ablate_heads
from harness.plugin import documents
from harness.vocabulary.observations import Axes

pytestmark = [
    pytest.mark.needs("causal-lm", "pretrained"),
    pytest.mark.precisions("float32"),
    pytest.mark.requires("transformer-lens"),
]

PERIOD, BATCH, SEED = 25, 4, 0


@pytest.fixture
def tokens(hf_tokenizer):
    """Random ids [batch, 2 * period], none of them special, without repetition in a row."""
    special = hf_tokenizer.all_special_ids
    return induction.random_tokens(hf_tokenizer.vocab_size, 2 * PERIOD, BATCH, SEED, special)


@pytest.fixture
def repeated(bridge, tokens, keep):
    """Patterns and logits on the first half of the tokens, repeated."""
    return keep("induction-repeated", lambda: _run(bridge, _repeat(tokens)))


def _repeat(tokens):
    return induction.repeated(tokens[:, :PERIOD])


def _run(bridge, ids):
    import torch

    with torch.no_grad():
        logits, cache = bridge.run_with_cache(
            ids, names_filter=lambda name: name.endswith("attn.hook_pattern")
        )
    layers = range(bridge.cfg.n_layers)
    return induction.stack_patterns([cache["pattern", layer] for layer in layers]), logits


@documents("tl.induction.shape", "tl.induction.range", "tl.induction.detects")
def test_a_pretrained_model_has_induction_heads(bridge, repeated, observe):
    scores = induction.induction_scores(repeated[0], PERIOD)
    assert list(scores.shape) == [bridge.cfg.n_layers, bridge.cfg.n_heads]
    observe.numeric(
        "induction score by head", scores, scale=1.0, axes=Axes("layer", "head", full=1.0)
    )
    observe.exact("top four heads", induction.top_heads(scores, 4))
    assert scores.min() >= 0
    assert 0.5 < scores.max() <= 1


def test_the_top_induction_head_looks_one_past_the_first_occurrence(
    bridge, repeated, tokens, hf_tokenizer, observe
):
    layer, head = induction.top_heads(induction.induction_scores(repeated[0], PERIOD), 1)[0]
    names = tuple(hf_tokenizer.decode([index]) for index in _repeat(tokens)[0].tolist())
    pattern = repeated[0][layer, 0, head]
    observe.numeric(
        f"pattern of head {layer}.{head}",
        pattern,
        scale=1.0,
        axes=Axes("query", "key", row_names=names, column_names=names, full=1.0),
    )
    looked = pattern[PERIOD:].argmax(-1)
    expected = looked.new_tensor(range(1, PERIOD + 1))
    assert (looked == expected).float().mean() > 0.5


def test_a_pretrained_model_has_previous_token_heads(repeated, observe):
    scores = induction.previous_token_scores(repeated[0])
    observe.numeric(
        "previous-token score by head", scores, scale=1.0, axes=Axes("layer", "head", full=1.0)
    )
    observe.exact("top three heads", induction.top_heads(scores, 3))
    assert scores.max() > 0.5


def test_heads_that_look_for_a_token_s_own_first_occurrence(repeated, observe):
    scores = induction.duplicate_token_scores(repeated[0], PERIOD)
    observe.numeric(
        "duplicate-token score by head", scores, scale=1.0, axes=Axes("layer", "head", full=1.0)
    )
    assert induction.top_heads(scores, 1) != induction.top_heads(
        induction.induction_scores(repeated[0], PERIOD), 1
    )


@pytest.mark.until("transformer-lens", "4.0", "HookedTransformer was removed")
@pytest.mark.needs(subject="smollm2-135m-instruct")
def test_hooked_transformer_finds_the_same_scores(hooked, tokens, repeated):
    import torch

    found, _ = _run(hooked, _repeat(tokens)[:1])
    scores = induction.induction_scores(found, PERIOD)
    expected = induction.induction_scores(repeated[0][:, :1], PERIOD)
    torch.testing.assert_close(scores, expected, rtol=0, atol=1e-3)


@documents("tl.induction.detects")
def test_without_repetition_no_head_scores_as_induction(bridge, tokens, observe):
    patterns, _ = _run(bridge, tokens)
    scores = induction.induction_scores(patterns, PERIOD)
    observe.numeric("highest score", float(scores.max()), scale=1.0)
    assert scores.max() < 0.2


def test_repeated_tokens_are_predicted_better_the_second_time(tokens, repeated, observe):
    first, second = _losses(repeated[1], _repeat(tokens))
    observe.numeric("loss first, second", [first, second], unit="nats", scale=30.0)
    assert second < first - 1


def test_ablating_the_induction_heads_unlearns_the_repetition(bridge, tokens, repeated, observe):
    import torch

    scores = induction.induction_scores(repeated[0], PERIOD)
    top = induction.top_heads(scores, 6)
    controls = _least_of_the_same_layers(scores, top)
    _, before = _losses(repeated[1], _repeat(tokens))
    after = []
    for heads in (top, controls):
        with torch.no_grad():
            logits = bridge.run_with_hooks(_repeat(tokens), fwd_hooks=ablate_heads(heads))
        assert not torch.equal(logits, repeated[1]), "the ablation changed nothing"
        after.append(_losses(logits, _repeat(tokens))[1])
    observe.numeric("loss before, ablated, control", [before, *after], unit="nats", scale=30.0)
    assert after[0] - before > 2 * abs(after[1] - before)


def _least_of_the_same_layers(scores, heads):
    """As many heads in each layer as `heads` has there, those with the lowest scores.

    Of the same layers, because heads of low score before them feed the induction heads.
    """
    layers = [layer for layer, _ in heads]
    return [
        [layer, head]
        for layer in sorted(set(layers))
        for head in scores[layer].argsort()[: layers.count(layer)].tolist()
    ]


def _losses(logits, ids):
    """Mean loss per token in the first and in the second occurrence, in nats."""
    import torch

    loss = -torch.log_softmax(logits[:, :-1], -1).gather(-1, ids[:, 1:, None])[..., 0]
    return float(loss[:, : PERIOD - 1].mean()), float(loss[:, PERIOD:].mean())
