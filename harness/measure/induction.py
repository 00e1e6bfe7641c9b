"""Attention scores of heads on repeated random tokens.

Definitions follow Olsson et al. 2022, "In-context Learning and Induction Heads", and Elhage et
al. 2021, "A Mathematical Framework for Transformer Circuits". Patterns are attention weights
after the softmax, [layer, batch, head, query, key].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from torch import Tensor


def random_tokens(
    vocabulary: int, length: int, batch: int, seed: int, excluded: Collection[int] = ()
) -> Tensor:
    """Ids [batch, length] drawn without repetition within a row, none of them `excluded`."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    allowed = torch.ones(vocabulary, dtype=torch.bool)
    allowed[[index for index in excluded if index < vocabulary]] = False
    ids = allowed.nonzero().squeeze(1)
    return torch.stack(
        [ids[torch.randperm(len(ids), generator=generator)[:length]] for _ in range(batch)]
    )


def repeated(tokens: Tensor) -> Tensor:
    """`tokens` [batch, period] followed by themselves: [batch, 2 * period]."""
    import torch

    return torch.cat([tokens, tokens], dim=1)


def stack_patterns(layers: Sequence[Tensor]) -> Tensor:
    """One pattern [batch, head, query, key] a layer, as [layer, batch, head, query, key]."""
    import torch

    return torch.stack([layer.float() for layer in layers])


def induction_scores(patterns: Tensor, period: int) -> Tensor:
    """Mean attention from the second occurrence of a token to the one after its first.

    Olsson et al.'s prefix matching: from query `period + i` to key `i + 1`, averaged over i and
    batch. Returns [layer, head], each between 0 and 1.
    """
    return _offset_mean(patterns[..., period : 2 * period, :], offset=1, count=period)


def previous_token_scores(patterns: Tensor) -> Tensor:
    """Mean attention to the position before, over all queries but the first: [layer, head]."""
    return _offset_mean(patterns[..., 1:, :], offset=0, count=patterns.shape[-2] - 1)


def duplicate_token_scores(patterns: Tensor, period: int) -> Tensor:
    """Mean attention from a token to its own first occurrence: [layer, head] (Wang et al. 2022)."""
    return _offset_mean(patterns[..., period : 2 * period, :], offset=0, count=period)


def _offset_mean(rows: Tensor, offset: int, count: int) -> Tensor:
    diagonal = rows.diagonal(offset=offset, dim1=-2, dim2=-1)[..., :count]
    return diagonal.mean(dim=(1, -1))


def top_heads(scores: Tensor, count: int) -> list[list[int]]:
    """The `count` heads [layer, head] with the highest scores, highest first."""
    order = scores.flatten().topk(count).indices.tolist()
    return [[index // scores.shape[1], index % scores.shape[1]] for index in order]


def heads_above(scores: Tensor, threshold: float) -> list[list[int]]:
    """The heads [layer, head] with a score above `threshold`, by layer and head."""
    return [[int(layer), int(head)] for layer, head in (scores > threshold).nonzero().tolist()]
