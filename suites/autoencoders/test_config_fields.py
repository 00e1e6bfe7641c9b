"""Where an autoencoder of sae-lens tells what it reads: `cfg.hook_name`, or its metadata.

Before 6.0 one SAEConfig had all fields; since, each kind has a config of its own and what does not
shape the autoencoder lies in `cfg.metadata`.
"""

from __future__ import annotations

from typing import Any

from harness.plugin import requires, tier

READ = {
    "model_name": "gpt2",
    "hook_name": "blocks.1.hook_resid_pre",
    "context_size": 16,
    "prepend_bos": True,
    "dataset_path": "none",
}
"""What the autoencoder was trained on, as either form takes it."""

OLD = {
    "architecture": "standard",
    "activation_fn_str": "relu",
    "apply_b_dec_to_input": True,
    "finetuning_scaling_factor": False,
    "hook_layer": 1,
    "hook_head_index": None,
    "dataset_trust_remote_code": False,
    "normalize_activations": "none",
    "dtype": "float32",
    "device": "cpu",
    "sae_lens_training_version": None,
}
"""What SAEConfig wanted beside it before 6.0."""


def autoencoder() -> Any:
    """A standard autoencoder from 4 to 8, with all of READ given to its configuration."""
    import sae_lens

    if hasattr(sae_lens, "StandardSAEConfig"):
        config = sae_lens.StandardSAEConfig(d_in=4, d_sae=8)
        for name, value in READ.items():
            setattr(config.metadata, name, value)
        return sae_lens.StandardSAE(config)
    return sae_lens.SAE(sae_lens.SAEConfig(d_in=4, d_sae=8, **OLD, **READ))


@tier("quick")
@requires("sae-lens", "torch")
def test_what_an_autoencoder_reads_is_told_here(observe):
    cfg = autoencoder().cfg
    places = {"cfg": cfg, "cfg.metadata": getattr(cfg, "metadata", None)}
    for name, value in READ.items():
        found = [place for place, holder in places.items() if getattr(holder, name, None) == value]
        observe.exact(name, " and ".join(found) or "nowhere")
