"""What goes into and comes out of every module of a model while it runs, in a few numbers each."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from harness.measure.operations import operations
from harness.measure.sketch import parameter_seen, seen
from harness.vocabulary.captures import OUTPUT, Call, ModuleSeen, Paths, TensorSeen

_DEEPEST = 3
_MOST = 16
"""Tensors of one module that are looked at: a cache handed on would be one a layer."""


def capture_run(
    model: Any, forward: Callable[[], Any], run: int, tell: Callable[[Call], None]
) -> None:
    """Run `forward` once and tell each call of each module of `model`, as it ends.

    Nothing is kept but the summaries of the inputs of the modules that are running, one a
    level. The model is left without hooks, whatever happens.
    """
    numbers: Counter[str] = Counter()
    open_: list[tuple[tuple[TensorSeen, ...], tuple[str, ...]]] = []
    order = 0

    def enter(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        # Taken before the module runs: it may change its input in place.
        open_.append(_inputs(_bound(module, args, kwargs)))

    def leave(name: str, output: Any) -> None:
        nonlocal order
        inputs, other = open_.pop()
        tell(Call(run, order, name, numbers[name], inputs, _outputs(output), other))
        numbers[name] += 1
        order += 1

    handles = []
    try:
        for name, module in model.named_modules():
            handles.append(module.register_forward_pre_hook(enter, with_kwargs=True))
            handles.append(module.register_forward_hook(_leaving(leave, name)))
        forward()
    finally:
        for handle in handles:
            handle.remove()


def _leaving(leave: Callable[[str, Any], None], name: str) -> Callable[..., None]:
    return lambda _module, _inputs, output: leave(name, output)


def modules(model: Any, forward: Callable[[], Any]) -> Iterator[ModuleSeen]:
    """Every module of `model`; `forward` runs once to see which torch functions each calls."""
    called = operations(model, forward)
    parts = dict(model.named_modules())
    for name, module in parts.items():
        parent = parts[name.rpartition(".")[0]] if name else None
        yield ModuleSeen(
            name=name,
            type=type(module).__name__,
            source=source_of(type(module)),
            parent=type(parent).__name__ if parent is not None else "",
            attention=attention_of(module),
            parameters=tuple(
                parameter_seen(each, tensor)
                for each, tensor in module.named_parameters(recurse=False)
                if tensor.device.type != "meta"
            ),
            operations=called.get(name, ()),
        )


def paths_of(
    model: Any, threads: tuple[int, ...], versions: Mapping[str, str], ids: tuple[int, ...] = ()
) -> Paths:
    """What `model` runs with: its class, attention implementation, and torch's switches."""
    import torch

    cuda = torch.backends.cuda
    switches = {
        name: getattr(cuda, f"{name}_enabled")
        for name in ("flash_sdp", "mem_efficient_sdp", "math_sdp", "cudnn_sdp")
        if hasattr(cuda, f"{name}_enabled")
    }
    kernels = {name: "on" if enabled() else "off" for name, enabled in switches.items()}
    kernels["cpu"] = torch.backends.cpu.get_cpu_capability()
    kernels["mkldnn"] = "on" if torch.backends.mkldnn.is_available() else "off"
    return Paths(type(model).__name__, attention_of(model), kernels, versions, threads, ids)


def attention_of(module: Any) -> str:
    """The attention implementation that the module's configuration names, or ""."""
    found = getattr(getattr(module, "config", None), "_attn_implementation", None)
    return found if isinstance(found, str) else ""


def source_of(type_: type) -> str:
    """The file that defines a class, below the folder that holds its package."""
    try:
        file = Path(inspect.getfile(type_))
    except (OSError, TypeError):
        return type_.__module__
    package = type_.__module__.partition(".")[0]
    if package in file.parts:
        return "/".join(file.parts[file.parts.index(package, -len(type_.__module__.split("."))) :])
    return file.name


def _bound(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by their names, however they were given."""
    try:
        signature = inspect.signature(module.forward)
        bound = signature.bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return {**{str(i): each for i, each in enumerate(args)}, **kwargs}
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            bound.update(bound.pop(name, {}))
    return dict(bound)


def _inputs(arguments: dict[str, Any]) -> tuple[tuple[TensorSeen, ...], tuple[str, ...]]:
    """The tensors of numbers among the arguments; and the others in words."""
    import torch

    found, other = [], []
    for name, value in arguments.items():
        tensors = list(_tensors(value, name))
        if not tensors and (value is None or isinstance(value, bool | int | float | str)):
            other.append(f"{name}: {value!r}")
        for part, tensor in tensors:
            if tensor.dtype == torch.bool:
                other.append(f"{part}: bool{list(tensor.shape)}")
            else:
                found.append(seen(part, tensor))
    return tuple(found[:_MOST]), tuple(other)


def _outputs(output: Any) -> tuple[TensorSeen, ...]:
    tensors = list(_tensors(output, OUTPUT))[:_MOST]
    return tuple(
        seen(OUTPUT if index == 0 else part.removeprefix(f"{OUTPUT}."), tensor)
        for index, (part, tensor) in enumerate(tensors)
    )


def _tensors(value: Any, part: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The tensors in what a module takes or returns, in order, each with its name."""
    import torch

    if isinstance(value, torch.Tensor):
        yield part, value
        return
    if depth == _DEEPEST:
        return
    items: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, tuple | list):
        items = list(enumerate(value))
    elif is_dataclass(value) and not isinstance(value, type):
        items = [(field.name, getattr(value, field.name)) for field in fields(value)]
    for name, item in items:
        yield from _tensors(item, f"{part}.{name}", depth + 1)
