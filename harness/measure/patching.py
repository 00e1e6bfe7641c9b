"""Interventions on a hooked model: heads ablated, activations patched from another run.

Each returns hooks for `run_with_hooks`; a hook point passes `(activation, hook)`. A misspelt
hook name may be ignored in silence, so that whoever intervenes checks that something changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.measure.hooks import Hook

if TYPE_CHECKING:
    from torch import Tensor


def ablate_heads(heads: Sequence[Sequence[int]]) -> list[Hook]:
    """Hooks that set the output z of these heads [layer, head] to zero at every position."""
    by_layer: dict[int, list[int]] = {}
    for layer, head in heads:
        by_layer.setdefault(layer, []).append(head)
    return [(f"blocks.{layer}.attn.hook_z", _zeroing(those)) for layer, those in by_layer.items()]


def _zeroing(heads: list[int]) -> Any:
    def zero(z: Tensor, hook: Any) -> Tensor:
        ablated = z.clone()
        ablated[:, :, heads] = 0
        return ablated

    return zero


def patch_each_position(layer: int, clean: Tensor, first: int = 0) -> Hook:
    """A hook that patches the stream after block `layer`, row i of the batch at `first + i`.

    `clean` [1, position, d_model] is the stream of the other run; the model must be run on as
    many copies of the corrupted prompt as it has positions from `first` on, so that one run
    gives the whole row of the patching table (Meng et al. 2022, "causal tracing").
    """

    def patch(stream: Tensor, hook: Any) -> Tensor:
        patched = stream.clone()
        for row in range(clean.shape[1] - first):
            patched[row, first + row] = clean[0, first + row]
        return patched

    return f"blocks.{layer}.hook_out", patch


def first_difference(clean: Tensor, corrupted: Tensor) -> int:
    """The first position where ids [1, position] of equal length differ.

    Before it a causal model computes the same in both runs, and patching changes nothing.
    Raises ValueError if the lengths differ or the ids do not.
    """
    if clean.shape != corrupted.shape:
        raise ValueError(f"prompts of {clean.shape[1]} and {corrupted.shape[1]} tokens")
    differing = (clean != corrupted)[0].nonzero()
    if len(differing) == 0:
        raise ValueError("the prompts are the same")
    return int(differing[0])


def restored(patched: Tensor, clean: Tensor, corrupted: Tensor) -> Tensor:
    """How much of the clean run a patch brings back: 0 as corrupted, 1 as clean."""
    return (patched - corrupted) / (clean - corrupted)
