"""sae-lens's options: normalised inputs, folding, files, other kinds, losses of training."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.requires("sae-lens", "transformer-lens")

D_IN, D_SAE, K = 16, 32, 4


def filled(sae):
    """`sae` with every parameter drawn from a seeded generator, decoder rows of any norm."""
    import torch

    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in sorted(sae.named_parameters()):
            drawn = torch.randn(parameter.shape, generator=generator)
            positive = name in ("threshold", "r_mag")
            parameter.copy_(drawn.abs() / 4 if positive else drawn / (1 if "W" in name else 4))
    return sae.eval()


def build(kind, **options):
    import sae_lens

    config = getattr(sae_lens, f"{kind}SAEConfig")(
        d_in=D_IN, d_sae=D_SAE, device="cpu", dtype="float32", **options
    )
    return filled(getattr(sae_lens, f"{kind}SAE")(config))


def activations(rows=40):
    import torch

    return torch.randn(rows, D_IN, generator=torch.Generator().manual_seed(1)) * 2


def coded(sae, x):
    """(features, reconstruction) of `x`."""
    import torch

    with torch.no_grad():
        return sae.encode(x), sae(x)


@pytest.mark.parametrize("kind", ["Standard", "TopK", "JumpReLU", "Gated"])
def test_features_are_never_negative(kind):
    """Not even where fewer than k of a TopK autoencoder's are above zero."""
    import torch

    sae = build(kind, **({"k": K} if kind == "TopK" else {}))
    with torch.no_grad():
        for name, parameter in sae.named_parameters():
            if name in ("b_enc", "b_gate", "b_mag"):
                parameter.sub_(12)
    features, _ = coded(sae, activations())
    active = (features != 0).sum(-1)
    assert features.min() == 0
    assert active.min() < K
    assert features.max() > 0


@pytest.mark.parametrize("kind", ["Standard", "JumpReLU", "Gated"])
def test_folding_decoder_norms_changes_no_reconstruction(kind):
    import torch

    sae, x = build(kind), activations()
    features, expected = coded(sae, x)
    norms = sae.W_dec.detach().norm(dim=1)
    sae.fold_W_dec_norm()
    folded, found = coded(sae, x)
    torch.testing.assert_close(sae.W_dec.detach().norm(dim=1), torch.ones(D_SAE))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(folded, features * norms, rtol=1e-4, atol=1e-4)


def test_folding_the_scale_of_the_activations_undoes_it_on_both_ends():
    """What was trained on s·x encodes x to the same features, and decodes to 1/s as much."""
    import torch

    scale, x = 0.25, activations()
    sae = build("Standard", apply_b_dec_to_input=False)
    features, rebuilt = coded(sae, scale * x)
    sae.fold_activation_norm_scaling_factor(scale)
    found, again = coded(sae, x)
    torch.testing.assert_close(found, features, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(again, rebuilt / scale, rtol=1e-4, atol=1e-4)
    assert sae.cfg.normalize_activations == "none"


def test_layer_norm_carries_scale_and_shift_to_the_reconstruction():
    import torch

    sae, x = build("Standard", normalize_activations="layer_norm"), activations()
    features, rebuilt = coded(sae, x)
    found, again = coded(sae, 3 * x + 5)
    torch.testing.assert_close(found, features, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(again, 3 * rebuilt + 5, rtol=1e-3, atol=1e-3)


def test_a_constant_norm_carries_the_scale_to_the_reconstruction():
    import torch

    sae, x = build("Standard", normalize_activations="constant_norm_rescale"), activations()
    features, rebuilt = coded(sae, x)
    found, again = coded(sae, 3 * x)
    torch.testing.assert_close(found, features, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(again, 3 * rebuilt, rtol=1e-4, atol=1e-4)
    other, _ = coded(build("Standard"), x)
    assert not torch.allclose(other, features, atol=1e-2)


@pytest.mark.parametrize("normalisation", ["none", "layer_norm", "constant_norm_rescale"])
def test_a_saved_autoencoder_keeps_how_its_input_is_normalised(normalisation, work_dir):
    import torch
    from sae_lens import SAE

    sae = build("Standard", normalize_activations=normalisation, apply_b_dec_to_input=False)
    sae.save_model(work_dir)
    loaded = SAE.load_from_disk(work_dir)
    assert loaded.cfg.normalize_activations == normalisation
    assert loaded.cfg.apply_b_dec_to_input is False
    for found, expected in zip(
        coded(loaded, activations()), coded(sae, activations()), strict=True
    ):
        assert torch.equal(found, expected)


def test_an_autoencoder_loads_in_the_type_asked_for(work_dir, observe):
    import torch
    from sae_lens import SAE

    build("Standard").save_model(work_dir)
    kinds = {"default": SAE.load_from_disk(work_dir)}
    kinds["bfloat16"] = SAE.load_from_disk(work_dir, dtype="bfloat16")
    found = {name: [str(sae.W_enc.dtype), str(sae.cfg.dtype)] for name, sae in kinds.items()}
    observe.exact("weights, configuration", found)
    assert kinds["bfloat16"].W_dec.dtype == torch.bfloat16
    assert kinds["bfloat16"].encode(activations()).dtype == torch.bfloat16


def training(kind, **options):
    import sae_lens

    config = getattr(sae_lens, f"{kind}TrainingSAEConfig")(
        d_in=D_IN, d_sae=D_SAE, device="cpu", dtype="float32", **options
    )
    return filled(getattr(sae_lens, f"{kind}TrainingSAE")(config)).train()


def step(sae, x, **coefficients):
    from sae_lens.saes.sae import TrainStepInput

    return sae.training_forward_pass(
        TrainStepInput(
            sae_in=x,
            coefficients=coefficients,
            dead_neuron_mask=None,
            n_training_steps=0,
            is_logging_step=False,
        )
    )


def test_the_standard_loss_is_squared_error_and_features_by_decoder_norm():
    """Conerly et al. 2024: the penalty is the sum of each feature times its decoder's norm."""
    import torch

    sae, x = training("Standard", l1_coefficient=0.5), activations()
    out = step(sae, x, l1=0.5)
    features = sae.encode(x)
    penalty = 0.5 * (features * sae.W_dec.norm(dim=1)).sum(-1).mean()
    error = (x - sae.decode(features)).pow(2).sum(-1).mean()
    torch.testing.assert_close(out.losses["l1_loss"], penalty, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(out.loss, error + penalty, rtol=1e-4, atol=1e-3)


def test_a_batch_top_k_keeps_k_a_row_on_average_and_is_saved_with_its_threshold(work_dir):
    """Bussmann et al. 2024: JumpReLU at inference, with the batches' smallest feature."""
    import torch
    from sae_lens import SAE

    sae, x = training("BatchTopK", k=K, topk_threshold_lr=1.0), activations()
    sae.cfg.rescale_acts_by_decoder_norm = False
    out = step(sae, x)
    active = out.feature_acts.to_dense() if out.feature_acts.is_sparse else out.feature_acts
    assert int((active > 0).sum()) == K * len(x)
    smallest = float(active[active > 0].detach().min())
    sae.save_inference_model(work_dir)
    loaded = SAE.load_from_disk(work_dir)
    assert type(loaded).__name__ == "JumpReLUSAE"
    torch.testing.assert_close(loaded.threshold, torch.full((D_SAE,), smallest))
    features, _ = coded(loaded, x)
    assert abs(int((features > 0).sum()) - K * len(x)) <= 1


def test_a_gate_decides_which_features_there_are_and_not_how_large():
    """Rajamanoharan et al. 2024a: the magnitudes share the gate's weights, scaled by exp(r_mag)."""
    import torch

    sae, x = build("Gated", apply_b_dec_to_input=True), activations()
    features, _ = coded(sae, x)
    with torch.no_grad():
        gate = (x - sae.b_dec) @ sae.W_enc + sae.b_gate
        magnitude = (x - sae.b_dec) @ (sae.W_enc * sae.r_mag.exp()) + sae.b_mag
        expected = (gate > 0) * magnitude.clamp(min=0)
    assert ((gate <= 0) & (magnitude > 0)).any()
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-4)


def test_a_top_k_can_rank_by_decoder_norm():
    """Features times the norm of what they decode to: as if the norms had been folded."""
    import torch

    sae, x = build("TopK", k=K, rescale_acts_by_decoder_norm=True), activations()
    features, expected = coded(sae, x)
    with torch.no_grad():
        before = (x - sae.b_dec * sae.cfg.apply_b_dec_to_input) @ sae.W_enc + sae.b_enc
        ranked = (before * sae.W_dec.norm(dim=1)).topk(K, dim=-1).indices.sort(-1).values
    assert (before.topk(K, dim=-1).indices.sort(-1).values != ranked).any()
    active = [row.nonzero().flatten().tolist() for row in features]
    assert all(
        set(row) <= set(allowed.tolist()) for row, allowed in zip(active, ranked, strict=True)
    )
    sae.fold_W_dec_norm()
    torch.testing.assert_close(coded(sae, x)[1], expected, rtol=1e-4, atol=1e-4)
