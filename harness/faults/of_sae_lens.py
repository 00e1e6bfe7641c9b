"""Faults of sae-lens: the autoencoders by themselves, their files, and attached to a model."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

SAE_LENS = "autoencoders/test_sae_lens.py"
_fault = partial(fault, library="sae-lens")
OPTIONS = "autoencoders/test_options.py"
ATTACHED = "autoencoders/test_attached.py"


def _sae(patch: Patch) -> Any:
    return patch.module("sae_lens.saes.sae").SAE


@_fault(
    "sae-lens.decoder-bias-not-subtracted",
    kind="weights",
    sees=(SAE_LENS,),
    why="autoencoders trained with apply_b_dec_to_input read an input that is off by their bias: "
    "more features fire, the wrong ones",
)
def decoder_bias_not_subtracted(patch: Patch) -> None:
    patch.edit(_sae(patch), "process_sae_in", "return sae_in - bias_term", "return sae_in")


@_fault(
    "sae-lens.top-k-not-rectified",
    kind="activation",
    sees=(SAE_LENS, OPTIONS),
    why="features of a TopK autoencoder can be negative: they are subtracted from the stream",
)
def top_k_not_rectified(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.saes.topk_sae").TopK,
        "forward",
        "values = topk_values.relu()",
        "values = topk_values",
    )


@_fault(
    "sae-lens.threshold-ignored",
    kind="activation",
    sees=(SAE_LENS,),
    why="a JumpReLU autoencoder lets everything above zero through: ten times as many features",
)
def threshold_ignored(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.saes.jumprelu_sae").JumpReLUSAE,
        "encode",
        "(hidden_pre > self.threshold)",
        "(hidden_pre > 0)",
    )


@_fault(
    "sae-lens.threshold-not-folded",
    kind="weights",
    sees=(OPTIONS,),
    why="with decoder norms folded, other features are active than before",
)
def threshold_not_folded(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.saes.jumprelu_sae").JumpReLUSAE,
        "fold_W_dec_norm",
        "current_thresh * W_dec_norms",
        "current_thresh",
    )


@_fault(
    "sae-lens.scaling-of-the-bias-forgotten",
    kind="normalisation",
    sees=(OPTIONS,),
    why="folding the scale of the activations leaves the decoder's bias as it was: every "
    "reconstruction is shifted",
)
def scaling_of_the_bias_forgotten(patch: Patch) -> None:
    patch.edit(
        _sae(patch),
        "fold_activation_norm_scaling_factor",
        "self.b_dec.data /= scaling_factor",
        "pass",
    )


@_fault(
    "sae-lens.mean-not-restored",
    kind="normalisation",
    sees=(OPTIONS,),
    why="with layer_norm the reconstruction lacks the activation's mean",
)
def mean_not_restored(patch: Patch) -> None:
    patch.edit(
        _sae(patch),
        "_setup_activation_normalization",
        "x = x * self.ln_std + self.ln_mu",
        "x = x * self.ln_std",
    )


@_fault(
    "sae-lens.error-term-dropped",
    kind="hooks",
    sees=(SAE_LENS,),
    why="an attached autoencoder with its error term changes the model that it should only watch",
)
def error_term_dropped(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.analysis.hooked_sae_transformer")._SAEWrapper,
        "forward",
        "sae_out = sae_out + sae_error",
        "pass",
    )


@_fault(
    "sae-lens.error-term-hides-ablations",
    kind="hooks",
    sees=(ATTACHED,),
    why="the error is computed with the user's hooks on: it makes up for every feature that is "
    "ablated, and no feature seems to matter",
)
def error_term_hides_ablations(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.analysis.hooked_sae_transformer")._SAEWrapper,
        "forward",
        "with _disable_hooks(self.sae):",
        "if True:",
    )


@_fault(
    "sae-lens.attached-after-an-error",
    kind="hooks",
    sees=(ATTACHED,),
    why="after a run that raised, the autoencoder stays in the model: later baselines are spliced",
)
def attached_after_an_error(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.analysis.sae_transformer_bridge").SAETransformerBridge,
        "saes",
        "if reset_saes_end:",
        'if reset_saes_end and __import__("sys").exc_info()[0] is None:',
    )


@_fault(
    "sae-lens.dtype-ignored-on-load",
    kind="dtype",
    sees=(OPTIONS,),
    why="load_from_disk(dtype=…) keeps the file's dtype: features are computed in another "
    "precision than was asked for",
)
def dtype_ignored_on_load(patch: Patch) -> None:
    patch.edit(
        _sae(patch),
        "load_from_disk",
        'overrides = {"dtype": dtype} if dtype is not None else None',
        "overrides = None",
    )


@_fault(
    "sae-lens.normalisation-not-saved",
    kind="files",
    sees=(OPTIONS,),
    why="a saved autoencoder forgets how its input is normalised: loaded again it encodes noise",
)
def normalisation_not_saved(patch: Patch) -> None:
    patch.edit(
        _sae(patch),
        "save_model",
        "config = self.cfg.to_dict()",
        'config = {**self.cfg.to_dict(), "normalize_activations": "none"}',
    )


@_fault(
    "sae-lens.sparsity-without-decoder-norms",
    kind="training",
    sees=(OPTIONS,),
    why="the L1 penalty forgets the decoder's norms: training shrinks features and lets the "
    "decoder grow, and nothing becomes sparse",
)
def sparsity_without_decoder_norms(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.saes.standard_sae").StandardTrainingSAE,
        "calculate_aux_loss",
        "feature_acts * self.W_dec.norm(dim=1)",
        "feature_acts",
    )


@_fault(
    "sae-lens.batch-threshold-not-saved",
    kind="files",
    sees=(OPTIONS,),
    why="a BatchTopK autoencoder is saved with a threshold of zero: hundreds of features fire",
)
def batch_threshold_not_saved(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.saes.batchtopk_sae").BatchTopKTrainingSAE,
        "process_state_dict_for_saving_inference",
        "torch.ones_like(self.b_enc) * topk_threshold",
        "torch.zeros_like(self.b_enc)",
    )


@_fault(
    "sae-lens.gate-ignored",
    kind="activation",
    sees=(OPTIONS,),
    why="a gated autoencoder lets through what its gate shuts: many more features, small ones",
)
def gate_ignored(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.saes.gated_sae").GatedSAE,
        "encode",
        "active_features * feature_magnitudes",
        "feature_magnitudes",
    )


@_fault(
    "sae-lens.decoder-norms-not-ranked-by",
    kind="activation",
    sees=(OPTIONS,),
    why="a TopK autoencoder that ranks by decoder norm ranks without it: other features are kept",
)
def decoder_norms_not_ranked_by(patch: Patch) -> None:
    patch.edit(
        patch.module("sae_lens.saes.topk_sae").TopKSAE,
        "encode",
        "hidden_pre = hidden_pre * self.W_dec.norm(dim=-1)",
        "hidden_pre = hidden_pre * 1",
    )
