"""nnsight on the same models: what it saves, and that an intervention ends with its trace."""

from __future__ import annotations

import pytest

from harness.measure.hooks import capture
from harness.plugin import documents, needs, precisions, requires, tier

pytestmark = tier("quick")


@pytest.fixture
def traced(model, hf_tokenizer):
    """The cell's model wrapped by nnsight, and the module path of its first block."""
    from nnsight import NNsight

    base = model.base_model
    blocks = "layers" if hasattr(base, "layers") else "h"
    if not hasattr(base, blocks):
        pytest.skip(f"blocks of {type(model).__name__} are neither in .layers nor in .h")
    return NNsight(model), f"{model.base_model_prefix}.{blocks}.0.mlp"


@documents("nnsight.any-module")
@requires("nnsight", "torch")
def test_nnsight_traces_an_arbitrary_module(observe):
    import torch
    from nnsight import NNsight

    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, -1.0], [2.0, 0.5]]))
        net[0].bias.copy_(torch.tensor([0.5, -8.0]))
        traced = NNsight(net)
        with traced.trace(torch.tensor([[3.0, 1.0]])):
            before = traced[0].output.save()
            after = traced[1].output.save()
    assert observe.exact("linear", before.tolist()) == [[2.5, -1.5]]
    assert observe.exact("rectified", after.tolist()) == [[2.5, 0.0]]


@documents("nnsight.lm")
@needs("causal-lm")
@precisions("float32")
@requires("nnsight")
def test_nnsight_saves_what_the_module_puts_out(model, traced, ids, observe):
    import torch

    wrapped, path = traced
    module = model.get_submodule(path)
    with torch.no_grad():
        expected = capture(module, lambda: model(ids))
        with wrapped.trace(ids):
            found = wrapped.get(path).output.save()
    assert torch.equal(found, expected)
    observe.exact("shape", list(found.shape))


@documents("nnsight.lm")
@needs("causal-lm")
@precisions("float32")
@requires("nnsight")
def test_a_language_model_of_nnsight_takes_text(model, hf_tokenizer, observe):
    import torch
    from nnsight import LanguageModel

    text = "The Eiffel Tower is in the city of"
    blocks = "layers" if hasattr(model.base_model, "layers") else "h"
    wrapped = LanguageModel(model, tokenizer=hf_tokenizer)
    path = f"{model.base_model_prefix}.{blocks}.1"
    with torch.no_grad():
        with wrapped.trace(text):
            hidden = wrapped.get(path).output.save()
        ids = hf_tokenizer(text, return_tensors="pt").input_ids
        expected = capture(model.get_submodule(path), lambda: model(ids))
    found = hidden[0] if isinstance(hidden, tuple) else hidden
    shape = [list(found.shape), float((found - expected).abs().max())]
    observe.claim("nnsight.lm", shape[0], holds=shape[0][-1] == model.config.hidden_size)
    assert shape[1] < 1e-5


@documents("nnsight.ndif")
@requires("nnsight")
def test_nnsight_runs_on_a_remote_machine(observe):
    import os

    if not os.environ.get("NDIF_API_KEY"):
        pytest.skip("needs the NDIF service and its key in NDIF_API_KEY")
    from nnsight import LanguageModel

    wrapped = LanguageModel("openai-community/gpt2")
    with wrapped.trace("The Eiffel Tower is in the city of", remote=True):
        hidden = wrapped.transformer.h[-1].output[0].save()
    observe.claim("nnsight.ndif", list(hidden.shape), holds=hidden.shape[-1] == 768)


@needs("causal-lm")
@precisions("float32")
@requires("nnsight")
def test_an_nnsight_intervention_changes_the_logits_and_leaves_nothing(model, traced, ids, observe):
    import torch

    wrapped, path = traced
    with torch.no_grad():
        before = model(ids).logits
        with wrapped.trace(ids):
            wrapped.get(path).output[:] = 0
            changed = wrapped.lm_head.output.save()
        after = model(ids).logits
    assert (changed - before).abs().max() > 0.01
    assert torch.equal(after, before)
    observe.numeric("largest change", float((changed - before).abs().max()), scale=30.0)
