"""Bytes: what a model's tensors take, and what the kernel says the process took."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.measure.garbage import collect_seldom
from harness.measure.logits import forward
from harness.vocabulary.allocator import ALLOCATOR

_STATUS = Path("/proc/self/status")
_MAPS = Path("/proc/self/maps")


@dataclass(frozen=True)
class ProcessMemory:
    """Resident memory of this process in bytes: now, and at most since it began."""

    resident: int
    peak: int


@dataclass(frozen=True)
class LoadMemory:
    """What loading a model and one forward pass cost a process, in bytes.

    `imported` is resident memory with the libraries imported and nothing loaded, `loaded` with
    the model, `peak` the most of the process's life; `tensors` and `quantisation` are what the
    model's tensors account for, `mapped` what of `tensors` lies in mappings of files.
    """

    imported: int
    loaded: int
    peak: int
    tensors: int
    quantisation: int
    mapped: int = 0


def memory_in_own_process(load: Callable[[], Any], ids: Sequence[int]) -> LoadMemory:
    """`memory_of_loading` in a fresh process, whose peak nothing else has raised.

    `load` must be importable by name there (a module's function, or a partial of one). The C
    library's allocator is as it is by itself, whatever this process was told of it.
    """
    context = multiprocessing.get_context("spawn")
    with _without(ALLOCATOR), ProcessPoolExecutor(max_workers=1, mp_context=context) as process:
        return process.submit(memory_of_loading, load, tuple(ids)).result()


@contextlib.contextmanager
def _without(variable: str) -> Iterator[None]:
    """The environment that processes inherit, without a variable."""
    held = os.environ.pop(variable, None)
    try:
        yield
    finally:
        if held is not None:
            os.environ[variable] = held


def memory_of_loading(load: Callable[[], Any], ids: Sequence[int]) -> LoadMemory:
    """Load a model and compute one forward pass over `ids`, watching this process's memory."""
    collect_seldom()
    import_what_loading_imports()
    imported = process_memory().resident
    model = load()
    loaded = process_memory().resident
    mapped = mapped_bytes(model)
    forward(model, ids)
    return LoadMemory(
        imported=imported,
        loaded=loaded,
        peak=process_memory().peak,
        tensors=tensor_bytes(model),
        quantisation=quantisation_bytes(model),
        mapped=mapped,
    )


def import_what_loading_imports() -> None:
    """The libraries that a load begins with, as far as this stack has them."""
    for name in ("torch", "transformers.models.auto", "accelerate", "bitsandbytes"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def process_memory(status: str | None = None) -> ProcessMemory:
    """What the kernel counts for this process: VmRSS and VmHWM of /proc/self/status (proc(5)).

    `status` is the text of such a file. Where there is none, getrusage's maximum stands for both.
    """
    if status is None and not _STATUS.exists():
        peak = _maximum_resident()
        return ProcessMemory(resident=peak, peak=peak)
    text = _STATUS.read_text(encoding="ascii", errors="replace") if status is None else status
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return ProcessMemory(resident=_kilobytes(fields["VmRSS"]), peak=_kilobytes(fields["VmHWM"]))


def _kilobytes(field: str) -> int:
    return int(field.split()[0]) * 1024


def _maximum_resident() -> int:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def tensor_bytes(model: Any) -> int:
    """Bytes of all parameters and buffers, each storage counted once (tied weights too)."""
    tensors = [*model.parameters(), *model.buffers()]
    return _distinct_bytes(tensors)


def mapped_bytes(model: Any, maps: str | None = None) -> int:
    """Of `tensor_bytes`, what lies where a file is mapped into memory, and was not copied.

    `maps` is the text of a file such as /proc/self/maps (proc(5)). Where there is none, 0.
    """
    if maps is None:
        maps = _MAPS.read_text(encoding="utf-8", errors="replace") if _MAPS.exists() else ""
    ranges = [
        tuple(int(end, 16) for end in fields[0].split("-"))
        for fields in (line.split(maxsplit=5) for line in maps.splitlines())
        if len(fields) == 6 and fields[5].startswith("/")
    ]
    tensors = [*model.parameters(), *model.buffers()]
    return _distinct_bytes(
        [t for t in tensors if any(start <= t.data_ptr() < end for start, end in ranges)]
    )


def quantisation_bytes(model: Any) -> int:
    """Bytes of the quantisation state that is no parameter or buffer.

    bitsandbytes keeps per-block maxima, code books and offsets in `weight.quant_state` (4 bits,
    QLoRA's double quantisation nests a second state) and row maxima in `weight.SCB` (8 bits).
    """
    return _distinct_bytes(list(_state_tensors(model)))


def _state_tensors(model: Any) -> Iterator[Any]:
    for parameter in model.parameters():
        scales = getattr(parameter, "SCB", None)
        if scales is not None:
            yield scales
        state = getattr(parameter, "quant_state", None)
        while state is not None:
            yield from (
                tensor
                for tensor in (state.absmax, state.code, state.offset)
                if hasattr(tensor, "data_ptr")
            )
            state = getattr(state, "state2", None)


def _distinct_bytes(tensors: list[Any]) -> int:
    sizes = {tensor.data_ptr(): tensor.numel() * tensor.element_size() for tensor in tensors}
    return sum(sizes.values())
