"""An autoencoder in a bridge over the constructed circuit: its hooks, its error, and its end."""

from __future__ import annotations

import pytest

from harness.measure import autoencoders as formula
from harness.measure import constructed, induction
from harness.measure.hooks import live_hooks

pytestmark = pytest.mark.requires("sae-lens", "transformer-lens", "transformers")

HOOK, FEATURES = "blocks.0.hook_out", 64


@pytest.fixture
def circuit(keep, tmp_path_factory):
    def make():
        from sae_lens.analysis.sae_transformer_bridge import SAETransformerBridge

        folder = tmp_path_factory.mktemp("attached")
        model = constructed.induction_circuit()
        model.save_pretrained(folder)
        constructed.tokenizer().save_pretrained(folder)
        return SAETransformerBridge.boot_transformers(str(folder), hf_model=model, device="cpu")

    return keep("attached-bridge", make)


@pytest.fixture
def ids():
    return induction.random_tokens(constructed.TOKENS, constructed.PERIOD, batch=2, seed=0)


@pytest.fixture
def sae():
    """A standard autoencoder over the stream after block 0."""
    import torch
    from sae_lens import StandardSAE, StandardSAEConfig
    from sae_lens.saes.sae import SAEMetadata

    made = StandardSAE(
        StandardSAEConfig(
            d_in=constructed.D_MODEL,
            d_sae=FEATURES,
            apply_b_dec_to_input=True,
            metadata=SAEMetadata(hook_name=HOOK),
        )
    )
    weights = formula.formula_weights(constructed.D_MODEL, FEATURES, seed=0)
    with torch.no_grad():
        made.W_enc.copy_(weights.encoder)
        made.W_dec.copy_(weights.decoder)
        made.b_enc.copy_(weights.encoder_bias)
        made.b_dec.copy_(weights.decoder_bias)
    return made.eval()


class Stop(Exception):
    """Raised by a hook on purpose."""


def ablated(features, hook):
    return features * 0


def stopped(features, hook):
    raise Stop


def plainly(circuit, ids):
    import torch

    with torch.no_grad():
        return circuit(ids)


def test_ablating_features_shows_with_the_error_term_on(circuit, ids, sae):
    """The error is that of the untouched features: the stream loses just what they decode to."""
    import torch

    with torch.no_grad():
        stream = circuit.run_with_cache(ids, names_filter=HOOK)[1][HOOK]
        decoded = sae.encode(stream) @ sae.W_dec
        circuit.add_sae(sae, use_error_term=True)
        try:
            hooks = [(f"{HOOK}.hook_sae_acts_post", ablated)]
            with circuit.hooks(fwd_hooks=hooks):
                _, cache = circuit.run_with_cache(ids)
        finally:
            circuit.reset_saes()
    found = cache[f"{HOOK}.hook_sae_output"]
    assert decoded.abs().max() > 1
    torch.testing.assert_close(found, stream - decoded, rtol=1e-3, atol=1e-3)


def test_the_error_is_what_the_reconstruction_lacks(circuit, ids, sae):
    import torch

    with torch.no_grad():
        _, plain = circuit.run_with_cache(ids, names_filter=HOOK)
        _, cache = circuit.run_with_cache_with_saes(ids, saes=[sae], use_error_term=True)
        expected = plain[HOOK] - sae(plain[HOOK])
    found = cache[f"{HOOK}.hook_sae_error"]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_a_run_that_raises_leaves_no_autoencoder(circuit, ids, sae):
    import torch

    before, hooks = plainly(circuit, ids), live_hooks(circuit)
    with pytest.raises(Stop), torch.no_grad():
        circuit.run_with_hooks_with_saes(
            ids, saes=[sae], fwd_hooks=[(f"{HOOK}.hook_sae_acts_post", stopped)]
        )
    try:
        assert circuit.acts_to_saes == {}
        assert live_hooks(circuit) == hooks
        assert torch.equal(plainly(circuit, ids), before)
    finally:
        circuit.reset_saes()


def test_one_autoencoder_gives_way_to_another_and_comes_back(circuit, ids, sae):
    import copy

    import torch

    other = copy.deepcopy(sae)
    with torch.no_grad():
        other.b_dec.add_(1)
    circuit.add_sae(sae)
    try:
        first = plainly(circuit, ids)
        with circuit.saes(saes=[other]), torch.no_grad():
            second = circuit(ids)
        assert circuit.acts_to_saes == {HOOK: sae}
        assert torch.equal(plainly(circuit, ids), first)
        assert not torch.equal(second, first)
    finally:
        circuit.reset_saes()
