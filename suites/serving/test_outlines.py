"""outlines: whatever the model, its output obeys the constraint."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import pytest

from harness.plugin import documents, needs, precisions, requires

PROMPTS = ("A phone number:", "The weather today is", "Answer:")
NUMBER = r"\(\d{3}\) \d{3}-\d{4}"


@pytest.fixture
def constrained(keep, model, hf_tokenizer) -> Any:
    """The cell's model behind outlines."""

    def make() -> Any:
        import outlines

        return outlines.from_transformers(model, hf_tokenizer)

    return keep("outlines", make)


def generate(constrained: Any, prompt: str, kind: Any, **options: Any) -> str:
    import torch

    torch.manual_seed(0)
    return str(constrained(prompt, kind, max_new_tokens=48, **options))


@documents("outlines.constrained-output")
@needs("causal-lm", "pretrained")
@precisions("float32")
@requires("outlines", "transformers")
def test_every_sample_obeys_its_constraint(constrained, observe):
    """A regular expression, a choice and a JSON schema; greedy, and sampled hot."""
    from outlines.types import JsonSchema, Regex

    schema = {
        "type": "object",
        "properties": {"warm": {"type": "boolean"}, "degrees": {"type": "integer", "maximum": 99}},
        "required": ["warm", "degrees"],
        "additionalProperties": False,
    }
    kinds = {
        "regex": (Regex(NUMBER), lambda text: re.fullmatch(NUMBER, text) is not None),
        "choice": (Literal["yes", "no"], lambda text: text in ("yes", "no")),
        "json": (JsonSchema(schema), lambda text: {*json.loads(text)} == {"warm", "degrees"}),
    }
    ways = {"greedy": {"do_sample": False}, "hot": {"do_sample": True, "temperature": 3.0}}
    obeyed: dict[str, int] = {}
    for name, (kind, fits) in kinds.items():
        texts = [generate(constrained, p, kind, **way) for p in PROMPTS for way in ways.values()]
        obeyed[name] = sum(map(fits, texts))
    asked = len(PROMPTS) * len(ways)
    observe.claim(
        "outlines.constrained-output",
        {"obeyed": obeyed, "of": asked},
        holds=set(obeyed.values()) == {asked},
    )
