"""What the bridge keeps of a run: names, shapes, and the identities between activations."""

from __future__ import annotations

import pytest

from harness.measure.hooks import block_names
from harness.plugin import documents, tier

pytestmark = [
    pytest.mark.needs("causal-lm"),
    pytest.mark.precisions("float32"),
    pytest.mark.requires("transformer-lens"),
]

NAMES = ("hook_in", "hook_out", "attn.hook_out", "mlp.hook_out", "attn.hook_pattern")
ALIASES = ("hook_resid_pre", "hook_resid_mid", "hook_resid_post", "hook_attn_out", "hook_mlp_out")
STREAM = ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out")
PARTS = ("q", "k", "v", "z", "pattern")
PER_HEAD = ("q", "z")


@tier("quick")
@documents("bridge.legacy-names")
def test_each_block_is_cached_by_canonical_and_by_legacy_names(bridge, cached, observe):
    _, cache = cached
    blocks = [block_names(cache.keys(), layer) for layer in range(bridge.cfg.n_layers)]
    assert all(set(NAMES + ALIASES) <= names for names in blocks)
    same = observe.exact("every block has the same names", all(b == blocks[0] for b in blocks))
    assert same


@documents(
    "tl.cache.resid_pre",
    "tl.cache.resid_mid",
    "tl.cache.resid_post",
    "tl.cache.attn_out",
    "tl.cache.mlp_out",
    "tl.cache.tuple-access",
)
def test_the_stream_is_cached_as_batch_position_d_model(bridge, cached, ids, observe):
    shapes = {name: list(cached[1][name, 0].shape) for name in STREAM}
    observe.exact("shapes", shapes)
    assert all(shape == [1, ids.shape[1], bridge.cfg.d_model] for shape in shapes.values())


@documents("tl.cache.q", "tl.cache.k", "tl.cache.v", "tl.cache.pattern", "tl.ioi.z-shape")
def test_attention_is_cached_by_head_and_keys_by_key_value_head(bridge, cached, ids, observe):
    cfg, length = bridge.cfg, ids.shape[1]
    shapes = observe.exact("shapes", {name: list(cached[1][name, 0].shape) for name in PARTS})
    key_value_heads = getattr(cfg, "n_key_value_heads", None) or cfg.n_heads
    assert shapes["pattern"] == [1, cfg.n_heads, length, length]
    for name in ("q", "k", "v", "z"):
        heads = cfg.n_heads if name in PER_HEAD else key_value_heads
        assert shapes[name] == [1, length, heads, cfg.d_head]


@documents("tl.cache.pattern-softmax")
def test_patterns_are_causal_and_sum_to_one(bridge, cached):
    import torch

    for layer in range(bridge.cfg.n_layers):
        pattern = cached[1]["pattern", layer]
        assert torch.equal(pattern, pattern.tril())
        torch.testing.assert_close(pattern.sum(-1), torch.ones(pattern.shape[:-1]))


@documents("tl.cache.resid-mid-meaning", "tl.cache.resid-post-meaning")
def test_the_stream_is_the_sum_of_what_was_written(bridge, cached):
    import torch

    cache = cached[1]
    for layer in range(bridge.cfg.n_layers):
        pre, mid, post, attention, mlp = (cache[name, layer] for name in STREAM)
        tolerance = {"rtol": 1e-4, "atol": 1e-5 * float(post.abs().max())}
        torch.testing.assert_close(pre + attention, mid, **tolerance)
        torch.testing.assert_close(mid + mlp, post, **tolerance)


@documents("tl.ioi.weights-shapes")
def test_what_the_heads_write_sums_to_the_attention_output(bridge, cached):
    """Up to a bias, the same everywhere. A W_O that is not transposed has this shape as well."""
    import torch

    cache = cached[1]
    for layer in range(bridge.cfg.n_layers):
        written = torch.einsum("bphd,hdm->bpm", cache["z", layer], bridge.W_O[layer])
        rest = cache["attn_out", layer] - written
        atol = 1e-5 * float(cache["attn_out", layer].abs().max())
        torch.testing.assert_close(rest, rest[:, :1].expand_as(rest), rtol=1e-4, atol=atol)


@documents("tl.cache.names-filter", "tl.cache.filter-saves-memory")
def test_a_names_filter_keeps_only_what_matches(bridge, cached, ids, observe):
    import torch

    with torch.no_grad():
        _, few = bridge.run_with_cache(ids, names_filter=lambda name: name.endswith("hook_pattern"))
    assert len(few) == bridge.cfg.n_layers
    observe.exact("keys", len(few))
    assert all(torch.equal(few[name], cached[1][name]) for name in few)


@documents("tl.cache.names-filter")
def test_a_filter_by_legacy_name_gives_that_name(bridge, ids):
    import torch

    with torch.no_grad():
        _, few = bridge.run_with_cache(ids, names_filter="blocks.1.hook_resid_post")
    assert "blocks.1.hook_resid_post" in few
    assert torch.equal(few["resid_post", 1], few["blocks.1.hook_resid_post"])


@tier("quick")
@documents("bridge.preserves-hf", "bridge.run-with-cache", "bridge.boot")
def test_the_bridge_agrees_with_transformers_in_log_probability(model, cached, ids, observe):
    import torch

    with torch.no_grad():
        expected = torch.log_softmax(model(ids.to(model.device)).logits, -1)
    found = torch.log_softmax(cached[0], -1)
    torch.testing.assert_close(found, expected, rtol=0, atol=5e-4)
    last = found[0, -1].topk(5)
    observe.exact("top ids", last.indices.tolist())
    observe.numeric("top log-probabilities", last.values, unit="nats", scale=30.0)


@documents("bridge.methods")
def test_the_bridge_has_the_documented_methods(bridge):
    for name in ("to_tokens", "to_string", "generate", "run_with_hooks", "run_with_cache"):
        assert callable(getattr(bridge, name))


@documents("tl.eiffel-tokens")
def test_to_tokens_puts_bos_in_front_unless_told_not_to(bridge, hf_tokenizer, observe):
    text = "The Eiffel Tower is in the city of"
    with_bos = observe.exact("default", bridge.to_tokens(text)[0].tolist())
    without = observe.exact("without", bridge.to_tokens(text, prepend_bos=False)[0].tolist())
    assert without == hf_tokenizer.encode(text, add_special_tokens=False)
    if hf_tokenizer.bos_token_id is not None:
        assert with_bos == [hf_tokenizer.bos_token_id, *without]
