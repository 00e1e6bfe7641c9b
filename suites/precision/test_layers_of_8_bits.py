"""bitsandbytes' int8 against its definition: Dettmers et al. 2022, "LLM.int8()", section 3."""

from __future__ import annotations

import copy

import pytest

pytestmark = pytest.mark.requires("bitsandbytes", "torch")

ROWS, COLUMNS = 96, 128


def inputs(rows=5):
    import torch

    return torch.randn(rows, COLUMNS, generator=torch.Generator().manual_seed(2))


def test_rows_are_rounded_to_the_nearest_of_255_steps():
    import torch
    from bitsandbytes import functional

    x = inputs().half()
    coded, scales, _ = functional.int8_vectorwise_quant(x.clone())
    absmax = x.float().abs().amax(1)
    torch.testing.assert_close(scales, absmax)
    exact = x.float() * 127 / absmax[:, None]
    assert (coded.float() - exact).abs().max() <= 0.5 + 0.07
    assert abs(float((coded.float() - exact).mean())) < 0.05


def layer_of_8_bits(threshold=0.0):
    """A Linear8bitLt with a bias, and the weight that went in."""
    import bitsandbytes as bnb
    import torch

    weight = torch.randn(ROWS, COLUMNS, generator=torch.Generator().manual_seed(1))
    layer = bnb.nn.Linear8bitLt(COLUMNS, ROWS, has_fp16_weights=False, threshold=threshold)
    layer.weight = bnb.nn.Int8Params(weight.half(), requires_grad=False, has_fp16_weights=False)
    layer.bias = torch.nn.Parameter(torch.linspace(-3, 3, ROWS))
    return layer.to("cpu").eval(), weight


def computed(layer, x):
    import torch

    with torch.no_grad():
        return layer(x.half()).float()


def test_a_layer_of_8_bits_computes_within_a_hundredth():
    layer, weight = layer_of_8_bits()
    expected = inputs() @ weight.T + layer.bias.detach().float()
    found = computed(layer, inputs())
    assert (found - expected).norm() < 0.01 * expected.norm()


def test_columns_beyond_the_threshold_are_not_rounded():
    """One column of 80 leaves the others a step of 80/127 each where it counts with them."""
    x = inputs()
    x[:, 3] = 80.0
    errors = {}
    for threshold in (0.0, 6.0):
        layer, weight = layer_of_8_bits(threshold)
        expected = x @ weight.T + layer.bias.detach().float()
        errors[threshold] = float((computed(layer, x) - expected).norm() / expected.norm())
    assert errors[6.0] < 0.01
    assert errors[0.0] > 1.5 * errors[6.0]


def test_a_copied_layer_computes_alike():
    import torch

    layer, _ = layer_of_8_bits()
    expected = computed(copy.deepcopy(layer), inputs())
    assert torch.equal(computed(layer, inputs()), expected)


def test_a_layer_of_8_bits_is_saved_with_its_scales(observe):
    import torch

    layer, weight = layer_of_8_bits()
    saved = layer.state_dict()
    observe.exact("keys", sorted(saved))
    torch.testing.assert_close(saved["SCB"], weight.half().float().abs().amax(1))
    other, _ = layer_of_8_bits()
    other.weight.data.zero_()
    other.load_state_dict(saved)
    assert torch.equal(computed(other, inputs()), computed(layer, inputs()))


def test_an_embedding_of_8_bits_gives_its_rounded_rows():
    import bitsandbytes as bnb
    import torch

    table = torch.randn(20, COLUMNS, generator=torch.Generator().manual_seed(3)).half()
    embedding = bnb.nn.Embedding8bit(20, COLUMNS, dtype=torch.float32)
    embedding.weight = bnb.nn.Int8Params(table, requires_grad=False, has_fp16_weights=False)
    ids = torch.tensor([[3, 19], [0, 3]])
    found = embedding.to("cpu")(ids).float()
    step = table.float().abs().amax(1)[ids][..., None] / 127
    assert found.shape == (2, 2, COLUMNS)
    assert ((found - table.float()[ids]).abs() <= 0.51 * step + 1e-3 * found.abs()).all()
