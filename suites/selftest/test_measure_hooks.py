"""Counting hooks, capturing outputs, and interventions on tensors small enough to see."""

from __future__ import annotations

import pytest

from harness.measure.hooks import block_names, capture, live_hooks
from harness.measure.patching import (
    ablate_heads,
    first_difference,
    patch_each_position,
    restored,
)

torch = pytest.importorskip("torch")


def test_live_hooks_counts_forward_and_pre_hooks_of_submodules():
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    assert live_hooks(net) == 0
    net[0].register_forward_hook(lambda *_: None)
    handle = net[1].register_forward_pre_hook(lambda *_: None)
    assert live_hooks(net) == 2
    handle.remove()
    assert live_hooks(net) == 1


def test_block_names_tell_block_1_from_block_10():
    names = ["blocks.1.hook_in", "blocks.10.hook_out", "embed.hook_out"]
    assert block_names(names, 1) == {"hook_in"}


def test_capture_returns_the_output_and_leaves_no_hook():
    net = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Flatten())
    found = capture(net[0], lambda: net(torch.tensor([[-1.0, 2.0]])))
    assert found.tolist() == [[0.0, 2.0]]
    assert live_hooks(net) == 0


def test_capture_leaves_no_hook_after_an_error():
    net = torch.nn.Sequential(torch.nn.ReLU())
    with pytest.raises(ZeroDivisionError):
        capture(net[0], lambda: 1 / 0)
    assert live_hooks(net) == 0


def test_ablation_groups_heads_by_layer_and_zeroes_only_those():
    hooks = dict(ablate_heads([(2, 0), (5, 1), (2, 2)]))
    assert list(hooks) == ["blocks.2.attn.hook_z", "blocks.5.attn.hook_z"]
    z = torch.ones(1, 1, 3, 2)
    assert hooks["blocks.2.attn.hook_z"](z, None)[0, 0, :, 0].tolist() == [0, 1, 0]
    assert z.min() == 1


def test_patching_puts_row_i_of_the_batch_at_position_i():
    name, patch = patch_each_position(3, torch.tensor([[[7.0], [8.0]]]))
    assert name == "blocks.3.hook_out"
    assert patch(torch.zeros(2, 2, 1), None)[..., 0].tolist() == [[7.0, 0.0], [0.0, 8.0]]


def test_patching_from_a_position_on_leaves_those_before_it():
    _, patch = patch_each_position(0, torch.tensor([[[7.0], [8.0], [9.0]]]), first=1)
    assert patch(torch.zeros(2, 3, 1), None)[..., 0].tolist() == [[0.0, 8.0, 0.0], [0.0, 0.0, 9.0]]


def test_the_first_difference_of_two_prompts():
    assert first_difference(torch.tensor([[5, 6, 7]]), torch.tensor([[5, 9, 7]])) == 1


@pytest.mark.parametrize("other", [[[5, 6]], [[5, 6, 7]]])
def test_prompts_of_other_length_or_the_same_ids_are_refused(other):
    with pytest.raises(ValueError, match="prompts"):
        first_difference(torch.tensor([[5, 6, 7]]), torch.tensor(other))


def test_a_patch_that_brings_back_half_of_the_difference():
    found = restored(torch.tensor([1.0, 4.0, -2.0]), torch.tensor(4.0), torch.tensor(-2.0))
    assert found.tolist() == [0.5, 1.0, 0.0]
