"""Logit processors on rows whose outcome is worked out by hand."""

from __future__ import annotations

import math

import pytest

from harness.plugin import documents, requires, tier

pytestmark = [requires("transformers", "torch"), tier("quick")]


def kept(processor, row, ids=(0,)):
    """The positions that the processor leaves finite in one row of logits."""
    scores = processed(processor, row, ids)
    return {index for index, score in enumerate(scores) if math.isfinite(score)}


def processed(processor, row, ids=(0,)):
    import torch

    return processor(torch.tensor([list(ids)]), torch.tensor([list(row)]))[0].tolist()


def logits_of(*probabilities):
    return [math.log(probability) for probability in probabilities]


@documents("generation.topk-support")
def test_top_k_keeps_the_k_largest():
    from transformers import TopKLogitsWarper

    assert kept(TopKLogitsWarper(2), [1.0, 3.0, 2.0, 0.0]) == {1, 2}


@documents("generation.topk-support")
def test_top_k_keeps_all_that_tie_with_the_last():
    from transformers import TopKLogitsWarper

    assert kept(TopKLogitsWarper(2), [3.0, 1.0, 1.0, 0.0]) == {0, 1, 2}


@documents("generation.topp-smallest-set")
@pytest.mark.parametrize(
    ("p", "nucleus"), [(0.4, {1}), (0.7, {1, 3}), (0.92, {1, 3, 0}), (0.99, {1, 3, 0, 2})]
)
def test_top_p_keeps_the_smallest_set_that_passes_p(p, nucleus):
    """Probabilities 0.15, 0.5, 0.05, 0.3: cumulated from the largest 0.5, 0.8, 0.95, 1."""
    from transformers import TopPLogitsWarper

    assert kept(TopPLogitsWarper(p), logits_of(0.15, 0.5, 0.05, 0.3)) == nucleus


def test_min_p_keeps_what_reaches_its_share_of_the_largest():
    """0.5 of the largest probability 0.5 is 0.25: 0.3 stays, 0.15 goes."""
    from transformers import MinPLogitsWarper

    assert kept(MinPLogitsWarper(0.5), logits_of(0.15, 0.5, 0.05, 0.3)) == {1, 3}


@documents("generation.temperature-effect")
def test_temperature_divides_the_logits():
    from transformers import TemperatureLogitsWarper

    assert processed(TemperatureLogitsWarper(2.0), [4.0, -2.0, 0.0]) == [2.0, -1.0, 0.0]


@documents("generation.temperature-effect")
def test_the_entropy_rises_with_the_temperature():
    from transformers import TemperatureLogitsWarper

    def entropy(temperature):
        scores = processed(TemperatureLogitsWarper(temperature), logits_of(0.15, 0.5, 0.05, 0.3))
        weights = [math.exp(score) for score in scores]
        shares = [weight / sum(weights) for weight in weights]
        return -sum(share * math.log(share) for share in shares)

    assert entropy(0.6) < entropy(0.8) < entropy(1.0) < entropy(1.5) < math.log(4)


def test_a_repetition_penalty_divides_positive_and_multiplies_negative_logits():
    from transformers import RepetitionPenaltyLogitsProcessor

    penalised = processed(RepetitionPenaltyLogitsProcessor(2.0), [4.0, -2.0, 1.0], ids=(0, 1))
    assert penalised == [2.0, -4.0, 1.0]


@documents("generation.beam-no-repeat")
def test_no_repeat_ngram_bans_what_followed_before():
    """After 5 1 2 5 the bigrams are 51, 12, 25: of what may follow 5, only 1 would repeat."""
    from transformers import NoRepeatNGramLogitsProcessor

    allowed = kept(NoRepeatNGramLogitsProcessor(2), [0.0] * 6, ids=(5, 1, 2, 5))
    assert allowed == {0, 2, 3, 4, 5}


def test_a_minimum_length_bans_the_end_until_it_is_reached():
    from transformers import MinLengthLogitsProcessor

    processor = MinLengthLogitsProcessor(3, eos_token_id=2)
    assert kept(processor, [0.0] * 4, ids=(0, 1)) == {0, 1, 3}
    assert kept(processor, [0.0] * 4, ids=(0, 1, 3)) == {0, 1, 2, 3}


@documents("generation.topp-call-is-only-topp")
def test_a_call_with_only_top_p_is_cut_to_50_tokens_as_well(monkeypatch, observe):
    """Of 200 almost equally likely tokens some 184 make up 0.92: what is left to draw from."""
    without, with_zero = (sampled_from(monkeypatch, **more) for more in ({}, {"top_k": 0}))
    observe.claim(
        "generation.topp-call-is-only-topp",
        {"top_p=0.92": without, "top_p=0.92, top_k=0": with_zero},
        holds=without == with_zero,
    )
    assert with_zero["processors"] == ["TopPLogitsWarper"]
    assert 180 < with_zero["tokens left"] <= 184


def sampled_from(monkeypatch, **options):
    """The processors that `generate(do_sample=True, top_p=0.92)` runs, and what they leave.

    The model's logits rise by 0.0008 from each token to the next.
    """
    import torch
    import transformers
    from transformers.generation import logits_process

    config = transformers.GPT2Config(
        n_layer=1, n_head=1, n_embd=8, vocab_size=200, n_positions=8, bos_token_id=0, eos_token_id=0
    )
    model = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.transformer.ln_f.bias.fill_(1)
        model.lm_head.weight.copy_(torch.arange(200)[:, None] * 1e-4)
    ran = []

    def noting(name, call):
        def noted(self, *arguments, **named):
            ran.append(name)
            return call(self, *arguments, **named)

        return noted

    with monkeypatch.context() as patch:
        for name, kind in vars(logits_process).items():
            if name.endswith(("LogitsWarper", "LogitsProcessor")) and "__call__" in vars(kind):
                patch.setattr(kind, "__call__", noting(name, kind.__call__))
        output = model.generate(
            torch.tensor([[1, 2]]),
            do_sample=True,
            top_p=0.92,
            max_new_tokens=1,
            pad_token_id=0,
            output_scores=True,
            return_dict_in_generate=True,
            **options,
        )
    return {"processors": ran, "tokens left": int(torch.isfinite(output.scores[0]).sum())}


def test_an_empty_generation_configuration_has_these_defaults(observe):
    import transformers

    fields = transformers.GenerationConfig().to_dict()
    fields.pop("transformers_version", None)
    observe.exact("fields", dict(sorted(fields.items())))


def test_nonsense_is_refused_with_these_errors(observe):
    import transformers

    def error(make):
        try:
            make()
        except Exception as caught:
            return type(caught).__name__
        return "none"

    observe.exact("top_k 0", error(lambda: transformers.TopKLogitsWarper(0)))
    observe.exact("top_p 2", error(lambda: transformers.TopPLogitsWarper(2.0)))
    observe.exact("temperature 0", error(lambda: transformers.TemperatureLogitsWarper(0.0)))
