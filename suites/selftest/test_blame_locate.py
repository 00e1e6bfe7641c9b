"""Which module parts first, by captures whose answer is known."""

from __future__ import annotations

import math

import pytest

from harness.blame.apart import apart
from harness.blame.locate import locate
from harness.blame.matching import match
from harness.vocabulary.captures import (
    OUTPUT,
    Call,
    Capture,
    ModuleSeen,
    ParameterSeen,
    Paths,
    read_capture,
    seen_line,
)
from suites.selftest.captured import chain, tensor

A = {"embed": 2.0, "layers.0": 3.0, "layers.1": 4.0, "head": 5.0}


def test_equal_captures_part_nowhere():
    found = locate(chain(A), chain(A))
    assert (found.origin, found.first, found.first_bit) == (None, None, None)


def test_the_origin_is_the_first_module_given_the_same_that_returns_another_thing():
    found = locate(chain(A), chain({**A, "layers.0": 3.001, "layers.1": 4.5, "head": 9.0}))
    assert found.origin.name == "layers.0"
    assert found.origin.output.size == pytest.approx(1e-3)
    assert found.origin.output.relative == pytest.approx(1e-3 / 3)


def nested(inner_in: float, inner_out: float, outer_out: float) -> Capture:
    """`block` computes something, hands it to `block.proj`, returns what that makes of it."""
    calls = (
        Call(0, 0, "block.proj", 0, (tensor("x", inner_in),), (tensor(OUTPUT, inner_out),)),
        Call(0, 1, "block", 0, (tensor("x", 1.0),), (tensor(OUTPUT, outer_out),)),
    )
    modules = {name: ModuleSeen(name, "Block", "", "") for name in ("block", "block.proj")}
    return Capture(Paths("Model", ""), modules, calls)


def test_a_part_that_was_given_another_thing_is_not_the_origin_but_what_holds_it():
    found = locate(nested(2.0, 4.0, 4.0), nested(2.5, 5.0, 5.0))
    assert (found.first.name, found.origin.name) == ("block.proj", "block")
    assert [each.part for each in found.first.received] == ["x"]


def test_a_part_that_was_given_the_same_is_the_origin_rather_than_what_holds_it():
    found = locate(nested(2.0, 4.0, 4.0), nested(2.0, 5.0, 5.0))
    assert found.origin.name == "block.proj"


def test_a_module_that_differs_from_itself_as_much_is_noise():
    before = chain({**A, "layers.0": (3.0, 3.001, 3.0)})
    after = chain({**A, "layers.0": (3.0, 2.999, 3.0), "head": 5.5})
    found = locate(before, after)
    assert found.origin.name == "head"


def test_what_noise_hides_is_still_told_by_its_bits():
    found = locate(chain(A), chain({**A, "embed": 2.0 + 2.0**-23, "head": 5.5}))
    assert (found.first_bit.name, found.origin.name) == ("embed", "head")


def test_noise_allows_eleven_times_the_spread_of_three_passes_a_side():
    """Four degrees of freedom: the factor is 11 by harness.vocabulary.noise."""
    old = [tensor("y", value) for value in (3.0, 3.01, 3.0)]
    for moved, beyond in ((0.109, False), (0.111, True)):
        new = [tensor("y", value + moved) for value in (3.0, 3.01, 3.0)]
        found = apart(old, new)
        assert (found.beyond, found.allowed) == (beyond, pytest.approx(0.11))


@pytest.mark.parametrize(
    ("dtype", "rounding"), [("float32", 1.3e-6), ("bfloat16", 1.6e-2), ("int64", 0.0)]
)
def test_the_rounding_of_a_type_is_no_difference(dtype, rounding):
    near = apart([tensor("y", 1.0, dtype)], [tensor("y", 1.0 + 0.99 * rounding, dtype)])
    far = apart([tensor("y", 1.0, dtype)], [tensor("y", 1.001 + 1.1 * rounding, dtype)])
    assert (near.beyond, far.beyond) == (False, True)


def test_rounding_that_adds_up_is_told_from_a_module_that_parts():
    slow = {**A, "embed": 2 * (1 + 1e-6), "layers.0": 3 * (1 + 2e-6), "head": 5.0}
    assert locate(chain(A), chain(slow)).accumulated
    assert not locate(chain(A), chain({**slow, "layers.0": 3.1})).accumulated
    assert not locate(chain(A), chain({**A, "embed": 2 * (1 + 2e-6)})).accumulated


def test_another_shape_is_beyond_noise_and_said():
    old = tensor("y", 1.0)
    new = type(old)("y", (2,), "float32", 1.0, 0.5, 0, "", (1.0,), (1.0, 0.0))
    found = apart([old], [new])
    assert (found.beyond, found.size, found.words) == (True, math.inf, "shape [1] -> [2]")


def test_the_difference_grows_along_the_layers_to_the_logits():
    parents = {"layers.0": "ModuleList", "layers.1": "ModuleList", "layers.1.heads.0": "ModuleList"}
    before = {"layers.0": 2.0, "layers.1.heads.0": 2.0, "layers.1": 2.0, "": 2.0}
    after = {"layers.0": 2.1, "layers.1.heads.0": 2.1, "layers.1": 2.2, "": 2.4}
    found = locate(chain(before, parents=parents), chain(after, parents=parents))
    assert [each.name for each in found.growth] == ["layers.0", "layers.1", ""]
    assert [each.output.relative for each in found.growth] == pytest.approx([0.05, 0.1, 0.2])


def test_modules_under_another_prefix_are_the_same_modules():
    renamed = {f"language_model.{name}": value for name, value in A.items()}
    found = match(chain(A), chain(renamed))
    assert found.renamed == tuple((name, f"language_model.{name}") for name in A)
    assert (found.only_baseline, found.only_candidate) == ((), ())


def test_a_new_module_between_others_shifts_none_of_them():
    types = {"a": "Embedding", "b": "Linear", "c": "Norm", "x": "Embedding", "y": "Dropout"}
    types |= {"z": "Linear", "w": "Norm"}
    before = chain({"a": 1.0, "b": 2.0, "c": 3.0}, types=types)
    after = chain({"x": 1.0, "y": 1.0, "z": 2.0, "w": 3.0}, types=types)
    found = match(before, after)
    assert found.renamed == (("a", "x"), ("b", "z"), ("c", "w"))
    assert found.only_candidate == ("y",)


def test_a_mask_of_another_type_is_told_and_not_compared():
    def given(mask, output):
        call = Call(0, 0, "attn", 0, (tensor("x", 1.0), mask), (tensor(OUTPUT, output),))
        return Capture(Paths("Model", ""), {}, (call,))

    before = given(tensor("mask", 1.0, "int64"), 2.0)
    found = locate(before, given(tensor("mask", -7.0), 3.0)).origin
    assert (found.name, found.given) == ("attn", (("mask", "int64[1]", "float32[1]"),))


def test_parameters_that_are_others_are_named():
    def weight_of(value):
        return ParameterSeen("weight", (1,), "float32", repr(value))

    def holding(weight, output):
        module = ModuleSeen("head", "Linear", "", "", parameters=(weight_of(weight),))
        call = Call(0, 0, "head", 0, (tensor("x", 1.0),), (tensor(OUTPUT, output),))
        return Capture(Paths("Model", ""), {"head": module}, (call,))

    found = locate(holding(2.0, 2.0), holding(2.5, 2.5)).origin
    assert found.parameters == ("weight",)


def test_a_capture_cut_off_in_a_line_is_read_up_to_it_and_said_to_be_short():
    whole = chain(A)
    lines = [seen_line(each) for each in (whole.paths, *whole.modules.values(), *whole.calls)]
    read = read_capture([*lines, '{"seen":"end"}\n'], "a.jsonl")
    assert read == whole
    cut = read_capture([*lines[:-1], lines[-1][:20]], "a.jsonl")
    assert (len(cut.calls), cut.complete) == (3, False)
    assert locate(whole, cut).lacking == "not captured to the end: candidate"
