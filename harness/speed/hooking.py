"""What keeping every activation costs: run_with_cache beside a plain forward.

Through transformer-lens's bridge (`hooks.bridge`), and through HookedTransformer where the stack
still has it (`hooks.hooked`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.speed.reading import MODEL, rows, settle, subject
from harness.speed.task import Asked, Measure, Opened
from harness.subjects import load_model, load_tokenizer
from harness.subjects.lenses import load_bridge, load_hooked
from harness.vocabulary.costs import Quantity

POSITIONS = 64


def open_task(asked: Asked) -> Opened:
    """`forward` and `cache` of the lens, each over the same 64 ids of batch 1, without gradients.

    Raises ImportError for `hooks.hooked` from transformer-lens 4 on, and HarnessError for a
    subject that the lens cannot take.
    """
    import torch

    found = subject(asked.arm.subject or MODEL)
    tokenizer = load_tokenizer(found)
    model = load_model(found, asked.arm.precision, asked.arm.device)
    if asked.of == "bridge":
        lens = load_bridge(model, tokenizer.native, found.directory)
    else:
        lens = load_hooked(found, model, tokenizer.native)
    del model
    ids = rows(tokenizer.encode, 1, POSITIONS).to(asked.arm.device)

    def without_gradients(run: Callable[[Any], object]) -> Callable[[], object]:
        def call() -> object:
            with torch.no_grad():
                return run(ids)

        return call

    return Opened(
        tuple(
            Measure(
                Quantity(asked.quantity(name), "s", work="token", amount=POSITIONS),
                without_gradients(run),
                settle=settle(asked.arm.device),
            )
            for name, run in (("forward", lens), ("cache", lens.run_with_cache))
        )
    )
