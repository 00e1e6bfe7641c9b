"""Generated ids together with how clear each choice was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.measure.logits import top_gaps


@dataclass(frozen=True)
class Generated:
    """New ids (without the prompt), the top-2 logit gap at each, the logits' largest size."""

    ids: tuple[int, ...]
    gaps: tuple[float, ...]
    scale: float


def greedy(model: Any, ids: Sequence[int], new_tokens: int) -> Generated:
    """Greedy continuation of `ids` by at most `new_tokens`, through the library's `generate`."""
    import torch

    output = generate(
        model,
        ids,
        max_new_tokens=new_tokens,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    logits = torch.cat(output.logits).float()
    return Generated(
        ids=tuple(output.sequences[0, len(ids) :].tolist()),
        gaps=tuple(top_gaps(logits).tolist()),
        scale=float(logits.abs().max()),
    )


def uncached_greedy(model: Any, ids: Sequence[int], new_tokens: int) -> tuple[int, ...]:
    """Greedy continuation by whole forward passes without a cache: a second implementation."""
    import torch

    sequence = torch.tensor([list(ids)], device=model.device)
    with torch.no_grad():
        for _ in range(new_tokens):
            best = model(sequence, use_cache=False).logits[0, -1].argmax()
            sequence = torch.cat([sequence, best.view(1, 1)], dim=1)
    return tuple(sequence[0, len(ids) :].tolist())


def generate(model: Any, ids: Sequence[int], **options: Any) -> Any:
    """The library's `generate` on one sequence with a full mask, and a pad id if it has none."""
    import torch

    sequence = torch.tensor([list(ids)], device=model.device)
    options.setdefault("pad_token_id", pad_id(model))
    with torch.no_grad():
        return model.generate(sequence, attention_mask=torch.ones_like(sequence), **options)


def pad_id(model: Any) -> int:
    """The model's pad id, else its first end-of-sequence id, else 0."""
    config = model.generation_config
    for found in (config.pad_token_id, config.eos_token_id):
        if isinstance(found, list):
            return int(found[0])
        if found is not None:
            return int(found)
    return 0


def new_ids(output: Any, prompt: Sequence[int]) -> tuple[int, ...]:
    """The ids after the prompt in the first sequence of what `generate` returned."""
    sequences = getattr(output, "sequences", output)
    return tuple(sequences[0, len(prompt) :].tolist())
