"""What the libraries let their users name and call: names, signatures, defaults, bases.

documented.toml lists the surface that documents tell of; a row that is gone or reads otherwise is
a change, a row in addition is none. The whole of what is public is listed in the broad tier.
"""

from __future__ import annotations

import importlib
import inspect
import tomllib
from pathlib import Path

import pytest

from harness.measure import surface
from harness.plugin import tier

DOCUMENTED = tomllib.loads(Path(__file__).with_name("documented.toml").read_text(encoding="utf-8"))[
    "surface"
]

QUICK = (
    "transformers:PreTrainedTokenizerBase",
    "transformers:PreTrainedModel",
    "tokenizers:Tokenizer",
    "bitsandbytes.functional",
    "sentencepiece:SentencePieceProcessor",
)

WHOLE = (
    "torch.nn.functional",
    "torch.nn:Module",
    "transformers:DynamicCache",
    "transformers:GenerationMixin",
    "transformers:Pipeline",
    "transformers:PreTrainedModel",
    "transformers:PreTrainedTokenizerFast",
    "transformers:PretrainedConfig",
    "transformers:Trainer",
    "accelerate:Accelerator",
    "bitsandbytes.functional",
    "transformer_lens:HookedTransformer",
    "transformer_lens.model_bridge:TransformerBridge",
    "sae_lens:SAE",
    "nnsight:LanguageModel",
)


def parameter(entry, quick=()):
    marks = [pytest.mark.requires(entry["package"])]
    if entry["at"] in quick:
        marks.append(tier("quick"))
    return pytest.param(entry, id=entry["at"], marks=marks)


def find(place):
    """The module at `module`, or the class at `module:Class`. Raises what reaching it raises."""
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    return getattr(found, name) if name else found


def rows_of(found, names=(), classes=False):
    if not inspect.ismodule(found):
        return surface.of_class(found, names)
    rows = surface.of_module(found, names)
    if classes:
        for name in sorted(rows):
            value = getattr(found, name, None)
            if isinstance(value, type):
                rows |= {f"{name}.{key}": row for key, row in surface.of_class(value).items()}
    return rows


@pytest.mark.parametrize("entry", [parameter(entry, QUICK) for entry in DOCUMENTED])
def test_what_is_documented_is_there_and_is_called_so(entry, observe):
    try:
        found = find(entry["at"])
    except (ImportError, AttributeError) as error:
        observe.exact("is", f"raises {type(error).__name__}")
        return
    observe.exact("is", "module" if inspect.ismodule(found) else "class")
    rows = rows_of(found, entry.get("names", ()), entry.get("classes", False))
    assert rows
    observe.surface("rows", rows)


@tier("broad")
@pytest.mark.parametrize("entry", [parameter(e) for e in DOCUMENTED if e["at"] in WHOLE])
def test_everything_public_is_there_and_is_called_so(entry, observe):
    """Beyond what documents tell: a library may change this in any release."""
    try:
        found = find(entry["at"])
    except (ImportError, AttributeError):
        return
    observe.surface("rows", rows_of(found))
