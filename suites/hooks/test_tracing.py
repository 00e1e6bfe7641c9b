"""nnsight's traces of plain modules: what they write, skip, keep and leave behind."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.requires("nnsight", "torch")


@pytest.fixture
def net():
    """Three linear layers [2, 2] in a row: x, then 2x, then -x of the present values."""
    import torch

    layers = torch.nn.Sequential(*(torch.nn.Linear(2, 2, bias=False) for _ in range(3)))
    with torch.no_grad():
        for layer, factor in zip(layers, (1.0, 2.0, -1.0), strict=True):
            layer.weight.copy_(factor * torch.eye(2))
    return layers


@pytest.fixture
def x():
    import torch

    return torch.tensor([[3.0, 1.0]])


@pytest.fixture
def visits(net):
    """How often each layer of `net` has run."""
    counts = [0] * len(net)

    def counting(place):
        def hook(module, inputs):
            counts[place] += 1

        return hook

    handles = [layer.register_forward_pre_hook(counting(place)) for place, layer in enumerate(net)]
    yield counts
    for handle in handles:
        handle.remove()


def test_a_trace_runs_the_model_once(net, x, visits):
    from nnsight import NNsight

    with NNsight(net).trace(x):
        pass
    assert visits == [1, 1, 1]


def test_an_assigned_output_is_what_follows_sees(net, x):
    import torch
    from nnsight import NNsight

    traced = NNsight(net)
    with traced.trace(x):
        traced[0].output = torch.tensor([[10.0, 20.0]])
        after = traced.output.save()
    assert after.tolist() == [[-20.0, -40.0]]
    assert net(x).tolist() == [[-6.0, -2.0]]


def test_what_is_saved_before_and_after_an_edit_differs(net, x):
    from nnsight import NNsight

    traced = NNsight(net)
    with traced.trace(x):
        before = traced[0].output.clone().save()
        traced[0].output[:] = 0
        after = traced[0].output.save()
        result = traced.output.save()
    assert before.tolist() == [[3.0, 1.0]]
    assert after.tolist() == [[0.0, 0.0]]
    assert result.abs().max() == 0


def test_layers_are_indexed_from_both_ends(net, x):
    from nnsight import NNsight

    traced = NNsight(net)
    with traced.trace(x):
        second = traced[1].output.save()
        last = traced[-1].output.save()
    assert second.tolist() == [[6.0, 2.0]]
    assert last.tolist() == [[-6.0, -2.0]]
    assert len(traced) == 3


def test_an_edit_belongs_to_the_edited_model_until_it_is_cleared(net, x):
    from nnsight import NNsight

    traced = NNsight(net)
    with traced.edit() as (_, edited):
        edited[0].output[:] = 1
    with traced.trace(x):
        plain = traced.output.save()
    with edited.trace(x):
        changed = edited.output.save()
    assert plain.tolist() == [[-6.0, -2.0]]
    assert changed.tolist() == [[-2.0, -2.0]]
    edited.clear_edits()
    with edited.trace(x):
        again = edited.output.save()
    assert again.tolist() == [[-6.0, -2.0]]


def test_a_skipped_module_does_not_run(net, x, visits):
    from nnsight import NNsight

    traced = NNsight(net)
    with traced.trace(x):
        traced[1].skip(traced[0].output)
        result = traced.output.save()
    assert result.tolist() == [[-3.0, -1.0]]
    assert visits[2] == 1


def test_a_stopped_trace_runs_no_later_module(net, x, visits):
    from nnsight import NNsight

    traced = NNsight(net)
    with traced.trace(x) as tracer:
        first = traced[0].output.save()
        tracer.stop()
    assert first.tolist() == [[3.0, 1.0]]
    assert visits == [1, 0, 0]


def too_short(traced, x):
    with traced.trace(x):
        traced[0].output = traced[0].output.reshape(-1)[:1]


def test_a_trace_after_one_that_raised_is_like_any_other(net, x):
    from nnsight import NNsight

    traced = NNsight(net)
    with pytest.raises(RuntimeError):
        too_short(traced, x)
    assert net(x).tolist() == [[-6.0, -2.0]]
    with traced.trace() as tracer:  # noqa: SIM117
        with tracer.invoke(x):
            result = traced.output.save()
    assert result.tolist() == [[-6.0, -2.0]]


def test_replacing_the_first_input_leaves_the_others(x):
    import torch
    from nnsight import NNsight

    class Sum(torch.nn.Module):
        def forward(self, first, second=0, *, factor=1):
            return (first + second) * factor

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.sum = Sum()

        def forward(self, value):
            return self.sum(value, 10, factor=2)

    traced = NNsight(Model())
    with traced.trace(x):
        traced.sum.input = torch.zeros(1, 2)
        result = traced.output.save()
    assert result.tolist() == [[20.0, 20.0]]


def test_gradients_are_read_and_replaced(net, x):
    """d(-2x)/dx: of the last layer -1, of the one before -2, and five times that if asked."""
    from nnsight import NNsight

    traced = NNsight(net)
    with traced.trace(x.requires_grad_()):
        first, second = traced[0].output, traced[1].output
        with traced.output.sum().backward():
            late = second.grad.save()
            second.grad = 5 * second.grad
            early = first.grad.save()
    assert late.tolist() == [[-1.0, -1.0]]
    assert early.tolist() == [[-10.0, -10.0]]


def test_a_cache_is_detached_unless_asked_otherwise(net, x):
    from nnsight import NNsight

    traced = NNsight(net)
    with traced.trace(x) as tracer:
        cache = tracer.cache(include_inputs=True)
    with traced.trace(x) as tracer:
        attached = tracer.cache(modules=[traced[1]], detach=False)
    assert [cache[f"model.{place}"].output.tolist() for place in range(3)] == [
        [[3.0, 1.0]],
        [[6.0, 2.0]],
        [[-6.0, -2.0]],
    ]
    assert cache["model.1"].input.tolist() == [[3.0, 1.0]]
    assert not cache["model.1"].output.requires_grad
    assert attached["model.1"].output.requires_grad


def test_a_cache_keeps_what_the_block_made_of_an_output(net, x):
    import torch
    from nnsight import NNsight

    traced = NNsight(net)
    with traced.trace(x) as tracer:
        cache = tracer.cache()
        traced[0].output = torch.ones(1, 2)
    assert cache["model.0"].output.tolist() == [[1.0, 1.0]]
    assert cache["model.2"].output.tolist() == [[-2.0, -2.0]]
