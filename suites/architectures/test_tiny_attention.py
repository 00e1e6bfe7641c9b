"""Attention implementations agree, and what a model says of its inside has the shapes it should."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plugin import requires
from suites.architectures.tiny import apart, from_pretrained, kinds, logits, names, prompt, run
from suites.architectures.tiny_invariants import worst

pytestmark = requires("transformers", "torch")


def under(tiny: Any, name: str, implementation: str) -> Any:
    """The model under this attention implementation, or None if its type refuses it."""
    try:
        return tiny(name, attn_implementation=implementation)
    except (ValueError, ImportError):
        return None


@pytest.mark.parametrize("name", names())
def test_eager_attention_equals_sdpa(name, tiny, observe, invariant):
    models = {each: under(tiny, name, each) for each in ("eager", "sdpa")}
    known = [each for each, model in models.items() if model is not None]
    observe.exact("implementations", known)
    if len(known) == 2:
        found = {each: logits(model, prompt()) for each, model in models.items()}
        invariant("eager equals sdpa", name, apart(found["sdpa"], found["eager"]))


@pytest.mark.parametrize("name", names())
def test_hidden_states_and_attentions_have_these_shapes(name, tiny, observe):
    """Under eager attention: how many of each, and the shape of the first and last."""
    model = tiny(name, attn_implementation="eager")
    output = run(model, prompt(), output_hidden_states=True, output_attentions=True)
    for part in ("hidden_states", "attentions", *seq2seq_parts(model)):
        observe.exact(part, shapes(output.get(part)))


def seq2seq_parts(model: Any) -> tuple[str, ...]:
    if not model.config.is_encoder_decoder:
        return ()
    states = ("encoder_hidden_states", "decoder_hidden_states")
    return (*states, "encoder_attentions", "decoder_attentions", "cross_attentions")


def shapes(states: Any) -> Any:
    if states is None:
        return None
    sizes = [list(state.shape) if hasattr(state, "shape") else None for state in states]
    return {"number": len(sizes), "first": sizes[0], "last": sizes[-1]} if sizes else "none"


@pytest.mark.parametrize("name", names("causal-lm", "masked-lm"))
def test_attention_weights_of_a_position_sum_to_one(name, tiny, observe, invariant):
    output = run(tiny(name, attn_implementation="eager"), prompt(), output_attentions=True)
    weights = [each for each in output.get("attentions") or () if hasattr(each, "sum")]
    if not weights or weights[0].shape[-1] != prompt().shape[1]:
        observe.exact("attention weights", "none [head, position, position]")
        return
    totals = [each.float().sum(-1) for each in weights]
    off = worst(float((total - 1).abs().max()) for total in totals)
    invariant("attention weights sum to one", name, off)


@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma2", "bert", "t5"])
def test_what_asking_the_configuration_for_attentions_does_under_sdpa(name, observe):
    """`config.output_attentions = True`: attentions are returned, are not, or it raises."""
    try:
        model = from_pretrained(kinds()[name], attn_implementation="sdpa")
        model.config.output_attentions = True
        output = run(model, prompt())
        part = "encoder_attentions" if model.config.is_encoder_decoder else "attentions"
        found = shapes(output.get(part))
    except ValueError as error:
        found = f"ValueError: {str(error).splitlines()[0]}"
    observe.exact("attentions", found)
