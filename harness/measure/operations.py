"""Which torch functions each module's own code calls: the path that a computation took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MOVES = frozenset({
    "__get__", "__set__", "__getitem__", "__setitem__", "__len__", "__bool__", "__iter__",
    "__contains__", "__index__", "size", "dim", "numel", "item", "is_floating_point",
    "is_complex", "view", "view_as", "reshape", "transpose", "permute", "contiguous", "expand", "t",
    "expand_as", "squeeze", "unsqueeze", "flatten", "unflatten", "movedim", "swapaxes", "split",
    "chunk", "unbind", "clone", "detach", "to", "type_as", "float", "double", "half", "bfloat16",
    "type", "dropout", "data_ptr", "element_size", "is_contiguous", "stride", "storage_offset",
    "requires_grad_", "register_hook", "numpy", "tolist", "cpu", "cuda", "new_empty",
})  # fmt: skip
"""Functions that compute nothing: they look, or move data."""


def operations(model: Any, forward: Callable[[], Any]) -> dict[str, tuple[str, ...]]:
    """By module: the torch functions that it called itself while `forward` ran once, in order.

    A module that runs several times is told once, the first time. Not for measuring: some
    modules leave a fused path while their functions are watched.
    """
    from torch.overrides import TorchFunctionMode

    open_: list[list[str]] = [[]]
    found: dict[str, tuple[str, ...]] = {}

    class Watching(TorchFunctionMode):  # type: ignore[misc, unused-ignore]
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            name = getattr(func, "__name__", "")
            if name and name not in _MOVES:
                open_[-1].append(name)
            return func(*args, **(kwargs or {}))

    def enter(_module: Any, _args: Any) -> None:
        open_.append([])

    def leave(name: str) -> None:
        found.setdefault(name, tuple(open_.pop()))

    handles = []
    try:
        for name, module in model.named_modules():
            handles.append(module.register_forward_pre_hook(enter))
            handles.append(module.register_forward_hook(_leaving(leave, name)))
        with Watching():
            forward()
    finally:
        for handle in handles:
            handle.remove()
    return found


def _leaving(leave: Callable[[str], None], name: str) -> Callable[..., None]:
    return lambda _module, _args, _output: leave(name)
