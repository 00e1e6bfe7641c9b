"""What a worker measures of a model: its decode, its work by hand count, its memory, its plants."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from harness.measure.generation import uncached_greedy
from harness.speed import limits, pagecache, planted
from harness.speed.bounds import work_of
from harness.speed.caches import Rewinding, croppable
from harness.speed.generating import Model, Steps, vocabulary
from harness.speed.resident import peak_of, phase
from harness.speed.task import Measure
from harness.speed.timing import turn
from harness.subjects.checkpoints import write_llama
from harness.vocabulary import plants
from harness.vocabulary.costs import Limit, Quantity
from harness.vocabulary.errors import UsageError

MIB = 2**20


@pytest.fixture(scope="module")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of width 16 and 2 layers, with 300 positions."""
    folder = tmp_path_factory.mktemp("tiny")
    return write_llama(folder, dtype="float32", max_position_embeddings=300)


@pytest.fixture(scope="module")
def tiny(tiny_llama: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    return AutoModelForCausalLM.from_pretrained(tiny_llama).float().eval()


@pytest.fixture
def shared(tiny: Any) -> Model:
    return Model(tiny, vocabulary(tiny), None)


def tokens_of(steps: Steps, count: int) -> list[int]:
    steps.rewind()
    found = []
    for _ in range(count):
        steps.step()
        found.append(int(steps._token[0, 0]))
    return found


@pytest.mark.parametrize("batch", [1, 3])
def test_decode_computes_what_whole_passes_without_a_cache_do(shared: Model, batch: int) -> None:
    prompt = [*shared.ids(10, 1)[0].tolist(), int(shared.ids(11, batch)[0, -1])]
    expected = list(uncached_greedy(shared.model, prompt, 5))
    steps = Steps(shared, 10, batch)
    assert tokens_of(steps, 5) == expected
    # And again after a rewind: nothing of the turn before is left in the cache.
    assert tokens_of(steps, 5) == expected


def test_a_cache_that_cannot_be_cropped_is_copied_anew() -> None:
    class Sliding:
        is_sliding = (True,)

        def __init__(self) -> None:
            self.held = [1, 2, 3]

        def crop(self, length: int) -> None:
            raise ValueError("no")

    assert not croppable(Sliding(), 3)
    rewinding = Rewinding(Sliding(), 3)
    first = rewinding.rewound()
    first.held.append(4)
    assert rewinding.rewound().held == [1, 2, 3]


def test_work_is_what_a_hand_count_of_the_tiny_llama_says(tiny: Any) -> None:
    """Width 16, 2 heads of 8, 1 for keys and values, inner 24, 2 layers, float32."""
    words = tiny.config.vocab_size
    layer = 16 * 16 + 2 * (16 * 8) + 16 * 16 + 3 * (16 * 24)
    norms = 2 * 2 * 16 + 16
    work = work_of(tiny)
    assert work.body == 2 * layer
    assert work.head == words * 16
    buffers = sum(each.numel() * each.element_size() for each in tiny.buffers())
    assert work.read - buffers == pytest.approx(4 * (2 * layer + norms + words * 16), abs=64)
    assert work.cached == 2 * 2 * 8 * 4
    assert work.decode_bytes(100, 3) == work.read + 2 * 2 * 8 * 4 * 300
    # Three tokens attend to 1 + 2 + 3; each pair costs 2 products of 16 in 2 layers.
    assert work.prefill_operations(3, 1, causal=True) == (
        2 * (3 * 2 * layer + words * 16) + 6 * 2 * 2 * 16 * 2
    )


@pytest.mark.parametrize("factor", [1.3, 2.0])
def test_a_planted_slowdown_is_as_large_as_it_says(shared: Model, factor: float) -> None:
    steps = Steps(shared, 32, 1)
    quantity = Quantity("model/decode@32x1", "s")
    plain = Measure(quantity, steps.step, steps.rewind, stretch=16)
    plant = plants.parse(f"decode={factor}")
    slow = planted.slowed(plain, plant, shared.model, 1, 1)
    turn(plain, 0.05)
    turn(slow, 0.05)
    ratios = []
    for _ in range(15):
        before, with_plant = turn(plain, 0.02).cpu, turn(slow, 0.02).cpu
        assert before is not None
        assert with_plant is not None
        ratios.append(with_plant / before)
    # What a busy machine charges both unequally is less than half of what was planted.
    assert 0.5 < (median(ratios) - 1) / (factor - 1) < 1.5


def test_a_plant_is_for_its_own_quantities_alone() -> None:
    plant = plants.parse("decode=1.05")
    assert plant.factor == 1.05
    assert plant.slows("decode@256x8")
    assert not plant.slows("first-token@32x1")
    assert not plants.parse("load=copy").slows("load@1x1")
    assert not plants.parse("").slows("")


@pytest.mark.parametrize("text", ["decode", "decode=0.9", "decode=x", "load=1.1", "sleep=2"])
def test_what_cannot_be_planted_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no slowdown that can be planted"):
        plants.parse(text)


def test_a_planted_copy_lives_and_dies_with_the_model() -> None:
    import torch

    before = torch.nn.Linear(8, 4)
    model = planted.of_load("load=copy")(before)
    kept = model.planted_copy
    assert [each.shape for each in kept] == [(4, 8), (4,)]
    assert kept[0].data_ptr() != model.weight.data_ptr()
    assert not hasattr(planted.of_load("")(torch.nn.Linear(8, 4)), "planted_copy")


def test_a_phase_has_the_peak_of_what_it_freed_again_and_the_next_one_has_not() -> None:
    with phase() as large:
        block = bytearray(96 * MIB)
        time.sleep(0.02)
        del block
        gc.collect()
    with phase() as small:
        time.sleep(0.02)
    assert large.peak - small.peak > 80 * MIB


@pytest.mark.parametrize(
    ("before", "after", "sampled", "reset", "expected"),
    [
        (100, 300, 250, True, 300),
        (100, 100, 90, True, 100),
        (500, 500, 250, False, 250),
        (500, 600, 250, False, 600),
    ],
)
def test_a_peak_is_the_kernels_where_its_counter_speaks_of_the_phase(
    before: int, after: int, sampled: int, reset: bool, expected: int
) -> None:
    assert peak_of(before, after, sampled, reset) == expected


def test_a_file_that_was_read_is_cached_and_one_that_was_dropped_is_not(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(bytes(3 * MIB + 5))
    assert pagecache.read_plainly([file]) > 0
    assert pagecache.size([file]) == 3 * MIB + 5
    assert pagecache.cached_share(file) == 1.0
    kept = pagecache.drop([file])
    left = pagecache.cached_share(file)
    assert (kept == "") == (left == 0.0)
    assert kept == "" or f"{left:.0%} of weights" in kept or "cannot drop" in kept


def test_the_buffer_that_bandwidth_is_measured_on_is_larger_than_the_caches() -> None:
    assert limits.buffer_bytes(0) == 256 * MIB
    assert limits.buffer_bytes(64 * MIB) == 512 * MIB
    assert limits.buffer_bytes(2**30) == 2**30


def test_a_table_without_a_head_is_not_read(tiny: Any) -> None:
    """Embedding rows are looked up, not multiplied: an untied table costs a step one row."""
    words = tiny.config.vocab_size
    assert work_of(tiny).read < 4 * (sum(p.numel() for p in tiny.parameters()) - words * 15)


def test_the_limit_of_quantised_weights_is_of_the_fastest_type_a_kernel_may_unpack_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates = {"float32": 100.0, "bfloat16": 400.0, "float16": 30.0}
    monkeypatch.setattr(
        limits, "_matmul_limit", lambda name, device: Limit("matmul", name, rates[name])
    )
    assert limits.matmul_limit("nf4", "cpu") == Limit("matmul", "bfloat16", 400.0)
    assert limits.matmul_limit("float16", "cpu") == Limit("matmul", "float16", 30.0)
    rates["bfloat16"] = 20.0
    assert limits.matmul_limit("int8", "cpu") == Limit("matmul", "float32", 100.0)
