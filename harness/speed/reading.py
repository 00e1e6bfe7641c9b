"""The subject, texts and ids that tasks beside the model's own read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.measure.prompts import CORPUS, PROMPTS
from harness.subjects import Prepared, prepared, read_registry, select
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.places import home

if TYPE_CHECKING:
    from torch import Tensor

MODEL = "smollm2-135m-instruct"
"""The model that is measured where an arm names no subject."""

NO_TEXT = frozenset({"special-lookalike", "empty"})
"""Texts of the corpus that cost nothing, or that libraries read differently on purpose."""


def subject(name: str) -> Prepared:
    """The subject of that name with its files, out of the cache. Raises NoEvidence without them."""
    (entry,) = select(read_registry(home()), [name])
    found = prepared(entry)
    if found is None:
        raise NoEvidence(
            f"the files of {name} are not in the cache", next=f"harness subjects prepare {name}"
        )
    return found


def long_text() -> str:
    """200 kB of English: documentation of Python packages, a paragraph a line."""
    return (home() / "fixtures" / "autoencoders" / "text.txt").read_text(encoding="utf-8")


def short_texts() -> tuple[str, ...]:
    """Some 25 texts of 10 to 200 bytes in many scripts, code and numbers among them."""
    return PROMPTS + tuple(text for name, text in CORPUS.items() if name not in NO_TEXT)


def rows(encode: Callable[[str], list[int]], count: int, length: int) -> Tensor:
    """The first ids of the long text, [count, length]."""
    import torch

    ids = encode(long_text()[: count * length * 16])
    return torch.tensor(ids[: count * length]).reshape(count, length)


def settle(device: str) -> Callable[[], object] | None:
    """What waits until the device is done with all it was given; None where nothing runs behind."""
    import torch

    if device.startswith("cuda"):
        return lambda: torch.cuda.synchronize(device)
    return torch.mps.synchronize if device == "mps" else None
