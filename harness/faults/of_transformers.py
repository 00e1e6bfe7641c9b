"""Faults of transformers: positions, masks, attention, caches."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch
from harness.faults.shown import tiny

_fault = partial(fault, library="transformers")
_MODELS = "transformers.models"
GREEDY = "generation/test_greedy.py"


@_fault(
    "transformers.rope-base",
    kind="position",
    why="the base of a checkpoint's rope is dropped for the usual 10,000: models made for long "
    "texts lose the order of words, a little at first and wholly later",
    sees=(f"{GREEDY}::test_the_first_prompt_goes_on_like_this", *tiny("persimmon")),
)
def rope_base(patch: Patch) -> None:
    for name in ("llama", "persimmon"):
        module = patch.module(f"{_MODELS}.{name}.modeling_{name}")
        patch.edit(
            getattr(module, f"{name.capitalize()}RotaryEmbedding"),
            "compute_default_rope_parameters",
            'config.rope_parameters["rope_theta"]',
            "10000.0",
        )


@_fault(
    "transformers.rope-linear-scaling",
    kind="position",
    why="a context stretched by linear scaling falls back to the short one it was trained with",
    sees=tiny("llama-linear"),
)
def rope_linear_scaling(patch: Patch) -> None:
    rope = patch.module("transformers.modeling_rope_utils")
    patch.edit(rope, "_compute_linear_scaling_rope_parameters", "inv_freq /= factor", "pass")


@_fault(
    "transformers.rope-llama3-smoothing",
    kind="position",
    why="Llama 3's middle frequencies are not smoothed: every prompt of the family computes a "
    "little wrong",
    sees=tiny("llama-llama3"),
)
def rope_llama3_smoothing(patch: Patch) -> None:
    rope = patch.module("transformers.modeling_rope_utils")
    patch.edit(
        rope,
        "_compute_llama3_parameters",
        "torch.where(is_medium_freq, smoothed_inv_freq, inv_freq_llama)",
        "inv_freq_llama",
    )


@_fault(
    "transformers.rope-yarn-attention-factor",
    kind="position",
    why="YaRN's temperature of attention is lost: long contexts of stretched models blur",
    sees=tiny("llama-yarn"),
)
def rope_yarn_attention_factor(patch: Patch) -> None:
    rope = patch.module("transformers.modeling_rope_utils")
    patch.edit(rope, "_compute_yarn_parameters", "attention_factor = get_mscale(factor)",
               "attention_factor = 1.0")  # fmt: skip


@_fault(
    "transformers.left-padding-positions",
    kind="position",
    why="positions count the padding on the left: a batch answers other than its prompts alone",
    sees=("generation/test_tiny_generate.py", *tiny("gpt2", only="left_padded")),
)
def left_padding_positions(patch: Patch) -> None:
    utils = patch.module("transformers.generation.utils")
    patch.edit(
        utils.GenerationMixin,
        "_prepare_position_ids_for_generation",
        "attention_mask.long().cumsum(-1) - 1",
        "torch.ones_like(attention_mask).long().cumsum(-1) - 1",
    )


@_fault(
    "transformers.learned-position-offset",
    kind="position",
    why="OPT's learned positions start two rows early: the model reads rows it never learned",
    sees=tiny("opt"),
)
def learned_position_offset(patch: Patch) -> None:
    opt = patch.module(f"{_MODELS}.opt.modeling_opt")
    patch.edit(
        opt.OPTLearnedPositionalEmbedding, "forward", "position_ids + self.offset", "position_ids"
    )


@_fault(
    "transformers.alibi-slope",
    kind="position",
    why="ALiBi's slopes start one power late: every head of a Bloom sees too far or too near",
    sees=tiny("bloom"),
)
def alibi_slope(patch: Patch) -> None:
    bloom = patch.module(f"{_MODELS}.bloom.modeling_bloom")
    patch.edit(
        bloom,
        "_get_alibi_slopes",
        "torch.arange(1, 1 + closest_power_of_2,",
        "torch.arange(0, closest_power_of_2,",
    )


@_fault(
    "transformers.relative-bucket",
    kind="position",
    why="T5's far distances are spread over too few buckets: long inputs blur",
    sees=tiny("t5", "mt5"),
)
def relative_bucket(patch: Patch) -> None:
    for name in ("t5", "mt5"):
        module = patch.module(f"{_MODELS}.{name}.modeling_{name}")
        cls = getattr(module, f"{name.upper()}Attention")
        patch.edit(
            cls, "_relative_position_bucket", "/ math.log(max_distance / max_exact)",
            "/ math.log(max_distance)",
        )  # fmt: skip


@_fault(
    "transformers.causal-mask-off-by-one",
    kind="mask",
    why="each position sees the token that it is to predict: losses look wonderful",
    sees=tiny("llama"),
)
def causal_mask_off_by_one(patch: Patch) -> None:
    masks = patch.module("transformers.masking_utils")
    patch.edit(masks, "causal_mask_function", "kv_idx <= q_idx", "kv_idx <= q_idx + 1")


@_fault(
    "transformers.sliding-window-off-by-one",
    kind="mask",
    why="a window holds one token more: everything past the window computes a little wrong",
    sees=tiny("mistral", "gemma2", "starcoder2"),
)
def sliding_window_off_by_one(patch: Patch) -> None:
    masks = patch.module("transformers.masking_utils")
    patch.edit(
        masks,
        "sliding_window_overlay",
        "kv_idx > q_idx - sliding_window",
        "kv_idx >= q_idx - sliding_window",
    )


@_fault(
    "transformers.sliding-window-ignored",
    kind="mask",
    why="a model trained with a window attends to everything: prompts past it go astray",
    sees=tiny("mistral", "gemma2", "starcoder2"),
)
def sliding_window_ignored(patch: Patch) -> None:
    masks = patch.module("transformers.masking_utils")
    patch.edit(masks, "sliding_window_overlay", "kv_idx > q_idx - sliding_window", "kv_idx >= 0")


@_fault(
    "transformers.padding-mask-ignored",
    kind="mask",
    why="padding is attended to: a batch answers other than its prompts alone",
    sees=tiny("llama", "bert"),
)
def padding_mask_ignored(patch: Patch) -> None:
    masks = patch.module("transformers.masking_utils")
    patch.edit(masks, "padding_mask_function", "padding_mask[batch_idx, kv_idx]", "kv_idx >= 0")


@_fault(
    "transformers.sdpa-not-causal",
    kind="mask",
    why="without a mask sdpa attends both ways: prompts without padding leak what follows",
    sees=tiny("llama"),
)
def sdpa_not_causal(patch: Patch) -> None:
    sdpa = patch.module("transformers.integrations.sdpa_attention")
    patch.edit(
        sdpa,
        "sdpa_attention_forward",
        "q_length > 1 and attention_mask is None and is_causal",
        "False",
    )


@_fault(
    "transformers.attention-scale",
    kind="attention",
    why="scores are divided by the width of a head instead of its root: attention is too flat",
    sees=tiny("llama"),
)
def attention_scale(patch: Patch) -> None:
    llama = patch.module(f"{_MODELS}.llama.modeling_llama")
    patch.edit(llama.LlamaAttention, "__init__", "self.head_dim**-0.5", "1 / self.head_dim")


@_fault(
    "transformers.attention-soft-cap",
    kind="attention",
    why="Gemma 2's scores are not capped: the attention it was trained with is gone",
    sees=tiny("gemma2"),
)
def attention_soft_cap(patch: Patch) -> None:
    gemma2 = patch.module(f"{_MODELS}.gemma2.modeling_gemma2")
    patch.edit(gemma2, "eager_attention_forward", "if softcap is not None:", "if False:")


@_fault(
    "transformers.grouped-heads-order",
    kind="attention",
    why="key heads are repeated in turns instead of one after another: query heads read the "
    "wrong keys",
    sees=tiny("llama"),
)
def grouped_heads_order(patch: Patch) -> None:
    sdpa = patch.module("transformers.integrations.sdpa_attention")
    llama = patch.module(f"{_MODELS}.llama.modeling_llama")
    for module in (sdpa, llama):
        patch.edit(
            module,
            "repeat_kv",
            "hidden_states[:, :, None, :, :].expand(batch, num_key_value_heads, n_rep, slen,"
            " head_dim)",
            "hidden_states[:, None].expand(batch, n_rep, num_key_value_heads, slen, head_dim)",
        )
    patch.edit(sdpa, "use_gqa_in_sdpa", "return attention_mask is None", "return False")


@_fault(
    "transformers.cache-length-off-by-one",
    kind="cache",
    why="a cache says that it holds one token less: what follows is put at the wrong position",
    sees=tiny("llama"),
)
def cache_length_off_by_one(patch: Patch) -> None:
    cache = patch.module("transformers.cache_utils")
    patch.edit(
        cache.DynamicLayer, "get_seq_length", "self.keys.shape[-2]", "self.keys.shape[-2] - 1"
    )


@_fault(
    "transformers.sliding-cache-short",
    kind="cache",
    why="a windowed cache forgets one token too many: generation past the window goes astray",
    sees=tiny("mistral", "gemma2", "starcoder2"),
)
def sliding_cache_short(patch: Patch) -> None:
    layer = patch.module("transformers.cache_utils").DynamicSlidingWindowLayer

    def forget(original: Any) -> Any:
        def update(self: Any, *args: Any, **kwargs: Any) -> Any:
            found = original(self, *args, **kwargs)
            if self.keys.shape[-2] == self.sliding_window - 1:
                self.keys, self.values = self.keys.clone(), self.values.clone()
                self.keys[:, :, 0], self.values[:, :, 0] = self.keys[:, :, 1], self.values[:, :, 1]
            return found

        return update

    patch.wrap(layer, "update", forget)


@_fault(
    "transformers.beams-keep-their-cache",
    kind="cache",
    why="beams change places and their caches do not: beam search continues foreign texts",
    sees=("pipelines/test_numbers.py", "generation/test_greedy.py::test_beam_search_finds_this"),
)
def beams_keep_their_cache(patch: Patch) -> None:
    cache = patch.module("transformers.cache_utils")
    patch.edit(cache.CacheLayerMixin, "reorder_cache", "if self.get_seq_length() > 0:", "if False:")


@_fault(
    "transformers.cache-not-cropped",
    kind="cache",
    why="rejected tokens stay in the cache: assisted generation goes on from what was refused",
    sees=("generation/test_tiny_generate.py", *tiny("llama", "gpt2")),
)
def cache_not_cropped(patch: Patch) -> None:
    cache = patch.module("transformers.cache_utils")
    patch.wrap(cache.DynamicLayer, "crop", lambda original: lambda self, tokens_to_remove: None)
