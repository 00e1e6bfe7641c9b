"""torch: what its documents say of the operations that every model is made of."""

from __future__ import annotations

import math

import pytest

from harness.plugin import requires, tier

pytestmark = [requires("torch"), tier("quick")]


def test_attention_is_the_softmax_of_scaled_and_masked_scores():
    """By hand: scores 1 and 0 at scale 2, the third key masked out."""
    import torch

    query = torch.tensor([[[[1.0, 0.0]]]])
    key = torch.tensor([[[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]]])
    value = torch.tensor([[[[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]]]])
    mask = torch.tensor([[[[True, True, False]]]])
    found = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, scale=2.0
    )
    first = math.exp(2) / (math.exp(2) + 1)
    assert found.flatten().tolist() == pytest.approx([first, 1 - first], rel=1e-6)


def test_activations_have_their_values_at_one():
    """silu(1) = 1 / (1 + 1/e); gelu(1) = (1 + erf(1/sqrt 2)) / 2, and its tanh form another."""
    import torch

    one = torch.ones(())
    functional = torch.nn.functional
    exact = (1 + math.erf(1 / math.sqrt(2))) / 2
    tanh = (1 + math.tanh(math.sqrt(2 / math.pi) * 1.044715)) / 2
    assert functional.silu(one).item() == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-6)
    assert functional.gelu(one).item() == pytest.approx(exact, rel=1e-6)
    assert functional.gelu(one, approximate="tanh").item() == pytest.approx(tanh, rel=1e-6)


def test_a_layer_norm_takes_the_epsilon_that_it_is_given():
    """Of (1e-3, -1e-3) the variance is 1e-6: the epsilon weighs."""
    import torch

    found = torch.nn.functional.layer_norm(torch.tensor([1e-3, -1e-3]), (2,), eps=3e-6)
    assert found.tolist() == pytest.approx([0.5, -0.5], rel=1e-5)


def test_a_softmax_computes_in_the_type_it_is_asked_for():
    import torch

    found = torch.nn.functional.softmax(
        torch.tensor([0.0, 1.0], dtype=torch.bfloat16), dim=-1, dtype=torch.float32
    )
    assert found.dtype == torch.float32
    assert found[0].item() == pytest.approx(1 / (1 + math.e), rel=1e-6)


def test_of_equal_values_argmax_takes_the_first():
    """As documented: if there are several maximal values, the index of the first."""
    import torch

    rows = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]])
    assert torch.argmax(rows, dim=-1).tolist() == [1, 0]


def test_dropout_does_nothing_in_evaluation_and_scales_in_training():
    import torch

    layer, ones = torch.nn.Dropout(0.5), torch.ones(1000)
    assert layer.eval()(ones).equal(ones)
    torch.manual_seed(0)
    assert set(layer.train()(ones).tolist()) == {0.0, 2.0}


def test_a_seed_repeats_what_is_drawn():
    import torch

    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append((torch.rand(4).tolist(), torch.multinomial(torch.ones(50), 4).tolist()))
    assert drawn[0] == drawn[1] != drawn[2]


def test_labels_of_minus_100_count_neither_in_the_loss_nor_in_its_mean():
    """Two of three rows count, each with the loss log 2."""
    import torch

    logits = torch.zeros(3, 2)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([0, -100, 1]))
    assert loss.item() == pytest.approx(math.log(2), rel=1e-6)


def test_adamw_decays_a_weight_that_has_no_gradient():
    """One step multiplies it by 1 - lr * weight_decay = 0.95, the gradient being zero."""
    import torch

    weight = torch.nn.Parameter(torch.ones(1))
    weight.grad = torch.zeros(1)
    torch.optim.AdamW([weight], lr=0.1, weight_decay=0.5).step()
    assert weight.item() == pytest.approx(0.95, rel=1e-6)


def test_a_state_with_a_missing_key_is_refused():
    import torch

    with pytest.raises(RuntimeError, match="bias"):
        torch.nn.Linear(2, 2).load_state_dict({"weight": torch.zeros(2, 2)})


def test_what_a_hook_returns_is_the_output_until_it_is_removed():
    import torch

    layer, ones = torch.nn.Identity(), torch.ones(3)
    handle = layer.register_forward_hook(lambda module, args, output: output * 2)
    assert layer(ones).tolist() == [2.0, 2.0, 2.0]
    handle.remove()
    assert layer(ones).equal(ones)
