"""Faults of torch: operations, layers, loading, training."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch
from harness.faults.shown import tiny

_fault = partial(fault, library="torch")
FIRST = "generation/test_greedy.py::test_the_first_prompt_goes_on_like_this"
PATTERN = "generation/test_greedy.py::test_a_repeated_pattern_goes_on_like_this"
INVARIANTS = "precision/test_invariants.py"
OPERATIONS = "foundations/test_torch.py"


@_fault(
    "torch.attention-mask-dropped",
    kind="mask",
    why="scaled_dot_product_attention passes its mask over: padding and windows are attended to",
    sees=(OPERATIONS, *tiny("llama", "mistral", "bert")),
)
def attention_mask_dropped(patch: Patch) -> None:
    functional = patch.module("torch.nn.functional")

    def without(original: Any) -> Any:
        def attend(query: Any, key: Any, value: Any, attn_mask: Any = None, **kwargs: Any) -> Any:
            return original(query, key, value, **kwargs)

        return attend

    patch.wrap(functional, "scaled_dot_product_attention", without)


@_fault(
    "torch.attention-scale-ignored",
    kind="attention",
    why="scaled_dot_product_attention takes its own scale for the one it is given: models with "
    "another (Gemma, Granite, T5) compute something else",
    sees=(OPERATIONS, *tiny("gemma3_text", "granite")),
)
def attention_scale_ignored(patch: Patch) -> None:
    functional = patch.module("torch.nn.functional")

    def own_scale(original: Any) -> Any:
        def attend(*args: Any, **kwargs: Any) -> Any:
            return original(*args, **{**kwargs, "scale": None})

        return attend

    patch.wrap(functional, "scaled_dot_product_attention", own_scale)


@_fault(
    "torch.softmax-in-half",
    kind="dtype",
    why="softmax passes its dtype over: what was to be summed in float32 is summed in bfloat16",
    sees=(OPERATIONS, *tiny("llama", only="bfloat16")),
)
def softmax_in_half(patch: Patch) -> None:
    functional = patch.module("torch.nn.functional")

    def as_given(original: Any) -> Any:
        def softmax(input: Any, dim: Any = None, *args: Any, **kwargs: Any) -> Any:
            return original(input, dim=dim)

        return softmax

    patch.wrap(functional, "softmax", as_given)


@_fault(
    "torch.layer-norm-epsilon",
    kind="normalisation",
    why="layer_norm takes 1e-5 whatever it is given: BERT's 1e-12 as well",
    sees=(OPERATIONS, *tiny("bert", "gpt_neox", "distilbert")),
)
def layer_norm_epsilon(patch: Patch) -> None:
    functional = patch.module("torch.nn.functional")

    def fixed(original: Any) -> Any:
        def norm(
            input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None,
            eps: float = 1e-5,
        ) -> Any:  # fmt: skip
            return original(input, normalized_shape, weight, bias, 1e-5)

        return norm

    patch.wrap(functional, "layer_norm", fixed)


@_fault(
    "torch.silu-approximated",
    kind="activation",
    why="silu through a cheaper sigmoid: every gated feed-forward is off in the third digit",
    sees=(OPERATIONS, *tiny("llama")),
)
def silu_approximated(patch: Patch) -> None:
    torch = patch.module("torch")
    functional = patch.module("torch.nn.functional")

    def cheap(original: Any) -> Any:
        def silu(input: Any, inplace: bool = False) -> Any:
            return input * (0.5 + 0.5 * torch.tanh(0.498 * input))

        return silu

    patch.wrap(functional, "silu", cheap)


@_fault(
    "torch.dropout-always-on",
    kind="training",
    why="dropout drops in evaluation too: answers waver",
    sees=(OPERATIONS, "pipelines/test_classification.py", *tiny("gpt2", "bert")),
)
def dropout_always_on(patch: Patch) -> None:
    functional = patch.module("torch.nn.functional")

    def always(original: Any) -> Any:
        def dropout(
            input: Any, p: float = 0.5, training: bool = True, inplace: bool = False
        ) -> Any:
            return original(input, p, True, inplace)

        return dropout

    patch.wrap(functional, "dropout", always)


@_fault(
    "torch.seed-ignored",
    kind="sampling",
    why="manual_seed does nothing: no experiment repeats",
    sees=(
        OPERATIONS,
        "pipelines/test_text_generation.py::test_sampling_repeats_itself_under_a_seed",
    ),
)
def seed_ignored(patch: Patch) -> None:
    torch = patch.module("torch")
    patch.wrap(torch, "manual_seed", lambda original: lambda seed: torch.default_generator)


@_fault(
    "torch.argmax-takes-the-last",
    kind="sampling",
    why="argmax takes the last of equal values: ties of half precision flip",
    sees=(OPERATIONS, "circuits/test_constructed.py"),
)
def argmax_takes_the_last(patch: Patch) -> None:
    torch = patch.module("torch")

    def last(original: Any) -> Any:
        def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
            if dim is None:
                return input.numel() - 1 - original(input.flatten().flip(0))
            size = input.shape[dim]
            return size - 1 - original(input.flip(dim), dim=dim, keepdim=keepdim)

        return argmax

    patch.wrap(torch, "argmax", last)


@_fault(
    "torch.ignored-labels-counted",
    kind="training",
    why="labels of -100 count in the mean of the loss: padded batches learn slower",
    sees=(OPERATIONS, *tiny("llama", "t5", only="loss")),
)
def ignored_labels_counted(patch: Patch) -> None:
    functional = patch.module("torch.nn.functional")

    def over_all(original: Any) -> Any:
        def cross_entropy(input: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
            found = original(input, target, *args, **kwargs)
            if kwargs.get("reduction", "mean") != "mean" or target.is_floating_point():
                return found
            kept = (target != kwargs.get("ignore_index", -100)).sum()
            return found * kept / max(1, target.numel())

        return cross_entropy

    patch.wrap(functional, "cross_entropy", over_all)


@_fault(
    "torch.forward-hook-result-dropped",
    kind="hooks",
    why="what a forward hook returns is passed over: interventions change nothing, silently",
    sees=(OPERATIONS, "hooks/test_lifetime.py"),
)
def forward_hook_result_dropped(patch: Patch) -> None:
    module = patch.module("torch.nn.modules.module").Module

    def watching_only(original: Any) -> Any:
        def register(self: Any, hook: Any, **kwargs: Any) -> Any:
            def watch(*args: Any) -> None:
                hook(*args)

            return original(self, watch, **kwargs)

        return register

    patch.wrap(module, "register_forward_hook", watching_only)


@_fault(
    "torch.hook-not-removed",
    kind="hooks",
    why="a removed hook goes on firing: an ablation stays in the model for what follows",
    sees=(OPERATIONS, "hooks/test_lifetime.py"),
)
def hook_not_removed(patch: Patch) -> None:
    handle = patch.module("torch.utils.hooks").RemovableHandle
    patch.wrap(handle, "remove", lambda original: lambda self: None)


@_fault(
    "torch.strict-loading-lax",
    kind="errors",
    why="load_state_dict accepts missing keys: half-loaded models run",
    sees=(OPERATIONS,),
)
def strict_loading_lax(patch: Patch) -> None:
    module = patch.module("torch.nn.modules.module").Module

    def lax(original: Any) -> Any:
        def load(self: Any, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
            return original(self, state_dict, strict=False, assign=assign)

        return load

    patch.wrap(module, "load_state_dict", lax)


@_fault(
    "torch.gelu-tanh",
    kind="activation",
    why="gelu defaults to its approximation: encoders compute other embeddings",
    sees=(OPERATIONS, *tiny("bert", "gpt_neox")),
)
def gelu_tanh(patch: Patch) -> None:
    functional = patch.module("torch.nn.functional")

    def approximated(original: Any) -> Any:
        def gelu(input: Any, approximate: str = "none") -> Any:
            return original(input, approximate="tanh")

        return gelu

    patch.wrap(functional, "gelu", approximated)


@_fault(
    "torch.weight-decay-lost",
    kind="training",
    why="AdamW does not decay: long trainings drift",
    sees=(OPERATIONS,),
)
def weight_decay_lost(patch: Patch) -> None:
    adamw = patch.module("torch.optim").AdamW

    def without(original: Any) -> Any:
        def init(self: Any, params: Any, *args: Any, **kwargs: Any) -> None:
            original(self, params, *args, **{**kwargs, "weight_decay": 0.0})

        return init

    patch.wrap(adamw, "__init__", without)
