"""A model of any architecture, and an input for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.locating.asked import Asked, prepared
from harness.measure.logits import made_up_ids, prompt_ids
from harness.subjects import load_model, load_tokenizer
from harness.subjects.loading import load_class
from harness.vocabulary.errors import SubjectError


def open_model(asked: Asked) -> tuple[Any, tuple[int, ...]]:
    """The model, and the ids that it is to read."""
    if asked.folder is not None and _encodes_and_decodes(asked.folder):
        model = load_class(
            _saved_as(asked.folder), asked.folder, asked.precision, asked.device, asked.attention
        )
        return model, asked.ids or _made_up(model)
    subject = prepared(asked)
    model = load_model(subject, asked.precision, asked.device, asked.attention)
    if asked.ids:
        return model, asked.ids
    if "tokenizer" not in subject.entry.abilities:
        return model, _made_up(model)
    tokenizer = load_tokenizer(subject)
    if asked.text:
        return model, tuple(tokenizer.encode(asked.text))
    return model, tuple(prompt_ids(model, tokenizer)[0])


def forward_of(model: Any, ids: tuple[int, ...]) -> Callable[[], Any]:
    """One pass over `ids`, [1, position], without gradients.

    An encoder-decoder decodes the first half of them.
    """
    import torch

    more: dict[str, Any] = {}
    given = torch.tensor([list(ids)], device=model.device)
    if model.config.is_encoder_decoder:
        more["decoder_input_ids"] = given[:, : max(1, len(ids) // 2)]

    def forward() -> Any:
        with torch.no_grad():
            return model(input_ids=given, **more)

    return forward


def _made_up(model: Any) -> tuple[int, ...]:
    return tuple(made_up_ids(24, 0, model.config.vocab_size))


def _config(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return found


def _encodes_and_decodes(folder: Path) -> bool:
    file = folder / "config.json"
    return file.is_file() and bool(_config(folder).get("is_encoder_decoder"))


def _saved_as(folder: Path) -> str:
    names = _config(folder).get("architectures") or ()
    if not names:
        raise SubjectError(
            "the configuration names no class to load an encoder-decoder with",
            where=str(folder / "config.json"),
            allowed='"architectures": ["T5ForConditionalGeneration"], for one',
        )
    return str(names[0])
