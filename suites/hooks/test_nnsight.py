"""nnsight on the same models: what it saves, and that an intervention ends with its trace."""

from __future__ import annotations

import pytest

from harness.measure.hooks import capture
from harness.plugin import documents, needs, precisions, requires


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
