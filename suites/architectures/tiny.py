"""The tiny models of fixtures/architectures: which there are, how to load and to run them.

A type that the installed transformers does not know ends its behaviours as skipped: in a gate
between a release that knows it and one that does not, each is `new` or `gone`.
"""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from typing import Any

import pytest

from harness.plugin import tier
from harness.subjects.drawn import Drawn, drawn_folder, read_drawn
from harness.vocabulary.errors import FixtureError
from harness.vocabulary.places import home

AUTO = {
    "causal-lm": "AutoModelForCausalLM",
    "seq2seq-lm": "AutoModelForSeq2SeqLM",
    "masked-lm": "AutoModelForMaskedLM",
}
QUICK = ("bert", "gemma2", "gpt_neox", "llama-yarn", "mamba", "t5")
"""Telling types, for a first answer: their numbers are in the quick tier."""

PROMPT = tuple((7 * i * i + 5 * i) % 59 + 3 for i in range(40))
"""Ids of the vocabulary of 64 that are no special token of any type."""

LENGTH = 24
"""Longer than each window (8) and than the trained positions of each rope scaling (16)."""

DECODED = 12
"""Ids that an encoder-decoder is given to decode: longer than each window."""


Kind = Drawn
"""One line of index.json."""


@functools.cache
def kinds() -> dict[str, Kind]:
    """Every type. A broken index ends the collection of what is parametrised by it, in words."""
    try:
        return read_drawn(home())
    except FixtureError as error:
        raise pytest.Collector.CollectError(str(error)) from None


def names(*heads: str, quick: bool = False) -> list[Any]:
    """The parameters of a behaviour: every type with such a head (any, if none is named)."""
    return [
        pytest.param(name, marks=tier("quick")) if quick and name in QUICK else name
        for name, kind in kinds().items()
        if not heads or kind.head in heads
    ]


def know(kind: Kind) -> None:
    """Skips a type that the installed transformers has no configuration of."""
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if kind.model_type not in CONFIG_MAPPING:
        pytest.skip(f"transformers {transformers.__version__} does not know {kind.model_type}")


def load(kind: Kind, precision: str = "float32", **arguments: Any) -> Any:
    """The model in evaluation mode, as a user's folder would be loaded."""
    import torch

    return from_pretrained(kind, **{dtype_argument(): getattr(torch, precision)}, **arguments)


def folder(kind: Kind) -> Path:
    """Where a type's files lie, whole: what is damaged says nothing of a library."""
    return drawn_folder(home(), kind)


def from_pretrained(kind: Kind, **arguments: Any) -> Any:
    import transformers

    know(kind)
    auto = getattr(transformers, AUTO[kind.head])
    found = auto.from_pretrained(str(folder(kind)), **arguments)
    model = found[0] if isinstance(found, tuple) else found
    model.eval()
    return found


def dtype_argument() -> str:
    """transformers 4.56 renamed torch_dtype."""
    import transformers

    major, minor = (int(part) for part in transformers.__version__.split(".")[:2])
    return "dtype" if (major, minor) >= (4, 56) else "torch_dtype"


def prompt(begin: int = 0, length: int = LENGTH) -> Any:
    """Ids [1, length] of the fixed list, from `begin` on."""
    import torch

    return torch.tensor([[PROMPT[(begin + i) % len(PROMPT)] for i in range(length)]])


def takes(model: Any, argument: str) -> bool:
    return argument in inspect.signature(model.forward).parameters


def run(model: Any, ids: Any, mask: Any = None, **more: Any) -> Any:
    """The outputs for ids [batch, position], with positions counted from the mask if given one.

    An encoder-decoder reads `ids` and decodes the given ones, the same for each row.
    """
    import torch

    if mask is not None:
        more["attention_mask"] = mask
        if (
            takes(model, "position_ids")
            and not model.config.is_encoder_decoder
            and is_causal(model)
        ):
            more["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)
    if model.config.is_encoder_decoder and "decoder_input_ids" not in more:
        more["decoder_input_ids"] = prompt(5, DECODED).expand(len(ids), -1)
    with torch.no_grad():
        return model(input_ids=ids, **more)


def is_causal(model: Any) -> bool:
    heads = {kind.model_type: kind.head for kind in kinds().values()}
    return heads[model.config.model_type] == "causal-lm"


def logits(model: Any, ids: Any, mask: Any = None, **more: Any) -> Any:
    """Float32 logits [batch, position, vocabulary]."""
    return run(model, ids, mask, **more).logits.float()


def apart(found: Any, reference: Any) -> float:
    """The largest difference, in multiples of the largest reference: 0 is equal."""
    return float((found - reference).abs().max() / reference.abs().max())
