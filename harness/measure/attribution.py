"""Direct logit attribution: how much each part of the model writes towards one answer.

Elhage et al. 2021 ("direct path") and Wang et al. 2022, section 3.1: the final residual stream is
a sum, the final norm is linear once its scale is held, so that the logit difference is a
sum over the embedding, every head, every MLP and the biases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Stream:
    """What was written into the residual stream at the last position.

    `embedding` [prompt, d_model], `heads` [layer, prompt, head, d_model], `attention` (the whole
    attention output, its bias included) and `mlps` [layer, prompt, d_model].
    """

    embedding: Tensor
    heads: Tensor
    attention: Tensor
    mlps: Tensor


@dataclass(frozen=True)
class ReadOut:
    """What turns the stream into a logit difference, one prompt a row.

    `direction` [prompt, d_model]: unembedding of the answer minus that of the other, times the
    final norm's weight. `scale` [prompt, 1]: what the final norm divided by. `constant`
    [prompt]: what the norm's and the unembedding's biases add. `centred`: a LayerNorm
    subtracts the mean first, an RMSNorm does not.
    """

    direction: Tensor
    scale: Tensor
    constant: Tensor
    centred: bool


@dataclass(frozen=True)
class Attribution:
    """Contributions in logits, averaged over prompts.

    `heads` [layer, head], `mlps` [layer], `biases` [layer] (of the attention outputs),
    `embedding` and `constant` single numbers; `by_prompt` [prompt] is the sum of all.
    """

    heads: Tensor
    mlps: Tensor
    biases: Tensor
    embedding: float
    constant: float
    by_prompt: Tensor


def head_outputs(z: Tensor, output_weights: Tensor) -> Tensor:
    """What each head writes: `z` [layer, prompt, head, d_head] by W_O.

    W_O is [layer, head, d_head, d_model].

    Returns [layer, prompt, head, d_model].
    """
    import torch

    return torch.einsum("lphd,lhdm->lphm", z, output_weights)


def read_out(
    unembedding: Tensor,
    unembedding_bias: Tensor,
    norm_weight: Tensor,
    norm_bias: Tensor | None,
    scale: Tensor,
    answers: Tensor,
    others: Tensor,
) -> ReadOut:
    """The final norm and unembedding as one linear map per prompt.

    `unembedding` [d_model, vocabulary], its bias [vocabulary], the norm's weight and bias
    [d_model] (no bias: an RMSNorm), `scale` [prompt, 1], answers and others [prompt].
    """
    towards = (unembedding[:, answers] - unembedding[:, others]).T
    constant = unembedding_bias[answers] - unembedding_bias[others]
    if norm_bias is not None:
        constant = constant + towards @ norm_bias
    return ReadOut(towards * norm_weight, scale, constant, centred=norm_bias is not None)


def attribute(stream: Stream, read: ReadOut) -> Attribution:
    """Split the logit difference over the parts of `stream`."""
    heads = contribution(stream.heads, read)
    mlps = contribution(stream.mlps, read)
    biases = contribution(stream.attention - stream.heads.sum(dim=2), read)
    embedding = contribution(stream.embedding, read)
    total = heads.sum(dim=(0, 2)) + mlps.sum(dim=0) + biases.sum(dim=0) + embedding
    return Attribution(
        heads=heads.mean(dim=1),
        mlps=mlps.mean(dim=1),
        biases=biases.mean(dim=1),
        embedding=float(embedding.mean()),
        constant=float(read.constant.mean()),
        by_prompt=total + read.constant,
    )


def contribution(written: Tensor, read: ReadOut) -> Tensor:
    """What `written` adds to the logit difference, in logits.

    [prompt, d_model] and [layer, prompt, d_model] lose their last dimension, and so does
    [layer, prompt, head, d_model].
    """
    if read.centred:
        written = written - written.mean(dim=-1, keepdim=True)
    towards = read.direction / read.scale
    if written.dim() == 4:
        towards = towards.unsqueeze(1)
    return (written * towards).sum(dim=-1)
