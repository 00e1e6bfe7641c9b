"""Sketches that keep distances, and hooks that see what goes in and out of each module."""

from __future__ import annotations

import math

import pytest

from harness.measure import sketch as sketching
from harness.measure.hooks import live_hooks
from harness.measure.modules import capture_run, modules, source_of
from harness.measure.operations import operations
from harness.measure.sketch import seen

torch = pytest.importorskip("torch")
nn = torch.nn


def apart(first, second):
    return math.dist(seen("x", first).sketch, seen("x", second).sketch)


def entered(changed, by):
    """Many entries, one of them moved: its bucket alone moves, by as much."""
    moved = changed[0].clone()
    moved[changed[1]] += by
    return apart(changed[0], moved)


def calls_of(model, *inputs, **more):
    found = []
    capture_run(model, lambda: model(*inputs, **more), 0, found.append)
    return found


def test_one_entry_moved_by_a_thousandth_is_a_thousandth_away_wherever_it_is(monkeypatch):
    monkeypatch.setattr(sketching, "_CHUNK", 100)
    values = torch.linspace(-1, 1, 1000, dtype=torch.float64)
    distances = [entered((values, place), 1e-3) for place in (0, 99, 100, 101, 555, 999)]
    assert distances == pytest.approx([1e-3] * 6, rel=1e-9)


def test_the_size_of_a_chunk_changes_nothing(monkeypatch):
    values = torch.arange(1000.0).sin()
    whole = seen("x", values)
    monkeypatch.setattr(sketching, "_CHUNK", 7)
    parts = seen("x", values)
    assert parts.sketch == pytest.approx(whole.sketch, abs=1e-12)
    assert parts.digest == whole.digest
    assert (parts.norm, parts.mean) == pytest.approx((whole.norm, whole.mean))


def test_the_distance_of_sketches_is_that_of_the_tensors_within_a_third():
    """Over 200 random pairs; the mean square is right within the error of 200 of them."""
    generator = torch.Generator().manual_seed(0)
    ratios = []
    for _ in range(200):
        first, second = (torch.randn(3, 50, generator=generator) for _ in range(2))
        ratios.append(apart(first, second) / float((first - second).double().norm()))
    assert 0.67 < min(ratios) <= max(ratios) < 1.33
    assert sum(ratio**2 for ratio in ratios) / 200 == pytest.approx(1, abs=0.05)


def test_norm_mean_and_entries_are_those_of_the_finite_numbers():
    found = seen("x", torch.tensor([[3.0, math.inf], [4.0, math.nan]]))
    assert (found.shape, found.norm, found.mean, found.infinite) == ((2, 2), 5.0, 3.5, 2)
    assert found.entries == (3.0, 0.0, 4.0, 0.0)


@pytest.mark.parametrize("name", ["bfloat16", "float16", "int64", "uint8", "complex64"])
def test_every_type_of_number_is_seen(name):
    values = torch.tensor([3, 4]).to(getattr(torch, name))
    found = seen("x", values)
    assert (found.norm, found.dtype.removeprefix("torch.")[:4]) == (
        5.0,
        {"complex64": "comp"}.get(name, name[:4]),
    )


def test_a_number_moved_in_its_last_bit_has_another_digest():
    one = torch.ones(3)
    assert seen("x", one).digest == seen("x", one.clone()).digest
    assert seen("x", one).digest != seen("x", one.nextafter(torch.tensor(2.0))).digest


class Twice(nn.Module):
    """The same layer twice, then a function in place: x -> relu_(2 * 2 * x)."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2, bias=False)
        self.act = nn.ReLU(inplace=True)
        torch.nn.init.eye_(self.linear.weight)
        self.linear.weight.data *= 2

    def forward(self, x, scale=1.0, **more):
        return {"last": self.act(self.linear(self.linear(x)) * scale), "size": 3}


X = torch.tensor([[1.0, -1.0]])


def test_calls_are_told_in_the_order_in_which_they_end_and_counted():
    found = calls_of(Twice(), X)
    assert [(call.order, *call.key) for call in found] == [
        (0, "linear", 0), (1, "linear", 1), (2, "act", 0), (3, "", 0),
    ]  # fmt: skip


def test_an_input_is_seen_as_it_was_before_the_module_changed_it():
    act = calls_of(Twice(), X)[2]
    assert act.inputs[0].entries == (4.0, -4.0)
    assert act.outputs[0].entries == (4.0, 0.0)


def test_arguments_have_their_names_however_they_are_given():
    first = calls_of(Twice(), X, 2.0)[-1]
    second = calls_of(Twice(), x=X, scale=2.0, mask=torch.ones(1, dtype=torch.bool), bias=X)[-1]
    assert [each.part for each in first.inputs] == ["x"]
    assert [each.part for each in second.inputs] == ["x", "bias"]
    assert first.other == ("scale: 2.0",)
    assert second.other == ("scale: 2.0", "mask: bool[1]")


def test_the_first_tensor_is_the_output_whatever_the_library_calls_it():
    assert [each.part for each in calls_of(Twice(), X)[-1].outputs] == ["output"]


def test_no_hook_is_left_after_an_error():
    model = Twice()
    with pytest.raises(RuntimeError, match="mat1"):
        calls_of(model, torch.ones(1, 3))
    assert live_hooks(model) == 0
    with pytest.raises(RuntimeError, match="mat1"):
        operations(model, lambda: model(torch.ones(1, 3)))
    assert live_hooks(model) == 0


def test_operations_belong_to_the_module_whose_code_calls_them():
    model = Twice()
    assert operations(model, lambda: model(X)) == {
        "linear": ("linear",),
        "act": ("relu",),
        "": ("mul",),
    }


def test_modules_are_described_with_their_class_file_and_parameters():
    model = nn.ModuleDict({"layers": nn.ModuleList([Twice()])})
    found = {each.name: each for each in modules(model, lambda: model["layers"][0](X))}
    layer = found["layers.0.linear"]
    assert (layer.type, layer.source, layer.parent) == (
        "Linear", "torch/nn/modules/linear.py", "Twice",
    )  # fmt: skip
    assert [(each.name, each.shape) for each in layer.parameters] == [("weight", (2, 2))]
    assert found["layers.0"].parent == "ModuleList"


def test_the_source_of_a_class_outside_a_package_is_its_file():
    assert source_of(Twice).endswith("test_measure_modules.py")
