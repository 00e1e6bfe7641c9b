"""Measured noise: its file, what it allows, and what is seen through it in real numbers."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib import metadata

import pytest

from harness.vocabulary.comparison import Agreement, compare
from harness.vocabulary.errors import RecordError
from harness.vocabulary.noise import (
    FACTORS,
    Group,
    Place,
    Provenance,
    Spread,
    dumps,
    find,
    known,
    loads,
    merge,
)
from harness.vocabulary.observations import BOUNDS, Observation, bound

HERE = Place("cpu", "avx2 fma avx512f", "auto")
MEASURED = Provenance(
    device="cpu",
    processor="A processor",
    instructions="avx2 fma avx512f",
    kernels=("auto", "avx2", "default"),
    threads=(1, 2),
    batches=(1, 2),
    runs=7,
    within=3,
    across=5,
    versions=(("pytest", metadata.version("pytest")),),
    date="2026-11-21",
)


@pytest.mark.parametrize("freedom", FACTORS)
def test_a_factor_is_passed_once_in_ten_thousand(freedom: int) -> None:
    """By quadrature: the spread is the largest of so many |differences| of two normal numbers.

    With unit variance a difference has deviation sqrt(2), so that P(|d| < r) = erf(r / 2).
    """
    steps = [10 * n / 20000 for n in range(20001)]
    below = [math.erf(r / 2) ** freedom for r in steps]
    passed = sum(
        (below[n + 1] - below[n]) * math.erfc(FACTORS[freedom] * (steps[n] + steps[n + 1]) / 4)
        for n in range(20000)
    )
    assert 2e-5 < passed < 1.05e-4


def test_within_a_kernel_level_a_number_may_move_twenty_times_its_spread_there() -> None:
    noise = known(Spread(1e-5, 1e-3), MEASURED, HERE, "float32", 1.0)
    assert noise.tolerance(HERE.level) == pytest.approx(2e-4)
    assert noise.tolerance("another") == pytest.approx(7.5e-3)
    assert noise.provenance == "measured in 7 runs, 2026-11-21"


@pytest.mark.parametrize(("across", "allowed"), [(1e-7, 7.5e-7), (1e-3, 1.3e-5)])
def test_a_release_may_reorder_sums_as_another_level_does_up_to_the_bound(
    across: float, allowed: float
) -> None:
    noise = known(Spread(0.0, across), MEASURED, HERE, "float32", 1.0)
    assert noise.tolerance(HERE.level) == pytest.approx(allowed)


@pytest.mark.parametrize(
    ("precision", "ulp"), [("float32", 2**-23), ("float16", 2**-10), ("bfloat16", 2**-7)]
)
def test_what_never_moved_may_move_by_four_units_in_the_last_place(
    precision: str, ulp: float
) -> None:
    noise = known(Spread(0.0, 0.0), MEASURED, HERE, precision, 8.0)
    assert noise.tolerance(HERE.level) == pytest.approx(4 * 8 * ulp)


@pytest.mark.parametrize(
    "place",
    [
        replace(HERE, device="NVIDIA H200"),
        replace(HERE, instructions="avx2 fma"),
        replace(HERE, kernels="avx512"),
    ],
)
def test_noise_of_another_device_or_kernel_level_is_borrowed_and_allows_the_bound_too(
    place: Place,
) -> None:
    noise = known(Spread(0.0, 1e-9), MEASURED, place, "float32", 2.0)
    assert noise.borrowed
    assert noise.provenance.startswith("borrowed from A processor")
    assert noise.tolerance(place.level) == pytest.approx(10 * 2 * BOUNDS["float32"])
    loud = known(Spread(0.5, 0.5), MEASURED, place, "float32", 2.0)
    assert loud.tolerance(place.level) == pytest.approx(10.0), "what was measured still counts"


def test_too_few_conditions_leave_the_bound() -> None:
    few = replace(MEASURED, within=2)
    noise = known(Spread(1e-9, 1e-9), few, HERE, "float32", 2.0)
    assert (noise.spread, noise.provenance) == (bound("float32", 2.0).spread, "bound float32")


def test_the_file_reads_a_line_a_number_and_comes_back() -> None:
    group = Group(MEASURED, {"test_b logits": Spread(0.0, 2e-6), "test_a[x] ids": Spread(1e-7, 1)})
    text = dumps([group])
    assert '   "test_a[x] ids": [1e-07, 1],\n   "test_b logits": [0, 2e-06]\n' in text
    assert loads(text, "here") == (group,)
    assert dumps(loads(text, "here")) == text


def test_measuring_again_replaces_what_a_behaviour_had_and_leaves_the_others() -> None:
    old = Group(
        MEASURED,
        {"test_a x": Spread(1, 1), "test_a gone": Spread(1, 1), "test_b x": Spread(2, 2)},
    )
    later = replace(MEASURED, date="2026-12-01")
    merged = merge([old], Group(later, {"test_a x": Spread(3, 3)}), {"test_a"})
    assert find(merged, "test_a x") == (Spread(3, 3), later)
    assert find(merged, "test_b x") == (Spread(2, 2), MEASURED)
    assert find(merged, "test_a gone") is None
    again = merge(merged, Group(later, {"test_b x": Spread(4, 4)}), {"test_b"})
    assert [group.provenance for group in again] == [later], "one group where all is alike"


def test_a_damaged_file_is_one_clear_error() -> None:
    with pytest.raises(RecordError, match="the measured noise is damaged") as caught:
        loads('[{"device": "cpu"}]', "snapshots/a.noise.json")
    assert "harness calibrate --update" in str(caught.value)


@pytest.mark.parametrize("size", ["-1e-07", "NaN", "Infinity", "-Infinity"])
def test_a_spread_that_nothing_can_have_is_damage(size: str) -> None:
    text = dumps([Group(MEASURED, {"test_a x": Spread(0.5, 0.5)})])
    with pytest.raises(RecordError, match=r"'test_a x' moved by .* no distance") as caught:
        loads(text.replace("[0.5, 0.5]", f"[0.5, {size}]"), "snapshots/a.noise.json")
    assert "git checkout -- snapshots/a.noise.json" in caught.value.next


def logits(precision: str, gain: float, split: int) -> list[list[float]]:
    """Two residual blocks with a norm and a head over 40 tokens, in real kernels of torch.

    The weights are sines; `gain` is on the head, and `split` cuts the batch in pieces, which
    moves the sums as another kernel or number of threads does.
    """
    torch = pytest.importorskip("torch")
    kind = getattr(torch, precision)

    def weight(rows: int, columns: int, phase: float) -> object:
        grid = torch.arange(rows * columns, dtype=torch.float64).reshape(rows, columns)
        return (torch.sin(grid * 0.7 + phase) / columns**0.5).to(kind)

    stream = weight(40, 96, 0.1) * 8
    for layer in range(2):
        scaled = stream / stream.float().pow(2).mean(-1, keepdim=True).add(1e-5).sqrt().to(kind)
        inner = torch.cat([part @ weight(96, 384, layer) for part in scaled.split(split)])
        stream = stream + torch.nn.functional.silu(inner) @ weight(384, 96, layer + 0.5)
    out = stream @ (weight(96, 160, 2.0).float() * gain).to(kind)
    return [[float(number) for number in row] for row in out.float()]


@pytest.mark.parametrize(
    ("precision", "expected"), [("float32", Agreement.DRIFTED), ("bfloat16", Agreement.SAME)]
)
def test_a_change_of_one_in_ten_thousand_is_seen_in_float32_and_lost_in_bfloat16(
    precision: str, expected: Agreement
) -> None:
    runs = [logits(precision, 1.0, split) for split in (40, 20, 10, 8, 5, 1)]
    spread = max(
        abs(a - b)
        for first in runs
        for second in runs
        for row, other in zip(first, second, strict=True)
        for a, b in zip(row, other, strict=True)
    )
    scale = max(abs(number) for row in runs[0] for number in row)
    noise = known(Spread(spread, spread), MEASURED, HERE, precision, scale)

    def seen(values: list[list[float]]) -> Observation:
        return Observation("logits", "numeric", values, noise=noise)

    moved = compare(seen(runs[0]), seen(logits(precision, 1.0 + 1e-4, 40)))
    assert moved.agreement is expected
    for values in runs:
        assert compare(seen(runs[0]), seen(values)).agreement is Agreement.SAME


def test_json_of_a_provenance_has_names_that_say_what_they_are() -> None:
    (fields,) = json.loads(dumps([Group(MEASURED, {"test_a x": Spread(0, 0)})]))
    assert fields["versions"] == {"pytest": metadata.version("pytest")}
    assert fields["kernels"] == ["auto", "avx2", "default"]
