"""Hooks: which are there, how they are named, and activations changed or kept through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

Hook = tuple[str, Callable[..., Any]]


def live_hooks(module: Any) -> int:
    """How many torch hooks hang on `module` and all its submodules, forward and backward."""
    return sum(
        len(part._forward_hooks) + len(part._forward_pre_hooks) + len(part._backward_hooks)
        for part in module.modules()
    )


def block_names(names: Iterable[str], block: int) -> set[str]:
    """The hook names of one block, without the block's own prefix."""
    prefix = f"blocks.{block}."
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def capture(module: Any, forward: Callable[[], Any]) -> Tensor:
    """The output of `module` (the first, if it returns several) while `forward` runs once."""
    kept: list[Any] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        forward()
    finally:
        handle.remove()
    return kept[0][0] if isinstance(kept[0], tuple) else kept[0]
