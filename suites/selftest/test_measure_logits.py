"""Distances between distributions, on logits made for the purpose."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from harness.measure.logits import (
    cosine,
    divergence,
    forward,
    kl_divergence,
    largest_difference,
    made_up_ids,
    magnitude,
    mean_pooled,
    padded_forward,
    prompt_ids,
    top_gaps,
)

torch = pytest.importorskip("torch")


def logits_of(*rows):
    return torch.tensor([[math.log(p) for p in row] for row in rows], dtype=torch.float64)


class Positions:
    """A decoder whose logits are one-hot at token + position, blind to padding."""

    device = "cpu"

    def __call__(self, ids, attention_mask=None, position_ids=None):
        if position_ids is None:
            position_ids = torch.arange(ids.shape[1]).expand_as(ids)
        return SimpleNamespace(logits=torch.nn.functional.one_hot(ids + position_ids, 16).float())


def test_kl_of_a_coin_against_a_loaded_one():
    """0.5 ln(0.5/0.25) + 0.5 ln(0.5/0.75) = 0.5 ln(4/3)."""
    kl = kl_divergence(logits_of((0.5, 0.5)), logits_of((0.25, 0.75)))
    assert kl.tolist() == pytest.approx([0.5 * math.log(4 / 3)])


def test_kl_is_not_symmetric():
    """0.25 ln(0.25/0.5) + 0.75 ln(0.75/0.5)."""
    kl = kl_divergence(logits_of((0.25, 0.75)), logits_of((0.5, 0.5)))
    assert kl.tolist() == pytest.approx([0.25 * math.log(0.5) + 0.75 * math.log(1.5)])


def test_kl_does_not_see_a_shift_of_all_logits():
    logits = logits_of((0.2, 0.8))
    assert kl_divergence(logits, logits + 13.6).tolist() == pytest.approx([0.0], abs=1e-12)


def test_divergence_takes_mean_worst_and_agreement_over_all_positions():
    reference = [logits_of((0.5, 0.5), (0.9, 0.1)), logits_of((0.1, 0.9))]
    observed = [logits_of((0.25, 0.75), (0.9, 0.1)), logits_of((0.9, 0.1))]
    found = divergence(reference, observed)
    coin = 0.5 * math.log(4 / 3)
    swapped = 0.8 * math.log(9)
    assert found.positions == 3
    assert found.mean_kl == pytest.approx((coin + 0 + swapped) / 3)
    assert found.worst_kl == pytest.approx(swapped)
    assert found.top1 == pytest.approx(1 / 3)


def test_the_gap_is_between_the_two_largest():
    assert top_gaps(torch.tensor([[1.0, 5.0, 3.0], [2.0, 2.0, 0.0]])).tolist() == [2.0, 0.0]


def test_magnitude_and_difference_take_the_largest_absolute_value():
    first, second = [torch.tensor([1.0, -7.0])], [torch.tensor([1.5, -3.0])]
    assert magnitude(first) == 7.0
    assert largest_difference(first, second) == 4.0


def test_mean_pooling_and_cosine():
    pooled = mean_pooled(torch.tensor([[1.0, 0.0], [3.0, 2.0]]))
    assert pooled.tolist() == [2.0, 1.0]
    assert cosine(pooled, torch.tensor([-1.0, 2.0])) == pytest.approx(0.0)
    assert cosine(pooled, 3 * pooled) == pytest.approx(1.0)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padded_rows_come_back_without_padding_and_at_their_own_positions(side):
    sequences = [[1, 2, 3], [4]]
    rows = padded_forward(Positions(), sequences, pad=0, side=side)
    for ids, row in zip(sequences, rows, strict=True):
        assert row.equal(forward(Positions(), ids))


def test_made_up_ids_stay_below_the_vocabulary_and_differ_by_row():
    first, second = made_up_ids(30, 0, 11), made_up_ids(30, 1, 11)
    assert all(0 <= token < 11 for token in first + second)
    assert first[:3] == [0, 8, 7]
    assert first != second


def test_a_model_without_a_tokenizer_gets_ids_of_different_lengths():
    model = SimpleNamespace(config=SimpleNamespace(vocab_size=50))
    lengths = [len(ids) for ids in prompt_ids(model, None, ["a", "b", "c"])]
    assert lengths == [24, 27, 30]
