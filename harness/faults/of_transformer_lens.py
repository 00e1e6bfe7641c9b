"""Faults of transformer-lens: the bridge, its hooks, its cache, its texts."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="transformer-lens")
RUNS = "hooks/test_bridge_runs.py"
TEXTS = "hooks/test_bridge_texts.py"
ANALYSES = "hooks/test_analyses.py"


def _bridge(patch: Patch) -> Any:
    return patch.module("transformer_lens.model_bridge").TransformerBridge


@_fault(
    "transformer-lens.hooks-left-after-an-error",
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


@_fault(
    "transformer-lens.permanent-hooks-reset",
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


@_fault(
    "transformer-lens.filter-takes-the-first-name",
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


@_fault(
    "transformer-lens.cache-before-hooks",
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


@_fault(
    "transformer-lens.stops-a-layer-late",
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


@_fault(
    "transformer-lens.position-slice-ignored",
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


@_fault(
    "transformer-lens.bos-not-prepended",
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


@_fault(
    "transformer-lens.padding-side-ignored",
    kind="mask",
    sees=(TEXTS,),
    why="to_tokens pads where the tokenizer likes: the last position of a batch is padding",
)
def padding_side_ignored(patch: Patch) -> None:
    patch.edit(_bridge(patch), "to_tokens", "if padding_side is None:", "if True:")


@_fault(
    "transformer-lens.single-token-takes-the-first",
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


@_fault(
    "transformer-lens.backward-hooks-ignored",
    kind="hooks",
    sees=(ANALYSES,),
    why="attribution patching reads no gradients: hooks of the backward pass are never called",
)
def backward_hooks_ignored(patch: Patch) -> None:
    patch.edit(_bridge(patch), "run_with_hooks", "apply_hooks(bwd_hooks, False)", "pass")
