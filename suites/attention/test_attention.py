"""Attention patterns that a model returns, and what positions do to its outputs."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires, tier
from harness.subjects.standins import fill, lay_out
from harness.vocabulary.observations import Axes

pytestmark = tier("quick")

SENTENCE = "No, I am your father"
PIECES = ["No", ",", "ĠI", "Ġam", "Ġyour", "Ġfather"]


@pytest.fixture
def small_gpt2(keep):
    """GPT-2's 12 layers and 12 heads, its tokenizer, and a width of 24: loaded as documented."""

    def make():
        import tempfile
        from pathlib import Path

        import transformers

        from harness.subjects.standins import snapshot

        with tempfile.TemporaryDirectory() as place:
            lay_out(Path(place), ["openai-community/gpt2"])
            folder = snapshot(Path(place), "openai-community/gpt2")
            model = transformers.AutoModelForCausalLM.from_pretrained(
                folder, output_attentions=True
            )
            return model.eval(), transformers.AutoTokenizer.from_pretrained(folder)

    return keep("stand-in for gpt2", make)


@pytest.fixture
def outputs(small_gpt2):
    import torch

    model, tokenizer = small_gpt2
    with torch.no_grad():
        return model(tokenizer.encode(SENTENCE, return_tensors="pt"))


@requires("transformers", "torch")
@documents("bertviz.output-attentions-arg")
def test_a_model_loaded_with_output_attentions_returns_a_pattern_a_layer(outputs, observe):
    shapes = [list(pattern.shape) for pattern in outputs.attentions]
    observe.claim(
        "bertviz.output-attentions-arg",
        {"count": len(shapes), "shape": shapes[0]},
        holds=shapes == [[1, 12, 6, 6]] * 12,
    )


@requires("transformers", "torch")
@documents("attention.multihead")
def test_each_layer_computes_twelve_heads_at_once_that_differ(outputs, observe):
    import torch

    patterns = torch.stack(outputs.attentions)[:, 0]
    heads = patterns.shape[1]
    distinct = min(len({row.numpy().tobytes() for row in layer}) for layer in patterns)
    observe.claim("attention.multihead", heads, holds=heads == distinct == 12)


@requires("transformers", "torch")
def test_every_pattern_is_causal_and_its_rows_sum_to_one(outputs, observe):
    import torch

    patterns = torch.stack(outputs.attentions)[:, 0]
    assert torch.allclose(patterns.sum(-1), torch.ones(12, 12, 6), atol=1e-5)
    assert patterns.triu(1).count_nonzero() == 0
    names = tuple(PIECES)
    axes = Axes("query", "key", row_names=names, column_names=names, full=1.0)
    observe.numeric("layer 0 head 0", patterns[0, 0].tolist(), scale=1.0, axes=axes)


@requires("transformers", "torch")
@documents("bertviz.outputs-last")
def test_the_last_of_the_outputs_is_the_attentions(outputs, observe):
    last = outputs[-1]
    is_attentions = last is outputs.attentions
    observe.claim(
        "bertviz.outputs-last",
        {"keys": list(outputs.keys()), "length of the last": len(last)},
        holds=is_attentions and len(last) == 12,
    )


@requires("transformers", "torch")
@documents("bertviz.tokens")
def test_the_sentence_has_one_token_string_a_position(small_gpt2, observe):
    _, tokenizer = small_gpt2
    inputs = tokenizer.encode(SENTENCE, return_tensors="pt")
    tokens = tokenizer.convert_ids_to_tokens(inputs[0])
    holds = len(tokens) == inputs.shape[1] == 6
    observe.claim("bertviz.tokens", tokens, holds=holds)
    assert tokens == PIECES


@requires("transformers")
@documents("bertviz.verbosity")
def test_set_verbosity_error_silences_warnings(observe):
    from transformers import utils

    before = utils.logging.get_verbosity()
    try:
        utils.logging.set_verbosity_warning()
        loud = utils.logging.get_logger("transformers.models").isEnabledFor(30)
        utils.logging.set_verbosity_error()
        quiet = not utils.logging.get_logger("transformers.models").isEnabledFor(30)
    finally:
        utils.logging.set_verbosity(before)
    observe.claim("bertviz.verbosity", {"before": loud, "silenced": quiet}, holds=loud and quiet)


@requires("transformers", "torch")
@documents("positional.injects-order")
def test_only_through_positions_does_the_order_of_the_input_reach_an_encoder(observe):
    """The last position's state is the same for permuted inputs where positions are zero."""
    import torch
    import transformers

    config = transformers.BertConfig(
        vocab_size=32,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
    )
    model = fill(transformers.BertModel(config))
    ids = torch.tensor([[5, 6, 7, 8], [7, 5, 6, 8]])

    def difference():
        with torch.no_grad():
            first, second = model(ids).last_hidden_state[:, -1]
        return float((first - second).abs().max())

    with_positions = difference()
    with torch.no_grad():
        model.embeddings.position_embeddings.weight.zero_()
    without = difference()
    observe.numeric("largest difference with positions", with_positions, scale=1.0)
    observe.claim(
        "positional.injects-order",
        {"with positions": with_positions > 1e-3, "without": without > 1e-5},
        holds=with_positions > 1e-3 and without <= 1e-5,
    )


@requires("transformers", "torch")
def test_a_decoder_without_position_embeddings_still_knows_the_order_of_what_came_before(observe):
    """The causal mask tells: without positions two layers see a permuted beginning otherwise."""
    import torch
    import transformers

    config = transformers.GPT2Config(
        vocab_size=32, n_positions=8, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0
    )
    model = fill(transformers.GPT2LMHeadModel(config))
    ids = torch.tensor([[5, 6, 7, 8], [7, 5, 6, 8]])
    with torch.no_grad():
        model.transformer.wpe.weight.zero_()
        first, second = model(ids).logits[:, -1]
    assert float((first - second).abs().max()) > 1e-4
