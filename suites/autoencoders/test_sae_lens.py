"""sae-lens: autoencoders with known weights against the formulas, saved, loaded and attached."""

from __future__ import annotations

import pytest

from harness.measure import autoencoders as formula
from harness.measure import constructed, induction
from harness.plugin import documents, requires, tier

pytestmark = [pytest.mark.requires("sae-lens", "transformer-lens"), tier("quick")]

D_SAE, K, HOOK = 64, 8, "blocks.0.hook_out"
D_IN = constructed.D_MODEL


def _build(kind, d_in=D_IN, d_sae=D_SAE, **arguments):
    """An autoencoder of sae-lens and the weights written into it."""
    import sae_lens
    import torch
    from sae_lens.saes.sae import SAEMetadata

    config = getattr(sae_lens, f"{kind}SAEConfig")(
        d_in=d_in,
        d_sae=d_sae,
        device="cpu",
        dtype="float32",
        apply_b_dec_to_input=True,
        metadata=SAEMetadata(hook_name=HOOK),
        **arguments,
    )
    sae = getattr(sae_lens, f"{kind}SAE")(config)
    weights = formula.formula_weights(d_in, d_sae, seed=0)
    with torch.no_grad():
        sae.W_enc.copy_(weights.encoder)
        sae.W_dec.copy_(weights.decoder)
        sae.b_enc.copy_(weights.encoder_bias)
        sae.b_dec.copy_(weights.decoder_bias)
    return sae.eval(), weights


def _activations():
    """Activations [batch, position, d_in] from a seeded generator."""
    import torch

    return torch.randn(3, 5, D_IN, generator=torch.Generator().manual_seed(1))


def _check(sae, weights, expected, observe):
    import torch

    with torch.no_grad():
        found = sae.encode(_activations())
        rebuilt = sae.decode(found)
    assert (found > 0).any()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        rebuilt, formula.reconstruct(weights, expected), rtol=1e-5, atol=1e-5
    )
    observe.exact("active features", int((found > 0).sum()))
    observe.numeric("mean feature", float(found.mean()), scale=1.0)


def test_a_standard_autoencoder_encodes_by_the_formula(observe):
    sae, weights = _build("Standard")
    _check(sae, weights, formula.relu_features(weights, _activations()), observe)


def test_a_top_k_autoencoder_keeps_the_k_largest(observe):
    sae, weights = _build("TopK", k=K)
    expected = formula.top_k_features(weights, _activations(), K)
    assert ((expected > 0).sum(-1) <= K).all()
    _check(sae, weights, expected, observe)


def test_a_jump_relu_autoencoder_cuts_at_its_threshold(observe):
    import torch

    sae, weights = _build("JumpReLU")
    threshold = torch.linspace(0, 1, D_SAE)
    with torch.no_grad():
        sae.threshold.copy_(threshold)
    _check(sae, weights, formula.jump_relu_features(weights, _activations(), threshold), observe)


def test_two_features_worked_out_by_hand():
    import torch

    sae, _ = _build("Standard", d_in=2, d_sae=3)
    with torch.no_grad():
        sae.W_enc.copy_(torch.tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]]))
        sae.W_dec.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.5], [3.0, 3.0]]))
        sae.b_enc.copy_(torch.tensor([0.0, -1.0, 0.5]))
        sae.b_dec.copy_(torch.tensor([1.0, 0.0]))
        features = sae.encode(torch.tensor([[3.0, 1.0]]))
        rebuilt = sae.decode(features)
    assert features.tolist() == [[2.0, 1.0, 0.0]]
    assert rebuilt.tolist() == [[3.0, 0.5]]


@pytest.mark.parametrize("kind", ["Standard", "TopK", "JumpReLU"])
def test_an_autoencoder_comes_back_from_disk_as_it_was_saved(kind, work_dir, observe):
    import torch
    from sae_lens import SAE

    sae, _ = _build(kind, **({"k": K} if kind == "TopK" else {}))
    sae.save_model(work_dir)
    observe.exact("files", sorted(path.name for path in work_dir.iterdir()))
    loaded = SAE.load_from_disk(work_dir)
    assert type(loaded) is type(sae)
    assert loaded.cfg.metadata.hook_name == HOOK
    with torch.no_grad():
        assert torch.equal(loaded.encode(_activations()), sae.encode(_activations()))


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("unknown normalisation", ValueError),
        ("unknown argument", TypeError),
        ("unknown architecture", KeyError),
        ("no such folder", FileNotFoundError),
        ("wrong width", RuntimeError),
    ],
)
def test_what_is_wrong_is_refused(case, expected, work_dir, observe):
    import torch
    from sae_lens import SAE, StandardSAEConfig

    attempts = {
        "unknown normalisation": lambda: StandardSAEConfig(4, 4, normalize_activations="none-such"),
        "unknown argument": lambda: StandardSAEConfig(d_in=4, d_sae=4, none_such=1),
        "unknown architecture": lambda: SAE.from_dict({"architecture": "none-such"}),
        "no such folder": lambda: SAE.load_from_disk(work_dir / "none-such"),
        "wrong width": lambda: _build("Standard")[0].encode(torch.zeros(1, 5)),
    }
    with pytest.raises(expected) as caught:
        attempts[case]()
    observe.exact("error", type(caught.value).__name__)


@pytest.fixture
def attached_to(work_dir):
    """A bridge of sae-lens over the constructed circuit, and its ids."""
    from sae_lens.analysis.sae_transformer_bridge import SAETransformerBridge

    model = constructed.induction_circuit()
    model.save_pretrained(work_dir)
    constructed.tokenizer().save_pretrained(work_dir)
    bridge = SAETransformerBridge.boot_transformers(str(work_dir), hf_model=model, device="cpu")
    ids = induction.random_tokens(constructed.TOKENS, constructed.PERIOD, batch=2, seed=0)
    return bridge, ids


@documents("sae.tl-compat")
@requires("transformers")
def test_an_attached_autoencoder_with_its_error_term_changes_nothing(attached_to):
    import torch

    bridge, ids = attached_to
    sae, _ = _build("Standard")
    with torch.no_grad():
        plain = bridge(ids)
        kept = bridge.run_with_saes(ids, saes=[sae], use_error_term=True)
        replaced = bridge.run_with_saes(ids, saes=[sae])
    assert (replaced - plain).abs().max() > 1
    torch.testing.assert_close(kept, plain, rtol=1e-4, atol=1e-3)


@requires("transformers")
def test_nothing_remains_of_an_autoencoder_after_its_run(attached_to):
    import torch

    bridge, ids = attached_to
    with torch.no_grad():
        plain = bridge(ids)
        changed = bridge.run_with_saes(ids, saes=[_build("Standard")[0]])
        after = bridge(ids)
    assert not torch.equal(changed, plain)
    assert torch.equal(after, plain)
    assert bridge.acts_to_saes == {}
