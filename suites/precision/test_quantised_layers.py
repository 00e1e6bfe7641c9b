"""bitsandbytes' formats and layers of 4 bits against the papers, written out in plain torch.

NF4 and double quantisation: Dettmers et al. 2023, "QLoRA", sections 3 and E.
"""

from __future__ import annotations

import copy

import pytest

pytestmark = pytest.mark.requires("bitsandbytes", "torch")

NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
FP4 = (0.0, 0.0625, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
"""Of 12, with both signs: one bit of sign, two of exponent, one of mantissa."""

BLOCK = 64
ROWS, COLUMNS = 96, 128


def levels(kind):
    import torch

    if kind == "nf4":
        return torch.tensor(NF4)
    positive = torch.tensor(FP4) / 12
    return torch.cat([-positive.flip(0), positive])


def weights(rows=ROWS, columns=COLUMNS, seed=0):
    """Weights whose blocks have scales between 2e-5 and 2."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(rows, columns, generator=generator)
    return drawn * torch.logspace(-5, 0, rows)[:, None]


def rounded(weight, kind):
    """(`weight` rounded to the nearest level of its block's absmax, the absmax a block)."""
    blocks = weight.float().reshape(-1, BLOCK)
    absmax = blocks.abs().amax(1)
    table = levels(kind)
    nearest = (blocks / absmax[:, None])[..., None].sub(table).abs().argmin(-1)
    return (table[nearest] * absmax[:, None]).reshape(weight.shape), absmax


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
def test_blocks_of_64_are_rounded_to_the_types_16_levels(kind, observe):
    import torch
    from bitsandbytes import functional

    expected, absmax = rounded(weights(), kind)
    packed, state = functional.quantize_4bit(weights(), quant_type=kind)
    assert packed.numel() * 2 == weights().numel()
    assert torch.equal(state.absmax, absmax)
    torch.testing.assert_close(state.code.sort().values, levels(kind).sort().values)
    found = functional.dequantize_4bit(packed, state)
    torch.testing.assert_close(found, expected, rtol=1e-3 if kind == "fp4" else 1e-5, atol=0)
    observe.exact("shape, type, blocksize", [list(state.shape), state.quant_type, state.blocksize])


def test_without_a_type_it_is_this_one(observe):
    from bitsandbytes import functional, nn

    observe.exact("quantize_4bit", functional.quantize_4bit(weights())[1].quant_type)
    layers = {kind.__name__: kind(64, 64) for kind in (nn.Linear4bit, nn.LinearNF4, nn.LinearFP4)}
    observe.exact("layers", {name: layer.weight.quant_type for name, layer in layers.items()})
    observe.exact("nested", layers["Linear4bit"].weight.compress_statistics)
    observe.exact("blocksize", layers["Linear4bit"].weight.blocksize)


def test_double_quantisation_keeps_the_scales_in_8_bits_of_blocks_of_256():
    """Off by less than one step of 8 bits of the spread about their mean, which is kept."""
    import torch
    from bitsandbytes import functional

    weight = weights(rows=ROWS * 4)
    _, absmax = rounded(weight, "nf4")
    _, state = functional.quantize_4bit(weight, quant_type="nf4", compress_statistics=True)
    assert state.absmax.dtype == torch.uint8
    assert state.state2.blocksize == 256
    assert state.state2.absmax.numel() == -(-absmax.numel() // 256)
    torch.testing.assert_close(state.offset, absmax.mean())
    found = functional.dequantize_blockwise(state.absmax, state.state2) + state.offset
    spread = (absmax - absmax.mean()).abs().max()
    assert (found - absmax).abs().max() < spread / 50


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_what_is_dequantised_has_the_type_that_was_quantised(dtype):
    import torch
    from bitsandbytes import functional

    kind = getattr(torch, dtype)
    packed, state = functional.quantize_4bit(weights().to(kind), quant_type="nf4")
    assert functional.dequantize_4bit(packed, state).dtype == kind
    coded, state = functional.quantize_blockwise(weights().to(kind))
    assert functional.dequantize_blockwise(coded, state).dtype == kind


def test_blockwise_8_bits_come_back_within_a_step(observe):
    import torch
    from bitsandbytes import functional

    weight = weights()
    coded, state = functional.quantize_blockwise(weight, blocksize=64)
    found = functional.dequantize_blockwise(coded, state)
    scale = weight.reshape(-1, 64).abs().amax(1).repeat_interleave(64).reshape(weight.shape)
    assert torch.equal(state.absmax, weight.reshape(-1, 64).abs().amax(1))
    worst = float(((found - weight).abs() / scale).max())
    assert observe.numeric("worst error of a block", worst, scale=1.0) < 0.02


def layer_of_4_bits(kind="nf4", *, double=False, bias=True):
    """A Linear4bit, its weight and its bias before they were quantised."""
    import bitsandbytes as bnb
    import torch

    weight = torch.randn(ROWS, COLUMNS, generator=torch.Generator().manual_seed(1))
    layer = bnb.nn.Linear4bit(COLUMNS, ROWS, bias=bias, quant_type=kind, compress_statistics=double)
    layer.weight = bnb.nn.Params4bit(
        weight, requires_grad=False, quant_type=kind, compress_statistics=double, module=layer
    )
    if bias:
        layer.bias = torch.nn.Parameter(torch.linspace(-3, 3, ROWS))
    return layer.to("cpu"), weight, layer.bias


def inputs(rows=5):
    import torch

    return torch.randn(rows, COLUMNS, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
@pytest.mark.parametrize("double", [False, True])
def test_a_layer_of_4_bits_computes_with_its_rounded_weights(kind, double):
    """In training mode: in evaluation some processors multiply in bfloat16."""
    import torch
    from bitsandbytes import functional

    layer, weight, bias = layer_of_4_bits(kind, double=double)
    used = functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    expected, _ = rounded(weight, kind)
    assert (used - expected).abs().max() < (0.1 if double else 0.01)
    with torch.no_grad():
        found = layer.train()(inputs())
    torch.testing.assert_close(found, inputs() @ used.T + bias, rtol=1e-4, atol=1e-4)
    assert found.dtype == layer.compute_dtype == torch.float32


def test_a_layer_of_4_bits_computes_alike_in_evaluation():
    """Within what bfloat16 keeps, the bias included."""
    import torch
    from bitsandbytes import functional

    layer, _, bias = layer_of_4_bits()
    used = functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    with torch.no_grad():
        found = layer.eval()(inputs())
    expected = inputs() @ used.T + bias
    assert (found - expected).abs().max() < 0.02 * expected.abs().max()


def test_a_layer_of_4_bits_is_saved_with_its_state(observe):
    import bitsandbytes as bnb
    import torch

    for double in (False, True):
        layer, *_ = layer_of_4_bits(double=double)
        saved = layer.state_dict()
        observe.exact("double" if double else "single", sorted(saved))
        state = {name: value for name, value in saved.items() if name.startswith("weight.")}
        again = bnb.nn.Params4bit.from_prequantized(saved["weight"], state, device="cpu")
        assert torch.equal(
            bnb.functional.dequantize_4bit(again.data, again.quant_state),
            bnb.functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state),
        )


def test_gradients_pass_a_layer_of_4_bits_by_its_rounded_weights():
    import torch
    from bitsandbytes import functional

    layer, *_ = layer_of_4_bits()
    used = functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    x = inputs().requires_grad_()
    layer.train()(x).sum().backward()
    torch.testing.assert_close(x.grad, used.sum(0).expand_as(x), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(layer.bias.grad, torch.full((ROWS,), 5.0))


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
def test_an_embedding_of_4_bits_gives_its_rounded_rows(kind):
    import bitsandbytes as bnb
    import torch

    table = weights(rows=20)
    embedding = bnb.nn.Embedding4bit(20, COLUMNS, dtype=torch.float32, quant_type=kind)
    embedding.weight = bnb.nn.Params4bit(
        table, requires_grad=False, quant_type=kind, compress_statistics=False, module=embedding
    )
    expected, _ = rounded(table, kind)
    ids = torch.tensor([[3, 19], [0, 3]])
    found = embedding.to("cpu")(ids)
    torch.testing.assert_close(found, expected[ids], rtol=1e-3, atol=0)


def test_a_copied_layer_computes_alike():
    import torch

    layer, *_ = layer_of_4_bits()
    with torch.no_grad():
        expected = copy.deepcopy(layer).train()(inputs())
        assert torch.equal(layer.train()(inputs()), expected)
