"""HookedTransformer on a model called gpt2: what the documents say of that class itself."""

from __future__ import annotations

import pytest

from harness.plugin import documents

pytestmark = [
    pytest.mark.requires("transformer-lens", "transformers"),
    pytest.mark.until("transformer-lens", "4.0", "HookedTransformer was removed"),
]

EIFFEL = "The Eiffel Tower is in"


@pytest.fixture
def hooked_run(gpt2_hooked, keep):
    """(tokens, logits, cache) of the document's prompt under HookedTransformer."""

    def make():
        import torch

        tokens = gpt2_hooked.to_tokens(EIFFEL)
        with torch.no_grad():
            return tokens, *gpt2_hooked.run_with_cache(tokens)

    return keep("hooked-run", make)


@documents("tl.hooked.from-pretrained")
def test_from_pretrained_loads_gpt2_by_its_other_name(gpt2_hooked, observe):
    observe.exact("model name", gpt2_hooked.cfg.model_name)
    kind = type(gpt2_hooked).__name__
    observe.claim("tl.hooked.from-pretrained", kind, holds=kind == "HookedTransformer")


@documents("tl.hooked.matches-hf")
def test_folding_and_centring_leave_the_log_probabilities(hub, hooked_run, observe):
    import torch
    from transformers import AutoModelForCausalLM

    tokens, logits, _ = hooked_run
    with torch.no_grad():
        expected = AutoModelForCausalLM.from_pretrained("gpt2")(tokens).logits
    off = torch.log_softmax(logits, -1) - torch.log_softmax(expected, -1)
    shifted = float((logits - expected).abs().max())
    observe.claim(
        "tl.hooked.matches-hf",
        "log-probabilities agree" + (", logits are shifted" if shifted > 1e-3 else ""),
        holds=float(off.abs().max()) < 1e-3,
    )


def test_hooked_transformer_caches_every_activation_that_it_computes(
    gpt2_hooked, hooked_run, observe
):
    """What is left out by default needs use_attn_result and the like to be computed at all."""
    cached, points = set(hooked_run[2].keys()), set(gpt2_hooked.hook_dict)
    left_out = sorted({name.split(".", 2)[-1] for name in points - cached})
    observe.exact("hook points, cached", [len(points), len(cached)])
    observe.exact("not computed by default", left_out)
    assert cached <= points


def test_hooked_transformer_gives_the_ids_and_shapes_of_the_bridge(
    gpt2_hooked, gpt2_bridge, hooked_run, eiffel
):
    import torch

    assert torch.equal(hooked_run[0], eiffel[0])
    for name in ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out", "z", "pattern"):
        assert hooked_run[2][name, 5].shape == eiffel[1][name, 5].shape
    for name in ("W_O", "W_U", "OV", "QK"):
        assert getattr(gpt2_hooked, name).shape == getattr(gpt2_bridge, name).shape
    for word in (" Paris", " Rome", " John", " Mary"):
        assert gpt2_hooked.to_single_token(word) == gpt2_bridge.to_single_token(word)
    with pytest.raises(AssertionError):
        gpt2_hooked.to_single_token("Neel")


def test_hooked_transformer_filters_and_moves_as_the_bridge_does(gpt2_hooked, hooked_run):
    import torch

    with torch.no_grad():
        _, few = gpt2_hooked.run_with_cache(
            hooked_run[0],
            names_filter=lambda n: "resid_post" in n or "pattern" in n,
            device="cpu",
        )
        _, raw = gpt2_hooked.run_with_cache(torch.tensor([[1000, 2000, 1000]]))
    assert len(few) == 24
    assert {value.device.type for value in few.values()} == {"cpu"}
    assert list(raw["pattern", 0].shape) == [1, 12, 3, 3]


def test_the_librarys_own_patching_gives_layers_by_positions(gpt2_hooked):
    """The stream after attention: what an MLP adds at one position no other reads any more."""
    import torch
    from transformer_lens import patching

    clean = gpt2_hooked.to_tokens("The Eiffel Tower is in the city of")
    corrupted = gpt2_hooked.to_tokens("The Colosseum is in the city of")

    def metric(logits):
        return logits[0, -1, 6342] - logits[0, -1, 10598]

    with torch.no_grad():
        logits, cache = gpt2_hooked.run_with_cache(clean)
        table = patching.get_act_patch_resid_mid(gpt2_hooked, corrupted, cache, metric)
    assert list(table.shape) == [12, 11]
    assert abs(float(table[-1, -1]) - float(metric(logits))) < 1e-3


@documents("tl.issue.ln-scale-attr")
def test_the_norms_weight_is_folded_away_by_default(gpt2_hooked, hub, observe):
    from transformer_lens import HookedTransformer

    found = type(gpt2_hooked.blocks[0].ln2).__name__
    has_weight = hasattr(gpt2_hooked.blocks[0].ln2, "w")
    plain = HookedTransformer.from_pretrained_no_processing("gpt2-small", device="cpu")
    unprocessed = plain.blocks[0].ln2
    observe.exact("without processing", [type(unprocessed).__name__, list(unprocessed.w.shape)])
    observe.claim(
        "tl.issue.ln-scale-attr",
        f"{found} has {'' if has_weight else 'no '}w",
        holds=has_weight,
    )


@documents("tl.issue.ln-preact")
def test_the_documents_pre_activation_leaves_the_bias_out(gpt2_hooked, hooked_run, observe):
    import torch

    cache, layer = hooked_run[2], 3
    residual = cache["resid_mid", layer]
    with torch.no_grad():
        written = gpt2_hooked.blocks[layer].ln2(residual) @ gpt2_hooked.W_in[layer]
        expected = cache["pre", layer]
        without_norm = float((residual @ gpt2_hooked.W_in[layer] - expected).abs().max())
        off = float((written - expected).abs().max())
        with_bias = float((written + gpt2_hooked.b_in[layer] - expected).abs().max())
    assert with_bias < 1e-4 < off < without_norm
    observe.claim(
        "tl.issue.ln-preact", "ln2(resid_mid) @ W_in + b_in is the pre-activation", holds=off < 1e-4
    )
