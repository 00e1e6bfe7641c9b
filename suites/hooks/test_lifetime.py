"""How long a hook lives, and that it does something while it does."""

from __future__ import annotations

import pytest

from harness.measure.hooks import live_hooks
from harness.measure.patching import patch_each_position
from harness.plugin import documents, tier

pytestmark = [
    pytest.mark.needs("causal-lm"),
    pytest.mark.precisions("float32"),
    pytest.mark.requires("transformer-lens"),
]

NAME = "blocks.0.hook_out"


class Stop(Exception):
    """Raised by a hook on purpose."""


def _double(activation, hook):
    return activation * 2


def _raise(activation, hook):
    raise Stop


def _logits(bridge, ids):
    import torch

    with torch.no_grad():
        return bridge(ids)


@tier("quick")
@documents("tl.issue.hooks-persist")
def test_run_with_hooks_changes_that_run_and_leaves_nothing(bridge, ids, observe):
    import torch

    before, hooks = _logits(bridge, ids), live_hooks(bridge)
    with torch.no_grad():
        changed = bridge.run_with_hooks(ids, fwd_hooks=[(NAME, _double)])
    assert not torch.equal(changed, before)
    left = live_hooks(bridge) - hooks
    observe.claim("tl.issue.hooks-persist", f"{left} hooks remain", holds=left > 0)
    assert left == 0
    assert torch.equal(_logits(bridge, ids), before)


@documents("tl.issue.hooks-persist")
@pytest.mark.needs(subject="smollm2-135m-instruct")
@pytest.mark.until("transformer-lens", "4.0", "HookedTransformer was removed")
def test_hooked_transformer_leaves_no_hook_either(hooked, ids, observe):
    """By the calls of a hook on a later plain run, and by what hangs on the model."""
    import torch

    calls = []
    before = live_hooks(hooked)
    hook = ("blocks.0.hook_resid_post", lambda activation, hook: calls.append(hook.name))
    with torch.no_grad():
        hooked.run_with_hooks(ids, fwd_hooks=[hook], stop_at_layer=1)
        during = len(calls)
        hooked(ids, stop_at_layer=1)
    assert during == 1
    later, left = len(calls) - during, live_hooks(hooked) - before
    observe.claim(
        "tl.issue.hooks-persist",
        f"{later} calls in a later run, {left} hooks remain",
        holds=later > 0 or left > 0,
    )


def test_a_hook_that_raises_is_removed(bridge, ids, observe):
    import torch

    before, hooks = _logits(bridge, ids), live_hooks(bridge)
    with pytest.raises(Stop), torch.no_grad():
        bridge.run_with_hooks(ids, fwd_hooks=[(NAME, _raise)])
    left = observe.exact("hooks left", live_hooks(bridge) - hooks)
    assert left == 0
    assert torch.equal(_logits(bridge, ids), before)


@documents("tl.issue.reset-hooks")
def test_an_added_hook_stays_until_reset(bridge, ids):
    import torch

    before = _logits(bridge, ids)
    bridge.add_hook(NAME, _double)
    try:
        first, second = _logits(bridge, ids), _logits(bridge, ids)
    finally:
        bridge.reset_hooks()
    assert not torch.equal(first, before)
    assert torch.equal(first, second)
    assert torch.equal(_logits(bridge, ids), before)


@documents("bridge.legacy-names")
def test_a_hook_by_legacy_name_does_the_same_as_by_canonical_name(bridge, ids):
    import torch

    with torch.no_grad():
        canonical = bridge.run_with_hooks(ids, fwd_hooks=[(NAME, _double)])
        legacy = bridge.run_with_hooks(ids, fwd_hooks=[("blocks.0.hook_resid_post", _double)])
    assert not torch.equal(canonical, _logits(bridge, ids))
    assert torch.equal(canonical, legacy)


def test_what_a_misspelt_hook_name_does(bridge, ids, observe):
    import torch

    before = _logits(bridge, ids)
    try:
        with torch.no_grad():
            found = bridge.run_with_hooks(ids, fwd_hooks=[("blocks.0.hook_oot", _double)])
        result = "ignored" if torch.equal(found, before) else "changed the logits"
    except Exception as error:
        result = type(error).__name__
    observe.exact("result", result)
    assert result != "changed the logits"
    assert torch.equal(_logits(bridge, ids), before)


@documents("tl.patching.last-layer-identity", "tl.patching.result-shape", "tl.patching.loop-runs")
def test_patching_the_last_stream_at_the_last_position_restores_the_clean_run(bridge, ids, cached):
    import torch

    corrupted = ids.roll(1, dims=1)
    clean_logits, cache = cached
    layer, length = bridge.cfg.n_layers - 1, ids.shape[1]
    hook = patch_each_position(layer, cache["resid_post", layer])
    with torch.no_grad():
        patched = bridge.run_with_hooks(corrupted.expand(length, -1), fwd_hooks=[hook])[:, -1]
        own = bridge(corrupted)[0, -1]
    scale = float(clean_logits.abs().max())
    assert (own - clean_logits[0, -1]).abs().max() > 0.1
    assert (patched[-1] - clean_logits[0, -1]).abs().max() < 1e-4 * scale
    assert (patched[:-1] - own).abs().max() < 1e-4 * scale
