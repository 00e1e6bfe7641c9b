"""How far one model's next-token distributions lie from another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.measure.prompts import PROMPTS


@dataclass(frozen=True)
class Divergence:
    """Distance of next-token distributions from reference ones, over all positions.

    `mean_kl` and `worst_kl` are KL(reference || observed) in nats, `top1` is the share of
    positions whose likeliest token agrees.
    """

    mean_kl: float
    worst_kl: float
    top1: float
    positions: int


def prompt_ids(model: Any, tokenizer: Any, prompts: Sequence[str] = PROMPTS) -> list[list[int]]:
    """The ids of each prompt as the model is meant to see them.

    A decoder gets the bare text; an encoder gets its special tokens too, as in training.
    Without a tokenizer (None) each prompt becomes ids from a formula, of different lengths.
    """
    if tokenizer is None:
        return [
            made_up_ids(24 + 3 * row, row, model.config.vocab_size) for row in range(len(prompts))
        ]
    if has_vocabulary_head(model):
        return [list(tokenizer.encode(text)) for text in prompts]
    return [list(tokenizer.native(text)["input_ids"]) for text in prompts]


def made_up_ids(length: int, start: int, vocabulary: int) -> list[int]:
    """`length` ids below `vocabulary` that look drawn but are the same everywhere (x**2 + 7x)."""
    return [((start + i) ** 2 + 7 * i) % vocabulary for i in range(length)]


def has_vocabulary_head(model: Any) -> bool:
    """Whether `model` gives logits over a vocabulary (decoders do, bare encoders do not)."""
    return model.get_output_embeddings() is not None


def prompt_logits(model: Any, tokenizer: Any, prompts: Sequence[str] = PROMPTS) -> list[Any]:
    """float32 logits of each prompt alone, each [position, vocabulary].

    For a model without a vocabulary head the last hidden states, [position, d_model].
    """
    return [forward(model, ids) for ids in prompt_ids(model, tokenizer, prompts)]


def forward(model: Any, ids: Sequence[int]) -> Any:
    """float32 logits (else last hidden states) of one sequence, [position, width]."""
    import torch

    with torch.no_grad():
        output = model(torch.tensor([list(ids)], device=model.device))
    return first_output(output)[0].float().cpu()


def first_output(output: Any) -> Any:
    """Logits [batch, position, vocabulary], else last hidden states [batch, position, d_model]."""
    logits = getattr(output, "logits", None)
    return output.last_hidden_state if logits is None else logits


def padded_forward(
    model: Any, sequences: Sequence[Sequence[int]], pad: int, side: str
) -> list[Any]:
    """As `forward` for each sequence, computed in one batch padded on `side` with a mask.

    `side` is `left` or `right`. Position ids count from each sequence's first real token,
    where the model takes them; the padding's own rows are cut off.
    """
    import torch

    longest = max(len(ids) for ids in sequences)
    rows, masks = [], []
    for ids in sequences:
        padding = longest - len(ids)
        filler, ones, zeros = [pad] * padding, [1] * len(ids), [0] * padding
        rows.append([*filler, *ids] if side == "left" else [*ids, *filler])
        masks.append([*zeros, *ones] if side == "left" else [*ones, *zeros])
    mask = torch.tensor(masks, device=model.device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    with torch.no_grad():
        output = model(
            torch.tensor(rows, device=model.device), attention_mask=mask, position_ids=positions
        )
    batch = first_output(output).float().cpu()
    return [
        row[-len(ids) :] if side == "left" else row[: len(ids)]
        for row, ids in zip(batch, sequences, strict=True)
    ]


def kl_divergence(reference: Any, observed: Any) -> Any:
    """KL(reference || observed) at each position in nats, from logits [position, vocabulary].

    Computed in float64, so that its own rounding does not show (Kullback and Leibler 1951).
    """
    p = reference.double().log_softmax(-1)
    q = observed.double().log_softmax(-1)
    return (p.exp() * (p - q)).sum(-1)


def divergence(reference: Sequence[Any], observed: Sequence[Any]) -> Divergence:
    """How far the `observed` logits lie from `reference`: lists of [position, vocabulary]."""
    import torch

    kl = torch.cat([kl_divergence(r, o) for r, o in zip(reference, observed, strict=True)])
    agree = torch.cat(
        [r.argmax(-1) == o.argmax(-1) for r, o in zip(reference, observed, strict=True)]
    )
    return Divergence(
        mean_kl=float(kl.mean()),
        worst_kl=float(kl.max()),
        top1=float(agree.double().mean()),
        positions=len(kl),
    )


def top_gaps(logits: Any) -> Any:
    """The difference of the two largest logits in each row of [..., vocabulary]."""
    best = logits.float().topk(2, dim=-1).values
    return best[..., 0] - best[..., 1]


def magnitude(outputs: Sequence[Any]) -> float:
    """The largest absolute value in the tensors: the size that rounding is relative to."""
    return max(float(output.abs().max()) for output in outputs)


def largest_difference(first: Sequence[Any], second: Sequence[Any]) -> float:
    """The largest absolute difference of two lists of tensors of the same shapes."""
    return max(float((a - b).abs().max()) for a, b in zip(first, second, strict=True))


def mean_pooled(hidden: Any) -> Any:
    """The mean over positions of [position, d_model]: a sentence embedding (Reimers 2019)."""
    return hidden.mean(0)


def cosine(first: Any, second: Any) -> float:
    """Cosine similarity of two vectors, computed in float64."""
    import torch

    return float(torch.cosine_similarity(first.double(), second.double(), dim=0))
