"""What a run of the bridge takes and leaves: hooks, filters, slices, a last layer."""

from __future__ import annotations

import pytest

from harness.measure import constructed
from harness.measure.hooks import live_hooks

pytestmark = pytest.mark.requires("transformer-lens", "transformers")

STREAM = "blocks.0.hook_out"


@pytest.fixture
def small(keep, tmp_path_factory):
    """A bridge over a circuit of 2 layers with random weights."""

    def make():
        from transformer_lens.model_bridge import TransformerBridge

        folder = tmp_path_factory.mktemp("small")
        model = constructed.random_circuit(seed=0)
        model.save_pretrained(folder)
        constructed.tokenizer().save_pretrained(folder)
        return TransformerBridge.boot_transformers(str(folder), hf_model=model, device="cpu")

    return keep("small-bridge", make)


@pytest.fixture
def tokens():
    import torch

    return torch.tensor([[3, 5, 7, 9, 11], [4, 6, 8, 10, 12]])


def run(bridge, tokens, **options):
    import torch

    with torch.no_grad():
        return bridge.run_with_cache(tokens, **options)


def logits(bridge, tokens):
    import torch

    with torch.no_grad():
        return bridge(tokens)


def doubled(activation, hook):
    return activation * 2


class Stop(Exception):
    """Raised by a hook on purpose."""


def stopped(activation, hook):
    raise Stop


def test_hooks_of_a_run_that_raised_are_gone(small, tokens):
    import torch

    before, hooks = logits(small, tokens), live_hooks(small)
    with pytest.raises(Stop), torch.no_grad():
        small.run_with_hooks(tokens, fwd_hooks=[(STREAM, doubled), ("blocks.1.hook_in", stopped)])
    try:
        assert live_hooks(small) == hooks
        assert torch.equal(logits(small, tokens), before)
    finally:
        small.reset_hooks()


def test_a_permanent_hook_stays_until_it_is_named(small, tokens):
    import torch

    before = logits(small, tokens)
    small.add_perma_hook(STREAM, doubled)
    try:
        changed = logits(small, tokens)
        small.reset_hooks()
        assert not torch.equal(changed, before)
        assert torch.equal(logits(small, tokens), changed)
    finally:
        small.reset_hooks(including_permanent=True)
    assert torch.equal(logits(small, tokens), before)


def test_a_hook_of_the_caller_outlives_a_run_with_hooks_of_its_own(small, tokens):
    import torch

    small.add_hook(STREAM, doubled)
    try:
        changed = logits(small, tokens)
        run(small, tokens)
        with torch.no_grad():
            small.run_with_hooks(tokens, fwd_hooks=[("blocks.1.hook_out", doubled)])
        assert torch.equal(logits(small, tokens), changed)
    finally:
        small.reset_hooks()
    assert not torch.equal(logits(small, tokens), changed)


def test_a_list_of_names_keeps_each_of_them(small, tokens):
    names = ["blocks.0.hook_out", "blocks.1.attn.hook_pattern", "blocks.1.mlp.hook_out"]
    _, cache = run(small, tokens, names_filter=names)
    assert sorted(cache.keys()) == names


def test_the_cache_has_what_hooks_made_of_an_activation(small, tokens):
    import torch

    _, plain = run(small, tokens)
    small.add_hook(STREAM, doubled)
    try:
        _, changed = run(small, tokens)
    finally:
        small.reset_hooks()
    assert torch.equal(changed[STREAM], 2 * plain[STREAM])


def test_a_run_stops_before_the_layer_it_is_told(small, tokens):
    import torch

    _, cache = run(small, tokens)
    found, few = run(small, tokens, stop_at_layer=1)
    assert torch.equal(found, cache["resid_pre", 1])
    assert not [name for name in few if name.startswith("blocks.1.")]
    with torch.no_grad():
        again = small.run_with_hooks(tokens, stop_at_layer=1)
        first = small.run_with_hooks(tokens, stop_at_layer=0)
    assert torch.equal(again, cache["resid_pre", 1])
    assert torch.equal(first, cache["resid_pre", 0])


def test_a_slice_of_positions_is_all_that_is_kept(small, tokens):
    import torch

    _, whole = run(small, tokens)
    _, last = run(small, tokens, pos_slice=-1)
    for name in ("resid_post", "z", "pattern"):
        full = whole[name, 1]
        expected = full[..., -1, :] if name == "pattern" else full[:, -1]
        assert torch.equal(last[name, 1].reshape(expected.shape), expected)


def test_one_row_can_lose_its_batch(small, tokens):
    import torch

    _, batch = run(small, tokens[:1])
    _, alone = run(small, tokens[:1], remove_batch_dim=True)
    assert torch.equal(alone["resid_post", 1], batch["resid_post", 1][0])
