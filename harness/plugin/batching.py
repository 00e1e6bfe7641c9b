"""`--batch N`: what a model computes for a text alone, computed as in a batch of N.

Another batch is another shape of every matrix product, so that sums run in another order. Here
each linear layer is given its rows beside copies of them, and its rows of the answer are
taken: the shapes of a batch in every library and behaviour, none of which has to know.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Generator
from typing import Any

import pytest

from harness.plugin.options import SETTINGS


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Wrap torch's products as soon as anything has imported torch."""
    batch = item.config.stash[SETTINGS].batch
    torch: Any = sys.modules.get("torch")
    if batch == 1 or torch is None:
        return (yield)
    linear, addmm = torch.nn.functional.linear, torch.addmm
    torch.nn.functional.linear = among(batch, linear, 0)
    torch.addmm = among(batch, addmm, 1)
    try:
        return (yield)
    finally:
        torch.nn.functional.linear, torch.addmm = linear, addmm


def among(batch: int, product: Callable[..., Any], place: int) -> Callable[..., Any]:
    """`product` with the rows of its argument at `place` repeated, and the first answer kept.

    The argument is [..., features]; one vector alone, without rows, is left as it is.
    """

    @functools.wraps(product)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if len(args) <= place or getattr(args[place], "dim", lambda: 0)() < 2:
            return product(*args, **kwargs)
        rows = args[place]
        many = rows.repeat(batch, *[1] * (rows.dim() - 1))
        answer = product(*args[:place], many, *args[place + 1 :], **kwargs)
        return answer[: rows.shape[0]]

    return wrapped
