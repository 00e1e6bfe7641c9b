"""outlines: whatever the model, its output obeys the constraint."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from harness.plugin import documents, needs, precisions, requires

PROMPTS = ("A phone number:", "The weather today is")
NUMBER = r"\(\d{3}\) \d{3}-\d{4}"
WAYS = ({"do_sample": False}, {"do_sample": True, "temperature": 3.0})
"""Greedy, and sampled so hot that nothing but the constraint holds it."""


def schema(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


@documents("outlines.constrained-output")
@needs("causal-lm", "pretrained")
@precisions("float32")
@requires("outlines", "transformers")
def test_samples_obey_these_kinds_of_constraint(model, hf_tokenizer, monkeypatch, observe):
    """How many of the outputs obey, by kind; the claim is that all do."""
    import outlines
    import torch
    import torch._dynamo
    from outlines.types import JsonSchema, Regex

    monkeypatch.setattr(torch._dynamo.config, "disable", True)
    sky = schema(warm={"type": "boolean"}, sky={"enum": ["clear", "grey"]})
    degrees = schema(degrees={"type": "integer", "minimum": 0, "maximum": 99})
    kinds = {
        "regular expression": (Regex(NUMBER), lambda text: bool(re.fullmatch(NUMBER, text))),
        "choice": (Literal["yes", "no"], lambda text: text in ("yes", "no")),
        "schema": (
            JsonSchema(sky),
            lambda text: (parsed(text) or {}).get("sky") in ("clear", "grey"),
        ),
        "schema with a maximum": (
            JsonSchema(degrees),
            lambda text: 0 <= (parsed(text) or {}).get("degrees", -1) <= 99,
        ),
    }
    constrained = outlines.from_transformers(model, hf_tokenizer)
    obeyed = dict.fromkeys(kinds, 0)
    for name, (kind, fits) in kinds.items():
        for prompt in PROMPTS:
            for way in WAYS:
                torch.manual_seed(0)
                obeyed[name] += fits(str(constrained(prompt, kind, max_new_tokens=32, **way)))
    asked = len(PROMPTS) * len(WAYS)
    observe.claim(
        "outlines.constrained-output",
        {name: f"{count} of {asked}" for name, count in obeyed.items()},
        holds=set(obeyed.values()) == {asked},
        steady=False,
    )
    assert obeyed["regular expression"] == obeyed["choice"] == asked
