"""Greedy decoding: which ids, how clear each choice, and what must not change them."""

from __future__ import annotations

import pytest

from harness.measure.generation import generate, greedy, new_ids, pad_id, uncached_greedy
from harness.measure.tokens import repeated_ngrams
from harness.plugin import documents, needs, precisions, tier

pytestmark = needs("causal-lm")
NEW = 12


@pytest.fixture
def continued(model, sequences, keep):
    """The greedy continuation of the first prompt, computed once a cell."""
    return keep("greedy", lambda: greedy(model, sequences[0], NEW))


@tier("quick")
def test_the_first_prompt_goes_on_like_this(continued, observe):
    observe.tokens("ids", continued.ids, continued.gaps, scale=continued.scale)


def test_a_repeated_pattern_goes_on_like_this(model, sequences, observe):
    found = greedy(model, sequences[-1], NEW)
    observe.tokens("ids", found.ids, found.gaps, scale=found.scale)


@documents("generation.greedy-deterministic")
def test_greedy_repeats_itself(model, sequences, continued):
    assert greedy(model, sequences[0], NEW) == continued


@precisions("float32")
def test_greedy_takes_the_likeliest_token_of_uncached_passes(model, sequences, continued):
    assert uncached_greedy(model, sequences[0], len(continued.ids)) == continued.ids


@documents("generation.max-new-tokens")
def test_max_new_tokens_bounds_what_is_new(model, sequences):
    for bound in (1, 3):
        assert (
            1
            <= len(new_ids(generate(model, sequences[0], max_new_tokens=bound), sequences[0]))
            <= bound
        )


@precisions("float32")
@documents("generation.prompt-kept")
def test_the_prompt_stands_before_what_is_new(model, sequences):
    output = generate(model, sequences[0], max_new_tokens=2, do_sample=False)
    assert output[0, : len(sequences[0])].tolist() == sequences[0]


@precisions("float32")
def test_generation_stops_after_an_end_of_sequence_id(model, sequences, continued):
    end = continued.ids[3]
    first = continued.ids.index(end)
    output = generate(model, sequences[0], max_new_tokens=NEW, do_sample=False, eos_token_id=end)
    assert new_ids(output, sequences[0]) == continued.ids[: first + 1]


@precisions("float32")
def test_a_left_padded_batch_goes_on_as_its_prompts_do_alone(model, sequences):
    import torch

    prompts = sequences[:3]
    longest = max(map(len, prompts))
    pad = pad_id(model)
    rows = [[pad] * (longest - len(ids)) + ids for ids in prompts]
    masks = [[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts]
    output = model.generate(
        torch.tensor(rows, device=model.device),
        attention_mask=torch.tensor(masks, device=model.device),
        max_new_tokens=4,
        do_sample=False,
        pad_token_id=pad,
    )
    alone = [greedy(model, ids, 4).ids for ids in prompts]
    for row, ids in zip(output[:, longest:].tolist(), alone, strict=True):
        assert tuple(row[: len(ids)]) == ids


@precisions("float32")
@documents("generation.beam-no-repeat")
def test_no_repeat_ngram_size_leaves_no_bigram_twice(model, sequences, observe):
    output = generate(
        model, sequences[-1], max_new_tokens=16, do_sample=False, no_repeat_ngram_size=2
    )
    whole = output[0].tolist()
    observe.exact("ids", new_ids(output, sequences[-1]))
    assert repeated_ngrams(whole, 2) == repeated_ngrams(sequences[-1], 2)


@precisions("float32")
@documents("generation.beam-runs", "generation.beam-no-repeat")
def test_beam_search_finds_this(model, sequences, observe):
    output = generate(
        model,
        sequences[0],
        max_new_tokens=10,
        do_sample=False,
        num_beams=3,
        no_repeat_ngram_size=2,
        early_stopping=True,
    )
    assert output.shape[0] == 1
    observe.exact("ids", new_ids(output, sequences[0]))


@precisions("float32")
@documents("generation.beam-deterministic")
def test_beam_search_repeats_itself(model, sequences):
    options = {"max_new_tokens": 5, "do_sample": False, "num_beams": 3}
    first, second = (generate(model, sequences[0], **options) for _ in range(2))
    assert first.tolist() == second.tolist()


@precisions("float32")
def test_one_beam_is_greedy(model, sequences, continued):
    output = generate(model, sequences[0], max_new_tokens=4, do_sample=False, num_beams=1)
    assert new_ids(output, sequences[0]) == continued.ids[:4]
