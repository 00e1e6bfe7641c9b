"""Faults of transformers: loading, saving, types, training."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch
from harness.faults.shown import tiny

_fault = partial(fault, library="transformers")
IDENTITY = "loading/test_identity.py"
SAVING = "loading/test_saving.py"
INVARIANTS = "precision/test_invariants.py"


def _modeling(patch: Patch) -> Any:
    return patch.module("transformers.modeling_utils")


@_fault(
    "transformers.weights-not-tied",
    kind="weights",
    why="the head of a tied model is left as it was drawn: every answer is noise",
    sees=tiny("gpt2", "mamba"),
)
def weights_not_tied(patch: Patch) -> None:
    patch.wrap(
        _modeling(patch).PreTrainedModel,
        "tie_weights",
        lambda original: lambda self, *args, **kwargs: None,
    )


@_fault(
    "transformers.save-drops-a-tensor",
    kind="files",
    why="the last norm is not written: the saved model loads, with that norm drawn anew",
    sees=tiny("llama", only="saved"),
)
def save_drops_a_tensor(patch: Patch) -> None:
    modeling = _modeling(patch)

    def drop(original: Any) -> Any:
        def remove(state_dict: Any, model: Any) -> Any:
            found = original(state_dict, model)
            return {name: each for name, each in found.items() if not name.endswith("norm.weight")}

        return remove

    patch.wrap(modeling, "remove_tied_weights_from_state_dict", drop)


@_fault(
    "transformers.mismatched-shapes-accepted",
    kind="errors",
    why="a checkpoint of another shape loads without a word, its weights drawn anew",
    sees=(f"{SAVING}::test_a_shape_that_does_not_fit_is_answered_with_this_error",),
)
def mismatched_shapes_accepted(patch: Patch) -> None:
    modeling = _modeling(patch)

    def accept(original: Any) -> Any:
        def load(cls: Any, *args: Any, **kwargs: Any) -> Any:
            return original(cls, *args, **{**kwargs, "ignore_mismatched_sizes": True})

        return load

    patch.wrap(modeling.PreTrainedModel, "from_pretrained", accept)


@_fault(
    "transformers.default-dtype",
    kind="dtype",
    why="from_pretrained loads in float32 whatever the checkpoint holds: twice the memory",
    sees=("defaults/test_transformers_models.py::test_from_pretrained*",),
)
def default_dtype(patch: Patch) -> None:
    patch.edit(_modeling(patch).PreTrainedModel, "from_pretrained", 'dtype = "auto"',
               'dtype = "float32"')  # fmt: skip


@_fault(
    "transformers.asked-dtype-ignored",
    kind="dtype",
    why="the dtype that was asked for is passed over for float32: twice the memory, or none left",
    sees=(
        *tiny("llama", only="bfloat16"),
        "loading/test_defaults.py::test_half_precision_halves_the_bytes",
    ),
)
def asked_dtype_ignored(patch: Patch) -> None:
    modeling = _modeling(patch)

    torch = patch.module("torch")

    def always_float32(original: Any) -> Any:
        def get(dtype: Any, *args: Any, **kwargs: Any) -> Any:
            return original(torch.float32, *args, **kwargs)

        return get

    patch.wrap(modeling, "_get_dtype", always_float32)


@_fault(
    "transformers.default-attention",
    kind="defaults",
    why="models load with eager attention: slower, and other last digits",
    sees=(
        "defaults/test_transformers_models.py::test_from_pretrained*",
        *tiny("llama", only="loads"),
    ),
)
def default_attention(patch: Patch) -> None:
    modeling = _modeling(patch)

    def eager(original: Any) -> Any:
        def choose(self: Any, wanted: Any, *args: Any, **kwargs: Any) -> Any:
            return original(self, wanted or "eager", *args, **kwargs)

        return choose

    patch.wrap(modeling.PreTrainedModel, "_check_and_adjust_attn_implementation", eager)


@_fault(
    "transformers.dropout-left-on",
    kind="training",
    why="a loaded model stays in training mode: answers waver with dropout",
    sees=(*tiny("gpt2"), "defaults/test_transformers_models.py::test_from_pretrained*"),
)
def dropout_left_on(patch: Patch) -> None:
    patch.edit(_modeling(patch).PreTrainedModel, "from_pretrained", "model.eval()  # Set",
               "model.train()  # Set")  # fmt: skip


@_fault(
    "transformers.labels-not-shifted",
    kind="training",
    why="the loss asks each position for the token that it was given: training learns to copy",
    sees=tiny("llama", only="loss"),
)
def labels_not_shifted(patch: Patch) -> None:
    loss = patch.module("transformers.loss.loss_utils")
    patch.edit(loss, "ForCausalLMLoss", "labels[..., 1:].contiguous()",
               "labels[..., :-1].contiguous()")  # fmt: skip


@_fault(
    "transformers.hidden-states-shifted",
    kind="api",
    why="the embeddings are missing from hidden_states: every layer that is probed is the next one",
    sees=(*tiny("llama"), "generation/test_tiny_generate.py"),
)
def hidden_states_shifted(patch: Patch) -> None:
    capturing = patch.module("transformers.utils.output_capturing")
    patch.edit(
        capturing,
        "install_output_capuring_hook",
        "if capture_initial_hidden_state and len(collected_outputs[key]) == 0:",
        "if False:",
    )


@_fault(
    "transformers.config-forgets-a-field",
    kind="files",
    why="rope parameters are not written with a configuration: the saved model computes another",
    sees=tiny("llama", "llama-yarn", "qwen2", only="saved"),
)
def config_forgets_a_field(patch: Patch) -> None:
    configuration = patch.module("transformers.configuration_utils")

    def forget(original: Any) -> Any:
        def diff(self: Any) -> Any:
            found = original(self)
            for name in ("rope_parameters", "rope_theta", "tie_word_embeddings"):
                found.pop(name, None)
            return found

        return diff

    patch.wrap(configuration.PretrainedConfig, "to_diff_dict", forget)
