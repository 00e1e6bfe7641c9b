"""Sparse autoencoders written out in plain torch: what a library's own must agree with.

The encoder of Bricken et al. 2023, "Towards Monosemanticity": f = g((x - b_dec) W_enc + b_enc),
the decoder x' = f W_dec + b_dec. The nonlinearity g is ReLU; the k largest, rectified (Gao et
al. 2024); or JumpReLU with a threshold a feature (Rajamanoharan et al. 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Weights:
    """`encoder` [d_in, d_sae], `decoder` [d_sae, d_in], biases [d_sae] and [d_in]."""

    encoder: Tensor
    decoder: Tensor
    encoder_bias: Tensor
    decoder_bias: Tensor


def formula_weights(d_in: int, d_sae: int, seed: int) -> Weights:
    """Weights drawn from a seeded generator, decoder rows of unit norm, small biases."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    decoder = torch.randn(d_sae, d_in, generator=generator)
    decoder = decoder / decoder.norm(dim=1, keepdim=True)
    return Weights(
        encoder=decoder.T.contiguous(),
        decoder=decoder,
        encoder_bias=0.1 * torch.randn(d_sae, generator=generator),
        decoder_bias=0.1 * torch.randn(d_in, generator=generator),
    )


def pre_activations(weights: Weights, x: Tensor) -> Tensor:
    """[..., d_in] to [..., d_sae], before the nonlinearity."""
    return (x - weights.decoder_bias) @ weights.encoder + weights.encoder_bias


def relu_features(weights: Weights, x: Tensor) -> Tensor:
    """Features [..., d_sae] of the standard autoencoder."""
    return pre_activations(weights, x).clamp(min=0)


def top_k_features(weights: Weights, x: Tensor, k: int) -> Tensor:
    """Features [..., d_sae], all zero but the k largest, which are rectified."""
    before = pre_activations(weights, x)
    smallest_kept = before.sort(dim=-1, descending=True).values[..., k - 1 : k]
    return before.clamp(min=0) * (before >= smallest_kept)


def jump_relu_features(weights: Weights, x: Tensor, threshold: Tensor) -> Tensor:
    """Features [..., d_sae], zero where not above `threshold` [d_sae]."""
    before = pre_activations(weights, x)
    return before.clamp(min=0) * (before > threshold)


def reconstruct(weights: Weights, features: Tensor) -> Tensor:
    """[..., d_sae] back to [..., d_in]."""
    return features @ weights.decoder + weights.decoder_bias


def explained_variance(x: Tensor, rebuilt: Tensor) -> float:
    """The share of the variance of `x` [token, d_in] about its mean that `rebuilt` keeps.

    1 for a perfect reconstruction, 0 for the mean of all tokens, below 0 for worse than that.
    """
    left = (x - rebuilt).pow(2).sum()
    return float(1 - left / (x - x.mean(dim=0)).pow(2).sum())


def l0(features: Tensor) -> float:
    """How many features [..., d_sae] are not zero, averaged over tokens."""
    return float((features != 0).sum(dim=-1).float().mean())


def loss_recovered(clean: float, spliced: float, ablated: float) -> float:
    """How much of the loss that zeros in the activation's place cost a reconstruction saves.

    Bricken et al. 2023: 1 where the model loses nothing, 0 where zeros do as well. In nats.
    """
    return (ablated - spliced) / (ablated - clean)
