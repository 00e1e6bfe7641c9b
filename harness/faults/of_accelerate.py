"""Faults of accelerate: empty models, device maps, offloading."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="accelerate")
PLACEMENT = "accelerate/test_placement.py"


@_fault(
    "accelerate.empty-weights-allocated",
    kind="memory",
    why="init_empty_weights allocates: a model that was only to be looked at fills the memory",
    sees=(PLACEMENT, "precision/test_large.py::test_the_models_have_this_many_parameters"),
)
def empty_weights_allocated(patch: Patch) -> None:
    big = patch.module("accelerate.big_modeling")

    def on_cpu(original: Any) -> Any:
        def context(device: Any, *args: Any, **kwargs: Any) -> Any:
            return original(patch.module("torch").device("cpu"), *args, **kwargs)

        return context

    patch.wrap(big, "init_on_device", on_cpu)


@_fault(
    "accelerate.offloaded-weights-stale",
    kind="weights",
    why="a weight that comes back from disk is one layer's for all of them: outputs are noise",
    sees=(PLACEMENT,),
)
def offloaded_weights_stale(patch: Patch) -> None:
    hooks = patch.module("accelerate.hooks")
    first: dict[str, Any] = {}

    def stale(original: Any) -> Any:
        def place(module: Any, name: str, device: Any, value: Any = None, **kwargs: Any) -> Any:
            if value is not None:
                key = f"{type(module).__name__}.{name}.{tuple(value.shape)}"
                value = first.setdefault(key, value)
            return original(module, name, device, value=value, **kwargs)

        return place

    patch.wrap(hooks, "set_module_tensor_to_device", stale)


@_fault(
    "accelerate.buffers-not-counted",
    kind="memory",
    why="module sizes leave buffers out: a map that should fit runs out of memory",
    sees=(PLACEMENT,),
)
def buffers_not_counted(patch: Patch) -> None:
    modeling = patch.module("accelerate.utils.modeling")

    def parameters_only(original: Any) -> Any:
        def tensors(module: Any, include_buffers: bool = True, *args: Any, **kwargs: Any) -> Any:
            return original(module, False, *args, **kwargs)

        return tensors

    patch.wrap(modeling, "named_module_tensors", parameters_only)


@_fault(
    "accelerate.half-precision-size",
    kind="memory",
    why="every number is counted with two bytes: float32 models are placed where they do not fit",
    sees=(PLACEMENT,),
)
def half_precision_size(patch: Patch) -> None:
    modeling = patch.module("accelerate.utils.modeling")
    patch.wrap(modeling, "dtype_byte_size", lambda original: lambda dtype: 2)


@_fault(
    "accelerate.tied-parameters-not-found",
    kind="weights",
    why="a tied head is placed apart from its embedding: twice the memory, and two weights",
    sees=(PLACEMENT,),
)
def tied_parameters_not_found(patch: Patch) -> None:
    modeling = patch.module("accelerate.utils.modeling")
    patch.wrap(modeling, "find_tied_parameters", lambda original: lambda model, **kwargs: [])


@_fault(
    "accelerate.layers-split",
    kind="memory",
    why="a layer that must stay whole is split over devices: residuals meet on different ones",
    sees=(PLACEMENT,),
)
def layers_split(patch: Patch) -> None:
    modeling = patch.module("accelerate.utils.modeling")

    def split(original: Any) -> Any:
        def infer(model: Any, *args: Any, **kwargs: Any) -> Any:
            return original(model, *args, **{**kwargs, "no_split_module_classes": []})

        return infer

    patch.wrap(modeling, "infer_auto_device_map", split)


@_fault(
    "accelerate.offload-rounds",
    kind="dtype",
    why="offloaded weights pass through bfloat16: a model on disk is not the model",
    sees=(PLACEMENT,),
)
def offload_rounds(patch: Patch) -> None:
    offload = patch.module("accelerate.utils.offload")
    torch = patch.module("torch")

    def rounded(original: Any) -> Any:
        def get(self: Any, key: str) -> Any:
            found = original(self, key)
            return found.to(torch.bfloat16).to(found.dtype)

        return get

    patch.wrap(offload.OffloadedWeightsLoader, "__getitem__", rounded)
