"""Faults of transformer-lens: analyses of a cache, patching, weights and their processing."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="transformer-lens")
ANALYSES = "hooks/test_analyses.py"


def _bridge(patch: Patch) -> Any:
    return patch.module("transformer_lens.model_bridge").TransformerBridge


def _cache(patch: Patch) -> Any:
    return patch.module("transformer_lens.ActivationCache").ActivationCache


def _processing(patch: Patch) -> Any:
    return patch.module("transformer_lens.weight_processing").ProcessWeights


@_fault(
    "transformer-lens.key-value-heads-tiled",
    kind="attention",
    sees=(ANALYSES,),
    why="with grouped queries head 1 is read with the keys of another group: OV and QK circuits "
    "of every Llama are wrong, of GPT-2 right",
)
def key_value_heads_tiled(patch: Patch) -> None:
    patch.edit(
        _bridge(patch),
        "_expand_kv_heads",
        "w.repeat_interleave(self.cfg.n_heads // n_kv_heads, dim=1)",
        "w.repeat(1, self.cfg.n_heads // n_kv_heads, 1, 1)",
    )


@_fault(
    "transformer-lens.embedding-not-centred",
    kind="weights",
    sees=(ANALYSES,),
    why="the processed stream keeps a mean: autoencoders trained on centred weights read "
    "something else, though no probability changes",
)
def embedding_not_centred(patch: Patch) -> None:
    patch.edit(
        _processing(patch),
        "center_writing_weights",
        "embed_W_E = embed_W_E - embed_W_E.mean(-1, keepdim=True)",
        "pass",
    )


@_fault(
    "transformer-lens.norm-bias-not-folded",
    kind="normalisation",
    sees=(ANALYSES,),
    why="folding loses the norm's bias: a processed GPT-2 predicts a little worse everywhere",
)
def norm_bias_not_folded(patch: Patch) -> None:
    processing = _processing(patch)
    patch.replace(
        processing,
        "fold_layer_norm_bias_single",
        staticmethod(lambda w_tensor, b_tensor, ln_bias: b_tensor),
    )


@_fault(
    "transformer-lens.attribution-without-scale",
    kind="normalisation",
    sees=(ANALYSES,),
    why="logit attributions leave the final norm's scale out: they no longer sum to the logit "
    "difference",
)
def attribution_without_scale(patch: Patch) -> None:
    patch.edit(
        _cache(patch),
        "apply_ln_to_stack",
        "return residual_stack / scale",
        "return residual_stack",
    )


@_fault(
    "transformer-lens.last-stream-is-the-one-before",
    kind="cache",
    sees=(ANALYSES,),
    why="the logit lens shows the last layer doing nothing",
)
def last_stream_is_the_one_before(patch: Patch) -> None:
    patch.edit(
        _cache(patch),
        "accumulated_resid",
        '"resid_post", self.model.cfg.n_layers - 1',
        '"resid_pre", self.model.cfg.n_layers - 1',
    )


@_fault(
    "transformer-lens.layers-from-the-end-off",
    kind="cache",
    sees=(ANALYSES,),
    why='cache["resid_post", -1] is the layer before the last',
)
def layers_from_the_end_off(patch: Patch) -> None:
    patch.edit(
        _cache(patch),
        "__getitem__",
        "self.model.cfg.n_layers + key[1],",
        "self.model.cfg.n_layers + key[1] - 1,",
    )


@_fault(
    "transformer-lens.patches-a-position-not-a-head",
    kind="attention",
    sees=(ANALYSES,),
    why="a heat map of heads is one of positions: the paper's heads are not found",
)
def patches_a_position_not_a_head(patch: Patch) -> None:
    patch.edit(
        patch.module("transformer_lens.patching"),
        "layer_head_vector_patch_setter",
        "corrupted_activation[:, :, head_index] = clean_activation[:, :, head_index]",
        "corrupted_activation[:, head_index] = clean_activation[:, head_index]",
    )


@_fault(
    "transformer-lens.loss-not-shifted",
    kind="training",
    sees=(ANALYSES,),
    why="the loss is of the present token, not of the next: ablations are judged by copying",
)
def loss_not_shifted(patch: Patch) -> None:
    patch.edit(
        patch.module("transformer_lens.utilities.lm_utils"),
        "lm_cross_entropy_loss",
        "index=tokens[..., 1:, None]",
        "index=tokens[..., :-1, None]",
    )


@_fault(
    "transformer-lens.singular-vectors-transposed",
    kind="weights",
    sees=(ANALYSES,),
    why="V of a factored matrix is its transpose: singular directions of heads mean nothing",
)
def singular_vectors_transposed(patch: Patch) -> None:
    patch.edit(
        patch.module("transformer_lens.FactoredMatrix").FactoredMatrix,
        "V",
        "return self.svd()[2]",
        "return self.svd()[2].transpose(-2, -1)",
    )


@_fault(
    "transformer-lens.middle-stream-is-the-first",
    kind="cache",
    sees=(ANALYSES,),
    why="resid_mid is resid_pre: what attention did in a block is put down to its MLP",
)
def middle_stream_is_the_first(patch: Patch) -> None:
    blocks = patch.module("transformer_lens.model_bridge.generalized_components.block")
    patch.item(blocks.BlockBridge.hook_aliases, "hook_resid_mid", lambda _: "hook_in")
