"""Bytes counted on tensors whose sizes are plain."""

from __future__ import annotations

import os
from functools import partial
from types import SimpleNamespace

import pytest

from harness.measure.memory import (
    mapped_bytes,
    memory_in_own_process,
    process_memory,
    quantisation_bytes,
    tensor_bytes,
)

torch = pytest.importorskip("torch")


COUNTING_SLACK = 2**20
"""The kernel counts resident pages in batches a thread, so that its sums lag (proc(5))."""


class Tied(torch.nn.Module):
    """6 float32 numbers used twice, and a buffer of 4 bytes of int8."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(2, 3, bias=False)
        self.second = torch.nn.Linear(2, 3, bias=False)
        self.second.weight = self.first.weight
        self.register_buffer("mask", torch.zeros(4, dtype=torch.int8))


def test_tied_weights_count_once():
    assert tensor_bytes(Tied()) == 6 * 4 + 4


def test_what_lies_where_a_file_is_mapped_is_counted():
    """The weight in a mapping of a file, the buffer of 4 bytes in memory of no name."""
    model = Tied()
    weight, buffer = model.first.weight.data_ptr(), model.mask.data_ptr()
    maps = (
        f"{weight:x}-{weight + 24:x} rw-p 00000000 00:00 7   /models/model.safetensors\n"
        f"{buffer:x}-{buffer + 4:x} rw-p 00000000 00:00 0 \n"
        "7ffd0000-7ffd1000 rw-p 00000000 00:00 0   [stack]\n"
    )
    assert mapped_bytes(model, maps) == 24


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="no /proc on this system")
def test_a_file_that_torch_maps_is_seen_and_one_that_it_reads_is_not(tmp_path):
    file = tmp_path / "weight"
    file.write_bytes(bytes(4096))
    model = torch.nn.Linear(32, 32, bias=False)
    assert mapped_bytes(model) == 0
    mapped = torch.from_file(str(file), size=1024).view(32, 32)
    model.weight = torch.nn.Parameter(mapped)
    assert mapped_bytes(model) == 4096


def test_a_plain_model_has_no_quantisation_state():
    assert quantisation_bytes(Tied()) == 0


def test_nested_quantisation_state_is_added_up():
    """absmax 10 bytes and code 16 floats; nested: absmax 2 floats, code 16 floats, offset 1."""
    nested = SimpleNamespace(
        absmax=torch.zeros(2), code=torch.zeros(16), offset=torch.zeros(1), state2=None
    )
    state = SimpleNamespace(
        absmax=torch.zeros(10, dtype=torch.uint8), code=torch.zeros(16), offset=None, state2=nested
    )
    weight = SimpleNamespace(quant_state=state)
    model = SimpleNamespace(parameters=lambda: [weight])
    assert quantisation_bytes(model) == 10 + 64 + 8 + 64 + 4


def test_row_maxima_of_int8_are_counted():
    weight = SimpleNamespace(SCB=torch.zeros(7))
    assert quantisation_bytes(SimpleNamespace(parameters=lambda: [weight])) == 28


def test_the_kernels_lines_are_read_in_bytes():
    status = "Name:\tpython\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\nThreads:\t1\n"
    found = process_memory(status)
    assert (found.resident, found.peak) == (2**20, 2**21)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc on this system")
def test_touched_memory_shows_in_the_peak_after_it_is_freed():
    before = process_memory().peak
    block = bytearray(os.urandom(1)) * (64 * 2**20)
    grown = process_memory()
    del block
    assert grown.resident >= 64 * 2**20
    assert process_memory().peak >= max(before, grown.resident) - COUNTING_SLACK


def test_the_process_that_is_measured_allocates_as_the_library_does_by_itself(monkeypatch):
    """What it "loads" is the variable's value there: a text if it has one, which None is not."""
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute"):
        memory_in_own_process(partial(os.getenv, "GLIBC_TUNABLES"), ())
    assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
