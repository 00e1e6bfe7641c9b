"""pyvene, an optional extra: interventions declared apart from the model that they act on."""

from __future__ import annotations

import pytest

from harness.measure.hooks import capture, live_hooks
from harness.plugin import documents

pytestmark = [
    pytest.mark.needs(subject="smollm2-135m-instruct"),
    pytest.mark.precisions("float32"),
    pytest.mark.requires("pyvene", "transformers"),
]

LAYER = 3


@pytest.fixture
def own(model, keep):
    """A copy: pyvene wraps and hooks the model that it is given."""
    import copy

    return keep("pyvene-model", lambda: copy.deepcopy(model))


def _intervenable(model, intervention, component="block_output"):
    import pyvene

    config = pyvene.IntervenableConfig(
        [{"layer": LAYER, "component": component, "intervention_type": intervention}]
    )
    intervenable = pyvene.IntervenableModel(config, model=model)
    intervenable.set_device("cpu")
    return intervenable


@documents("pyvene.interventions")
def test_an_interchange_puts_the_source_at_one_position(own, ids, observe):
    """At the last position of a block the rest of the model goes on from the source there."""
    import pyvene
    import torch

    source = ids.roll(1, dims=1)
    last = ids.shape[1] - 1
    intervenable = _intervenable(own, pyvene.VanillaIntervention)
    with torch.no_grad():
        plain, changed = intervenable(
            {"input_ids": ids},
            [{"input_ids": source}],
            {"sources->base": last},
            output_original_output=True,
        )
        expected = _patched(own, ids, source, last)
    assert not torch.equal(plain.logits, changed.logits)
    same = torch.allclose(changed.logits, expected, rtol=1e-4, atol=1e-3)
    observe.claim("pyvene.interventions", type(intervenable).__name__, holds=same)


def _patched(model, ids, source, position):
    """The same intervention by a torch hook."""
    block = model.model.layers[LAYER]
    taken = capture(block, lambda: model(source))

    def patch(_module, _inputs, output):
        hidden = (output[0] if isinstance(output, tuple) else output).clone()
        hidden[:, position] = taken[:, position]
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    handle = block.register_forward_hook(patch)
    try:
        return model(ids).logits
    finally:
        handle.remove()


def test_a_collected_activation_is_what_the_module_puts_out(own, ids, observe):
    import pyvene
    import torch

    intervenable, last = _intervenable(own, pyvene.CollectIntervention), ids.shape[1] - 1
    with torch.no_grad():
        (_, collected), _ = intervenable({"input_ids": ids}, unit_locations={"base": last})
        expected = capture(own.model.layers[LAYER], lambda: own(ids))[0, last]
    assert observe.exact("collected", len(collected)) == 1
    torch.testing.assert_close(collected[0].flatten(), expected)


def test_an_intervention_leaves_nothing_on_the_model(own, ids, observe):
    import pyvene
    import torch

    hooks = live_hooks(own)
    with torch.no_grad():
        before = own(ids).logits
        _intervenable(own, pyvene.ZeroIntervention)(
            {"input_ids": ids}, unit_locations={"base": ids.shape[1] - 1}
        )
        after = own(ids).logits
    observe.exact("hooks left", live_hooks(own) - hooks)
    assert torch.equal(after, before)
