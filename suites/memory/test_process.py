"""What loading a subject costs a process that does nothing else."""

from __future__ import annotations

import os
from functools import partial

import pytest

from harness.measure.memory import memory_in_own_process
from harness.plugin import documents, precisions, tier

LOADED = precisions("float32", "nf4")
IDS = tuple(range(1, 33))


@pytest.fixture
def cost(subject, cell, keep):
    """Measured once a cell: it takes a process and a load of its own."""
    from harness.subjects import load_model

    load = partial(load_model, subject, cell.precision, cell.device)
    return keep("memory", lambda: memory_in_own_process(load, IDS))


@precisions("float32")
def test_the_process_peaks_at_this(cost, cell, observe):
    """In float32 only: while it quantises, a load peaks as its threads happen to fall (by 30 %)."""
    observe.cost("peak", cost.peak, "bytes")
    assert cost.peak >= cost.loaded > cost.imported


@precisions("float32")
@documents("save.memory-mapped")
@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="no /proc on this system")
def test_the_weights_lie_in_a_mapping_of_their_file(cost, cell, observe):
    """Of the model's bytes, those at addresses where a file is mapped; computed buffers are not."""
    share = round(cost.mapped / cost.tensors, 2)
    observe.claim("save.memory-mapped", {"share mapped from files": share}, holds=share > 0.95)


@precisions("float32")
def test_a_loaded_model_keeps_this_much_resident(cost, cell, observe):
    """In float32 only: what a quantised load leaves with the allocator depends on threads."""
    observe.cost("resident beyond the imports", cost.loaded - cost.imported, "bytes")


@tier("broad")
@LOADED
def test_a_fresh_process_loads_the_same_bytes(cost, cell, observe):
    observe.exact("tensors", cost.tensors)
    observe.cost("quantisation state", cost.quantisation, "bytes")
    assert cost.tensors > 0
