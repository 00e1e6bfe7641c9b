"""An autoencoder that was trained on SmolLM2: how good it is on text that it has not seen.

No row's first token counts: its activation is an attention sink, a hundred times longer than
the others, on which it was not trained.
"""

from __future__ import annotations

import pytest

from harness.measure import autoencoders as measure
from harness.measure.hooks import live_hooks

pytestmark = [
    pytest.mark.needs(subject="smollm2-135m-instruct"),
    pytest.mark.precisions("float32"),
    pytest.mark.requires("sae-lens", "transformer-lens"),
]


def _loss(logits, ids):
    """Mean cross-entropy of the next token, in nats."""
    import torch

    predicted = torch.log_softmax(logits[:, :-1], -1).gather(-1, ids[:, 1:, None])
    return float(-predicted.mean())


def _with(bridge, ids, name, replacement):
    """Logits with `replacement` of the activation everywhere but at the first position."""
    import torch

    def splice(activation, hook):
        spliced = activation.clone()
        spliced[:, 1:] = replacement(activation[:, 1:])
        return spliced

    with torch.no_grad():
        return bridge.run_with_hooks(ids, fwd_hooks=[(name, splice)])


def test_encode_gives_d_sae_features_and_decode_the_stream_again(sae, clean, observe):
    import torch

    rows, positions, d_in = clean[1].shape
    with torch.no_grad():
        features = sae.encode(clean[1])
        rebuilt = sae.decode(features)
    assert observe.exact("features", list(features.shape)) == [rows, positions, sae.cfg.d_sae]
    assert observe.exact("rebuilt", list(rebuilt.shape)) == [rows, positions, d_in]


def test_it_keeps_most_of_the_variance_of_unseen_text(sae, clean, observe):
    import torch

    x = clean[1][:, 1:].flatten(0, 1)
    with torch.no_grad():
        rebuilt = sae(x)
    variance = measure.explained_variance(x, rebuilt)
    observe.numeric("explained variance", variance, scale=1.0)
    assert variance > 0.6


def test_few_features_are_active_at_a_time(sae, clean, observe):
    import torch

    x = clean[1][:, 1:].flatten(0, 1)
    with torch.no_grad():
        features = sae.encode(x)
    active = observe.numeric("L0", measure.l0(features), unit="features", scale=32.0)
    assert active <= 32 < int((features != 0).any(0).sum())


def test_the_model_loses_far_less_by_it_than_by_zeros(sae_bridge, sae, held_out, clean, observe):
    import torch

    name = sae.cfg.metadata.hook_name
    losses = [
        _loss(clean[0], held_out),
        _loss(_with(sae_bridge, held_out, name, sae), held_out),
        _loss(_with(sae_bridge, held_out, name, torch.zeros_like), held_out),
    ]
    observe.numeric("loss as it is, spliced, zeroed", losses, unit="nats", scale=30.0)
    recovered = measure.loss_recovered(*losses)
    observe.numeric("loss recovered", recovered, scale=30.0)
    assert losses[0] < losses[1] < losses[2]
    assert recovered > 0.7


def test_it_reads_the_activation_that_its_hook_name_names(sae_bridge, sae, held_out, observe):
    import torch

    name = sae.cfg.metadata.hook_name
    with torch.no_grad():
        _, cache = sae_bridge.run_with_cache_with_saes(held_out[:1], saes=[sae])
        _, plain = sae_bridge.run_with_cache(held_out[:1], names_filter=name)
    observe.exact("keys of the autoencoder", sorted(key for key in cache if "hook_sae" in key))
    torch.testing.assert_close(cache[f"{name}.hook_sae_input"], plain[name])


def test_attached_it_works_and_detached_it_leaves_nothing(sae_bridge, sae, held_out, clean):
    import torch

    ids, hooks = held_out[:1], live_hooks(sae_bridge)
    sae_bridge.add_sae(sae)
    try:
        with torch.no_grad():
            attached = sae_bridge(ids)
    finally:
        sae_bridge.reset_saes()
    with torch.no_grad():
        detached = sae_bridge(ids)
    assert (attached - detached).abs().max() > 1
    torch.testing.assert_close(detached, clean[0][:1], rtol=1e-4, atol=1e-3)
    assert sae_bridge.acts_to_saes == {}
    assert live_hooks(sae_bridge) == hooks


def test_training_lowers_the_loss(clean, observe):
    """A fresh autoencoder of known first weights, a hundred steps on the same activations."""
    import torch
    from sae_lens import TopKTrainingSAE, TopKTrainingSAEConfig
    from sae_lens.config import LoggingConfig, SAETrainerConfig
    from sae_lens.training.sae_trainer import SAETrainer

    x = clean[1][:, 1:].flatten(0, 1).clone()
    weights = measure.formula_weights(x.shape[1], 64, seed=0)
    sae = TopKTrainingSAE(TopKTrainingSAEConfig(d_in=x.shape[1], d_sae=64, k=8))
    with torch.no_grad():
        sae.W_enc.copy_(weights.encoder)
        sae.W_dec.copy_(weights.decoder)
        sae.b_enc.zero_()
        sae.b_dec.zero_()
        before = measure.explained_variance(x, sae(x))
    trainer = SAETrainer(
        SAETrainerConfig(
            total_training_samples=100 * len(x),
            train_batch_size_samples=len(x),
            lr=1e-2,
            lr_end=1e-3,
            logger=LoggingConfig(log_to_wandb=False),
        ),
        sae,
        iter(lambda: x, None),
    )
    trained = trainer.fit()
    with torch.no_grad():
        after = measure.explained_variance(x, trained(x))
    observe.exact("class", type(trained).__name__)
    observe.exact("it learned", after > before + 0.3)
    assert after > before + 0.3
