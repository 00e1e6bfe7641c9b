"""The texts that tasks beside the model's own read, and ids of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.measure.prompts import CORPUS, PROMPTS
from harness.speed.subject import model_subject
from harness.speed.task import Asked
from harness.subjects import Prepared
from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import home

if TYPE_CHECKING:
    from torch import Tensor

NO_TEXT = frozenset({"special-lookalike", "empty"})
"""Texts of the corpus that libraries read differently on purpose, or that cost nothing."""

CHARACTERS_PER_ID = 16
"""More than an id of English stands for in any vocabulary here, on average."""


def long_text() -> str:
    """200 kB of English: documentation of Python packages, a paragraph a line."""
    return (home() / "fixtures" / "autoencoders" / "text.txt").read_text(encoding="utf-8")


def short_texts() -> tuple[str, ...]:
    """Some 25 texts of 10 to 200 bytes in many scripts, code and numbers among them."""
    return PROMPTS + tuple(text for name, text in CORPUS.items() if name not in NO_TEXT)


def text_model(asked: Asked) -> Prepared:
    """The arm's subject; raises UsageError where it is no model, or reads no text."""
    found = model_subject(asked)
    if "tokenizer" not in found.entry.abilities:
        raise UsageError(
            f"{found.entry.name} has no tokenizer, and {asked.task} reads text",
            where="--subject",
            allowed="a model with the files of its tokenizer",
        )
    return found


def rows(encode: Callable[[str], list[int]], count: int, length: int) -> Tensor:
    """The first ids of the long text, [count, length]."""
    import torch

    ids = encode(long_text()[: count * length * CHARACTERS_PER_ID])
    return torch.tensor(ids[: count * length]).reshape(count, length)
