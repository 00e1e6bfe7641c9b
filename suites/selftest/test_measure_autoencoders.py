"""Quality of an autoencoder, and its plain formulas, on numbers small enough to work out."""

from __future__ import annotations

import pytest

from harness.measure.autoencoders import (
    Weights,
    explained_variance,
    jump_relu_features,
    l0,
    loss_recovered,
    relu_features,
    top_k_features,
)

torch = pytest.importorskip("torch")


def _weights():
    return Weights(
        encoder=torch.tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]]),
        decoder=torch.zeros(3, 2),
        encoder_bias=torch.tensor([0.0, -1.0, 0.5]),
        decoder_bias=torch.tensor([1.0, 0.0]),
    )


def test_features_of_one_token_by_hand():
    x = torch.tensor([[3.0, 2.0]])
    assert relu_features(_weights(), x).tolist() == [[2.0, 3.0, 0.5]]
    assert top_k_features(_weights(), x, k=2).tolist() == [[2.0, 3.0, 0.0]]
    threshold = torch.tensor([2.0, 2.0, 0.0])
    assert jump_relu_features(_weights(), x, threshold).tolist() == [[0.0, 3.0, 0.5]]


@pytest.mark.parametrize(
    ("rebuilt", "expected"),
    [
        ([[0.0, 1.0], [4.0, 1.0]], 1.0),
        ([[2.0, 1.0], [2.0, 1.0]], 0.0),
        ([[1.0, 1.0], [3.0, 1.0]], 0.75),
        ([[4.0, 1.0], [0.0, 1.0]], -3.0),
    ],
    ids=["perfect", "the mean", "half of the way", "the other way round"],
)
def test_explained_variance(rebuilt, expected):
    x = torch.tensor([[0.0, 1.0], [4.0, 1.0]])
    assert explained_variance(x, torch.tensor(rebuilt)) == pytest.approx(expected)


def test_l0_counts_features_that_are_not_zero():
    assert l0(torch.tensor([[0.0, 0.1, -2.0], [0.0, 0.0, 0.0]])) == 1.0


@pytest.mark.parametrize(("spliced", "expected"), [(4.0, 1.0), (12.0, 0.0), (6.0, 0.75)])
def test_loss_recovered_lies_between_zeros_and_the_model_as_it_is(spliced, expected):
    assert loss_recovered(clean=4.0, spliced=spliced, ablated=12.0) == pytest.approx(expected)
