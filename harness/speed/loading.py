"""Loading the subject: the first of a process, again and again, and from the disk.

A model counts as loaded when all its weights were read: some releases map the files and leave
the reading to whoever computes first.
"""

from __future__ import annotations

import gc
import importlib
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from harness import subjects
from harness.speed import pagecache, planted
from harness.speed.limits import file_limit
from harness.speed.subject import model_subject, settle_for, torch_for
from harness.speed.task import Asked, Measure, Measured, Opened
from harness.subjects import Prepared
from harness.vocabulary.costs import Bound, Limit, Quantity
from harness.vocabulary.turns import Missing

_LEAST = 0.005


class Kept:
    """The model of the last load, until it is dropped: letting go of it is no part of a load.

    It takes some 15 % as long as loading SmolLM2 does: the kernel takes every page back.
    """

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._model: Any = None

    def load(self) -> None:
        self._model = self._load()

    def drop(self) -> None:
        self._model = None
        # Not all of a model goes by itself where objects of it refer to one another.
        gc.collect()


@dataclass(frozen=True)
class Loads:
    """What loading a model means here: `load` it onto its device, and wait till it is there."""

    load: Callable[[], Any]
    settle: Callable[[], object] | None

    def timed(self, quantity: str) -> Measured:
        """One load, dropped again."""
        gc.collect()
        cpu, begun = process_time(), perf_counter()
        model = self.load()
        if self.settle is not None:
            self.settle()
        seconds, cpu = perf_counter() - begun, process_time() - cpu
        del model
        gc.collect()
        return Measured(Quantity(quantity, "s", repeats=False, least=_LEAST), seconds, cpu)


def open_task(asked: Asked) -> Opened:
    """Load once for the first time, once with the files dropped from the page cache.

    Libraries are imported before; what they import only when they load belongs to the first.
    """
    found = model_subject(asked)
    loads = loads_of(asked, found)
    files = weights(found)
    pagecache.read_plainly(files)
    first = loads.timed(asked.quantity("first"))
    once, missed = [first], []
    in_cache = pagecache.drop(files)
    if in_cache:
        missed.append(Missing(asked.quantity("cold"), in_cache))
    else:
        once.append(loads.timed(asked.quantity("cold")))
    pagecache.read_plainly(files)
    kept = Kept(loads.load)
    again = Measure(
        Quantity(asked.quantity("seconds"), "s", least=_LEAST),
        call=kept.load,
        prepare=kept.drop,
        stretch=1,
        settle=loads.settle,
    )
    limits = (file_limit(files),) if asked.limits else ()
    return Opened((again,), tuple(once), tuple(missed), limits, bounds(asked, files, limits))


def loads_of(asked: Asked, found: Prepared) -> Loads:
    """How the arm's model is loaded, with the libraries imported that loading begins with."""
    torch_for(asked)
    transformers = importlib.import_module("transformers")
    transformers.utils.logging.disable_progress_bar()
    plant = planted.of_load(asked.arm.plant)
    arm = asked.arm

    def load() -> Any:
        model = subjects.load_model(found, arm.precision, arm.device, arm.attention)
        touch(model)
        return plant(model)

    return Loads(load, settle_for(arm.device))


def touch(model: Any) -> int:
    """Read a byte of each page of the model's tensors in host memory; returns their sum."""
    import torch

    total = 0
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.device.type == "cpu" and tensor.is_contiguous():
            data = tensor.detach().reshape(-1).view(torch.uint8)
            total += int(data[:: mmap.PAGESIZE].sum())
    return total


def weights(found: Prepared) -> tuple[Path, ...]:
    """The files that a load reads through: the subject's safetensors."""
    return tuple(sorted(found.directory.glob("*.safetensors")))


def bounds(asked: Asked, files: tuple[Path, ...], limits: tuple[Limit, ...]) -> tuple[Bound, ...]:
    """A load takes no less than a plain read of its files from the page cache."""
    return tuple(
        Bound(asked.quantity(name), pagecache.size(files) / limit.rate, "file")
        for limit in limits
        for name in ("first", "seconds")
    )
