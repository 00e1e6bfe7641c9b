"""Memory by phase: import, load, prefill, decode; what stays; a process measures it once.

What is resident between phases is looked at after unused memory went back to the system: what
the allocator keeps for later differs from process to process, and belongs to nobody.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

from harness.measure.memory import (
    import_what_loading_imports,
    process_memory,
    quantisation_bytes,
    tensor_bytes,
)
from harness.speed.generating import Model, Steps, first_token, positions, vocabulary
from harness.speed.loading import loads_of
from harness.speed.resident import phase
from harness.speed.subject import model_subject, settle_for, torch_for
from harness.speed.task import Asked, Measured, Opened
from harness.vocabulary.costs import Quantity

PREFILL = 512
DECODED = 16
_LEAST = 4 * 2**20
_NOTHING = 2**20
"""A difference of less counts as this much: costs are compared by ratio, and 0 has none."""


class Phases:
    """Collects the peaks of phases: resident memory, and on a GPU what torch allocated there."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._cuda = asked.arm.device if asked.arm.device.startswith("cuda") else ""
        self.found: list[Measured] = []

    def add(self, name: str, value: int) -> None:
        quantity = Quantity(self._asked.quantity(name), "bytes", repeats=False, least=_LEAST)
        self.found.append(Measured(quantity, float(value)))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """`peak.NAME`, and `device.NAME` once there is a device."""
        counted = bool(self._cuda) and name != "import"
        if counted:
            import torch

            torch.cuda.reset_peak_memory_stats(self._cuda)
        with phase() as found:
            yield
        self.add(f"peak.{name}", found.peak)
        if counted:
            self.add(f"device.{name}", int(torch.cuda.max_memory_allocated(self._cuda)))

    @property
    def on_gpu(self) -> bool:
        return bool(self._cuda)

    def open_gpu(self) -> None:
        """Have torch's counters begin: some cannot be reset before (`cuda:1` is not there yet)."""
        if self._cuda:
            import torch

            torch.cuda.init()

    def device_bytes(self) -> int:
        """What torch has allocated on the GPU now; 0 without one."""
        if not self._cuda:
            return 0
        import torch

        return int(torch.cuda.memory_allocated(self._cuda))


def open_task(asked: Asked) -> Opened:
    """Run the phases, one after the other; nothing is left to be measured again."""
    found = model_subject(asked)
    phases = Phases(asked)
    with phases.phase("import"):
        torch_for(asked)
        import_what_loading_imports()
    phases.open_gpu()
    loads = loads_of(asked, found)
    _collect()
    before, before_device = process_memory().resident, phases.device_bytes()
    with phases.phase("load"):
        model = loads.load()
    _collect()
    phases.add("resident.load", max(_NOTHING, process_memory().resident - before))
    phases.add("footprint", tensor_bytes(model) + quantisation_bytes(model))
    shared = Model(model, vocabulary(model), settle_for(asked.arm.device))
    _work(phases, shared, "causal-lm" in found.entry.abilities)
    del model, shared
    _collect()
    phases.add("remains", max(_NOTHING, process_memory().resident - before))
    if phases.on_gpu:
        left = phases.device_bytes() - before_device
        phases.add("device.remains", max(_NOTHING, left))
    return Opened(once=tuple(phases.found))


def _work(phases: Phases, shared: Model, generates: bool) -> None:
    """A prefill of PREFILL tokens, or as many as the model takes; then a decode."""
    import torch

    tokens = min(PREFILL, (positions(shared.model) or PREFILL) - (DECODED if generates else 0))
    if not generates:
        with phases.phase("prefill"), torch.inference_mode():
            shared.model(shared.ids(tokens, 1))
            _settle(shared)
        return
    prefill = first_token(shared, "", tokens, 1)
    with phases.phase("prefill"):
        prefill.call()
        _settle(shared)
    steps = Steps(shared, tokens, 1)
    steps.rewind()
    with phases.phase("decode"):
        for _ in range(DECODED):
            steps.step()
        _settle(shared)


def _settle(shared: Model) -> None:
    if shared.settle is not None:
        shared.settle()


def _collect() -> None:
    """Give back what is not used: reference cycles, torch's blocks on a GPU, glibc's heap."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
