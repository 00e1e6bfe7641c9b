"""A model of any architecture, and an input for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.locating.asked import Asked, prepared
from harness.measure.logits import made_up_ids, prompt_ids
from harness.measure.prompts import PROMPTS
from harness.subjects import load_model, load_tokenizer
from harness.subjects.folders import inspect_folder
from harness.subjects.loading import load_class


def open_model(asked: Asked) -> tuple[Any, tuple[int, ...]]:
    """The model, and the ids that it is to read.

    A folder's model is loaded by the class that saved it, so that no weight is left out and
    none is drawn at random.
    """
    class_ = _saved_as(asked.folder) if asked.folder is not None else ""
    if asked.folder is None or not class_:
        model = load_model(prepared(asked), asked.precision, asked.device, asked.attention)
    else:
        model = load_class(class_, asked.folder, asked.precision, asked.device, asked.attention)
    return model, asked.ids or _ids(asked, model)


def _ids(asked: Asked, model: Any) -> tuple[int, ...]:
    if asked.folder is not None and inspect_folder(asked.folder).tokenizer is None:
        return tuple(made_up_ids(24, 0, model.config.vocab_size))
    tokenizer = load_tokenizer(prepared(asked))
    texts = (asked.text,) if asked.text else PROMPTS
    return tuple(prompt_ids(model, tokenizer, texts)[0])


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


def _saved_as(folder: Path) -> str:
    """The class that the folder's configuration names, or ""."""
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return str(next(iter(config.get("architectures") or ()), ""))
