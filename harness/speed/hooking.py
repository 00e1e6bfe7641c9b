"""What keeping every activation costs: run_with_cache beside a plain forward.

Through transformer-lens's bridge (`hooks.bridge`), and through HookedTransformer where the stack
still has it (`hooks.hooked`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.speed.precisions import refuse_quantised
from harness.speed.subject import settle_for, torch_for
from harness.speed.task import Asked, Measure, Opened
from harness.speed.texts import rows, text_model
from harness.subjects import load_model, load_tokenizer
from harness.subjects.lenses import load_bridge, load_hooked
from harness.vocabulary.costs import Quantity

if TYPE_CHECKING:
    from torch import Tensor

POSITIONS = 64


def open_task(asked: Asked) -> Opened:
    """`forward` and `cache` of the lens over the arm's model, [1, position] ids.

    Raises ImportError for `hooks.hooked` from transformer-lens 4 on, and HarnessError for a
    subject that the lens cannot take.
    """
    if asked.of == "hooked":
        refuse_quantised(asked, "HookedTransformer")
    torch_for(asked)
    arm, found = asked.arm, text_model(asked)
    tokenizer = load_tokenizer(found)
    model = load_model(found, arm.precision, arm.device, arm.attention)
    if asked.of == "bridge":
        lens = load_bridge(model, tokenizer.native, found.directory)
    else:
        lens = load_hooked(found, model, tokenizer.native)
    return Opened(measures(asked, lens, rows(tokenizer.encode, 1, POSITIONS).to(arm.device)))


def measures(asked: Asked, lens: Any, ids: Tensor) -> tuple[Measure, ...]:
    """A forward of `ids` [batch, position] by the lens, and one that keeps all; no gradients."""
    import torch

    def made(name: str, run: Callable[[Tensor], object]) -> Measure:
        def call() -> object:
            with torch.no_grad():
                return run(ids)

        quantity = Quantity(asked.quantity(name), "s", work="token", amount=float(ids.numel()))
        return Measure(quantity, call, settle=settle_for(asked.arm.device))

    return made("forward", lens), made("cache", lens.run_with_cache)
