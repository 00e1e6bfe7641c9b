"""Faults of transformer-lens: the bridge, its hooks, the cache's analyses, weight processing."""

from __future__ import annotations

from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

RUNS = "hooks/test_bridge_runs.py"
TEXTS = "hooks/test_bridge_texts.py"
ANALYSES = "hooks/test_analyses.py"


def _bridge(patch: Patch) -> Any:
    return patch.module("transformer_lens.model_bridge").TransformerBridge


def _cache(patch: Patch) -> Any:
    return patch.module("transformer_lens.ActivationCache").ActivationCache


def _processing(patch: Patch) -> Any:
    return patch.module("transformer_lens.weight_processing").ProcessWeights


@fault(
    "transformer-lens.hooks-left-after-an-error",
    library="transformer-lens",
    kind="hooks",
    sees=(RUNS,),
    why="after a hook that raised, every later run of a notebook is ablated without a word",
)
def hooks_left_after_an_error(patch: Patch) -> None:
    patch.edit(
        _bridge(patch),
        "run_with_hooks",
        "if reset_hooks_end:",
        "if reset_hooks_end and 'output' in locals():",
    )


@fault(
    "transformer-lens.permanent-hooks-reset",
    library="transformer-lens",
    kind="hooks",
    sees=(RUNS,),
    why="reset_hooks removes permanent hooks too: a probe or a steering vector is gone after "
    "the first clean-up",
)
def permanent_hooks_reset(patch: Patch) -> None:
    patch.edit(
        patch.module("transformer_lens.hook_points").HookPoint,
        "remove_hooks",
        "elif (not handle.is_permanent) and (",
        "elif (",
    )


@fault(
    "transformer-lens.filter-takes-the-first-name",
    library="transformer-lens",
    kind="cache",
    sees=(RUNS,),
    why="of a list of names only the first is cached: a KeyError much later, or a study of one "
    "layer that was to be of twelve",
)
def filter_takes_the_first_name(patch: Patch) -> None:
    patch.edit(
        _bridge(patch),
        "run_with_cache",
        "return lambda name: name in mapped_list",
        "return lambda name: name == mapped_list[0]",
    )


@fault(
    "transformer-lens.cache-before-hooks",
    library="transformer-lens",
    kind="cache",
    sees=(RUNS,),
    why="the cache keeps what an activation was before hooks changed it: an intervention seems "
    "to have no effect where it was made",
)
def cache_before_hooks(patch: Patch) -> None:
    patch.edit(
        _bridge(patch),
        "run_with_cache",
        "hp.add_hook(make_cache_hook(name, pos_dim), level=context_level)",
        "hp.add_hook(make_cache_hook(name, pos_dim), level=context_level, prepend=True)",
    )


@fault(
    "transformer-lens.stops-a-layer-late",
    library="transformer-lens",
    kind="api",
    sees=(RUNS,),
    why="stop_at_layer gives the stream after the layer, not before it: autoencoders are "
    "trained on the wrong layer",
)
def stops_a_layer_late(patch: Patch) -> None:
    patch.edit(
        _bridge(patch),
        "run_with_cache",
        'block_hook_name = f"blocks.{stop_at_layer}.hook_in"',
        'block_hook_name = f"blocks.{stop_at_layer}.hook_out"',
    )


@fault(
    "transformer-lens.position-slice-ignored",
    library="transformer-lens",
    kind="memory",
    sees=(RUNS,),
    why="a cache of the last position alone keeps all of them: long prompts run out of memory",
)
def position_slice_ignored(patch: Patch) -> None:
    patch.edit(
        _bridge(patch),
        "run_with_cache",
        "if pos_slice is not None and isinstance(tensor",
        "if False and isinstance(tensor",
    )


@fault(
    "transformer-lens.bos-not-prepended",
    library="transformer-lens",
    kind="defaults",
    sees=(TEXTS,),
    why="prompts lose their BOS: attention has nowhere to rest, every published head looks other",
)
def bos_not_prepended(patch: Patch) -> None:
    patch.edit(
        _bridge(patch),
        "to_tokens",
        'prepend_bos = getattr(self.cfg, "default_prepend_bos", True)',
        "prepend_bos = False",
    )


@fault(
    "transformer-lens.padding-side-ignored",
    library="transformer-lens",
    kind="mask",
    sees=(TEXTS,),
    why="to_tokens pads where the tokenizer likes: the last position of a batch is padding",
)
def padding_side_ignored(patch: Patch) -> None:
    patch.edit(_bridge(patch), "to_tokens", "if padding_side is None:", "if True:")


@fault(
    "transformer-lens.single-token-takes-the-first",
    library="transformer-lens",
    kind="errors",
    sees=(TEXTS,),
    why="an answer of two tokens is taken for its first: logit differences compare fragments",
)
def single_token_takes_the_first(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def to_single_token(self: Any, string: str) -> int:
            return int(self.to_tokens(string, prepend_bos=False).flatten()[0])

        return to_single_token

    patch.wrap(_bridge(patch), "to_single_token", make)


@fault(
    "transformer-lens.key-value-heads-tiled",
    library="transformer-lens",
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


@fault(
    "transformer-lens.embedding-not-centred",
    library="transformer-lens",
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


@fault(
    "transformer-lens.norm-bias-not-folded",
    library="transformer-lens",
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


@fault(
    "transformer-lens.attribution-without-scale",
    library="transformer-lens",
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


@fault(
    "transformer-lens.last-stream-is-the-one-before",
    library="transformer-lens",
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


@fault(
    "transformer-lens.layers-from-the-end-off",
    library="transformer-lens",
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


@fault(
    "transformer-lens.patches-a-position-not-a-head",
    library="transformer-lens",
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


@fault(
    "transformer-lens.loss-not-shifted",
    library="transformer-lens",
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


@fault(
    "transformer-lens.singular-vectors-transposed",
    library="transformer-lens",
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


@fault(
    "transformer-lens.backward-hooks-ignored",
    library="transformer-lens",
    kind="hooks",
    sees=(ANALYSES,),
    why="attribution patching reads no gradients: hooks of the backward pass are never called",
)
def backward_hooks_ignored(patch: Patch) -> None:
    patch.edit(_bridge(patch), "run_with_hooks", "apply_hooks(bwd_hooks, False)", "pass")


@fault(
    "transformer-lens.middle-stream-is-the-first",
    library="transformer-lens",
    kind="cache",
    sees=(ANALYSES,),
    why="resid_mid is resid_pre: what attention did in a block is put down to its MLP",
)
def middle_stream_is_the_first(patch: Patch) -> None:
    blocks = patch.module("transformer_lens.model_bridge.generalized_components.block")
    patch.item(blocks.BlockBridge.hook_aliases, "hook_resid_mid", lambda _: "hook_in")
