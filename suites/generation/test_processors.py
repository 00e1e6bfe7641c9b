"""Logit processors on rows whose outcome is worked out by hand."""

from __future__ import annotations

import math

import pytest

from harness.plugin import documents, requires

pytestmark = requires("transformers", "torch")


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


@documents("generation.topp-call-is-only-topp", "pipeline.default-256")
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
