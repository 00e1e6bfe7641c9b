"""Weights processed for interpretation: folding and centring leave every probability alone."""

from __future__ import annotations

import pytest

from harness.measure.hooks import live_hooks
from harness.plugin import requires, until

pytestmark = pytest.mark.requires("transformer-lens", "transformers")

REMOVED = ("transformer-lens", "4.0", "HookedTransformer was removed")
PROCESSING = ("fold_ln", "center_writing_weights", "center_unembed", "fold_value_biases")


@pytest.fixture
def raw(hub, keep):
    """(model, ids, log-probabilities) of the stand-in for gpt2 without any processing."""

    def make():
        import torch
        from transformer_lens import HookedTransformer

        model = HookedTransformer.from_pretrained_no_processing("gpt2", device="cpu").eval()
        ids = model.to_tokens("The keys to the cabinet are on the table by the door.")
        with torch.no_grad():
            return model, ids, torch.log_softmax(model(ids), -1)

    return keep("unprocessed-gpt2", make)


@until(*REMOVED)
@requires("transformer-lens")
@pytest.mark.parametrize("step", PROCESSING)
def test_one_step_of_processing_changes_no_log_probability(hub, raw, step):
    import torch
    from transformer_lens import HookedTransformer

    _, ids, expected = raw
    steps = dict.fromkeys(PROCESSING, False) | {step: True}
    model = HookedTransformer.from_pretrained("gpt2", device="cpu", **steps).eval()
    with torch.no_grad():
        found = torch.log_softmax(model(ids), -1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


@until(*REMOVED)
@requires("transformer-lens")
def test_processed_weights_are_what_each_step_is_named_for(hub, raw, observe):
    """Centred writers have mean 0 over d_model, a centred unembedding over the vocabulary."""
    from transformer_lens import HookedTransformer

    model = HookedTransformer.from_pretrained("gpt2", device="cpu").eval()
    block = model.blocks[3]
    means = {
        "W_E": model.W_E.mean(-1),
        "W_pos": model.W_pos.mean(-1),
        "W_O": block.attn.W_O.mean(-1),
        "b_out": block.mlp.b_out.mean(-1),
        "W_U over the vocabulary": model.W_U.mean(-1),
    }
    largest = {name: float(mean.abs().max()) for name, mean in means.items()}
    assert all(value < 1e-6 for value in largest.values()), largest
    assert float(block.attn.b_V.abs().max()) == 0
    observe.exact("norm", type(block.ln1).__name__)


def test_compatibility_mode_changes_no_log_probability(gpt2_bridge, hub):
    import torch
    from transformer_lens.model_bridge import TransformerBridge

    ids = gpt2_bridge.to_tokens("The keys to the cabinet are on the table by the door.")
    with torch.no_grad():
        expected = torch.log_softmax(gpt2_bridge(ids), -1)
        compatible = TransformerBridge.boot_transformers("gpt2", device="cpu")
        compatible.enable_compatibility_mode()
        found = torch.log_softmax(compatible(ids), -1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("mode", ["run_with_hooks", "run_with_cache", "context", "added"])
def test_a_hook_that_is_gone_leaves_nothing(gpt2_bridge, mode):
    """Output to the bit, and no torch hook more than before."""
    import torch

    name = "blocks.2.hook_out"
    ids = gpt2_bridge.to_tokens("The keys to the cabinet")
    before = live_hooks(gpt2_bridge)
    changed = []

    def zero(value, hook):
        changed.append(hook.name)
        return torch.zeros_like(value)

    with torch.no_grad():
        expected = gpt2_bridge(ids)
        if mode == "run_with_hooks":
            gpt2_bridge.run_with_hooks(ids, fwd_hooks=[(name, zero)])
        elif mode == "run_with_cache":
            gpt2_bridge.run_with_cache(ids)
        elif mode == "context":
            with gpt2_bridge.hooks(fwd_hooks=[(name, zero)]):
                gpt2_bridge(ids)
        else:
            gpt2_bridge.add_hook(name, zero)
            gpt2_bridge(ids)
            gpt2_bridge.reset_hooks()
        after = gpt2_bridge(ids)
    assert (changed != []) == (mode != "run_with_cache")
    assert torch.equal(after, expected)
    assert live_hooks(gpt2_bridge) == before
