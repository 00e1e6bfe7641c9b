"""HookedTransformer, which transformer-lens removed in 4.0."""

from __future__ import annotations

import pytest

from harness.plugin import documents, needs, precisions, requires, until

REMOVED = ("transformer-lens", "4.0", "HookedTransformer was removed")
SUBJECT = "smollm2-135m-instruct"


@documents("tl.hooked.import", "tl.classes.HookedTransformerConfig")
@until(*REMOVED)
@requires("transformer-lens")
def test_hooked_transformer_and_its_configuration_import():
    from transformer_lens import HookedTransformer, HookedTransformerConfig

    assert HookedTransformer.__name__ == "HookedTransformer"
    assert HookedTransformerConfig.__name__ == "HookedTransformerConfig"


@until(*REMOVED)
@requires("transformer-lens")
def test_hooked_transformer_runs_a_configuration_without_a_checkpoint(observe):
    import torch
    from transformer_lens import HookedTransformer, HookedTransformerConfig

    config = HookedTransformerConfig(
        n_layers=1, d_model=8, n_ctx=6, d_head=4, n_heads=2, d_vocab=11, act_fn="gelu", seed=0
    )
    with torch.no_grad():
        logits, cache = HookedTransformer(config).run_with_cache(torch.arange(6)[None])
    assert observe.exact("logits", list(logits.shape)) == [1, 6, 11]
    assert observe.exact("z", list(cache["z", 0].shape)) == [1, 6, 2, 4]


@documents("tl.hooked.matches-hf")
@until(*REMOVED)
@needs(subject=SUBJECT)
@precisions("float32")
@requires("transformer-lens")
def test_hooked_transformer_agrees_with_transformers_in_log_probability(hooked, model, ids):
    import torch

    with torch.no_grad():
        found = torch.log_softmax(hooked(ids), -1)
        expected = torch.log_softmax(model(ids.to(model.device)).logits, -1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)


@until(*REMOVED)
@needs(subject=SUBJECT)
@precisions("float32")
@requires("transformer-lens")
def test_hooked_transformer_caches_the_tabled_shapes(hooked, ids, observe):
    import torch

    with torch.no_grad():
        _, cache = hooked.run_with_cache(ids)
    names = ("resid_pre", "resid_post", "q", "k", "z", "pattern")
    shapes = observe.exact("shapes", {name: list(cache[name, 0].shape) for name in names})
    observe.exact("keys", len(cache))
    assert shapes["pattern"] == [1, hooked.cfg.n_heads, ids.shape[1], ids.shape[1]]


@until(*REMOVED)
@needs(subject=SUBJECT)
@precisions("float32")
@requires("transformer-lens")
def test_hooked_transformer_refuses_a_word_of_several_tokens(hooked, observe):
    with pytest.raises(AssertionError) as caught:
        hooked.to_single_token(" antidisestablishmentarianism")
    observe.exact("error", type(caught.value).__name__)
