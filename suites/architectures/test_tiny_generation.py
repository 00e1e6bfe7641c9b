"""What each tiny model generates, and that it does so whatever is cached or padded."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin import requires, tier
from suites.architectures.tiny import LENGTH, names, prompt

pytestmark = [requires("transformers", "torch"), tier("broad")]

NEW = 10


def generated(model: Any, ids: Any, **more: Any) -> Any:
    """Greedy output with its scores."""
    import torch

    more.setdefault("attention_mask", torch.ones_like(ids))
    return model.generate(
        ids,
        do_sample=False,
        num_beams=1,
        min_new_tokens=NEW,
        max_new_tokens=NEW,
        output_scores=True,
        return_dict_in_generate=True,
        **more,
    )


def chosen(model: Any, output: Any, row: int = 0) -> list[int]:
    return [int(token) for token in output.sequences[row, -NEW:]]


def size(scores: Any) -> float:
    """The largest finite score; 0 where there is none."""
    return float(scores.nan_to_num(0.0, 0.0, 0.0).abs().max())


def gap(scores: Any) -> float:
    """Between the two best; where one of them is not finite, as large as the scores are."""
    best, second = scores.topk(2).values
    return float(best - second) if (best - second).isfinite() else size(scores)


@pytest.mark.parametrize("name", names("causal-lm", "seq2seq-lm"))
def test_greedy_text_is_this_with_a_cache_and_without(name, tiny, observe, invariant):
    model = tiny(name)
    cached = generated(model, prompt(), use_cache=True)
    scale = max(size(score[0]) for score in cached.scores)
    gaps = [gap(score[0]) for score in cached.scores]
    observe.tokens("greedy", chosen(model, cached), gaps, scale=scale)
    uncached = generated(model, prompt(), use_cache=False)
    differ = sum(
        one != two for one, two in zip(chosen(model, cached), chosen(model, uncached), strict=True)
    )
    invariant("generated with a cache equals without", name, float(differ))


@pytest.mark.parametrize("name", names("causal-lm"))
def test_a_left_padded_batch_generates_what_each_row_does_alone(name, tiny, invariant):
    import torch

    model = tiny(name)
    full, short = prompt(), prompt(9, 15)
    padding = torch.full((1, LENGTH - 15), model.config.pad_token_id)
    mask = torch.cat([torch.zeros_like(padding), torch.ones_like(short)], 1)
    both = generated(
        model,
        torch.cat([full, torch.cat([padding, short], 1)]),
        attention_mask=torch.cat([torch.ones_like(full), mask]),
    )
    alone = [generated(model, full), generated(model, short)]
    differ = sum(
        one != two
        for row in (0, 1)
        for one, two in zip(chosen(model, both, row), chosen(model, alone[row]), strict=True)
    )
    invariant("generated in a padded batch equals alone", name, float(differ))
