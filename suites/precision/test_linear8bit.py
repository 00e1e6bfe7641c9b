"""bitsandbytes' Linear8bitLt by itself, on the CPU: what is rounded, what the threshold does."""

from __future__ import annotations

import pytest

from harness.plugin import requires

DTYPES = ("float32", "float16", "bfloat16")
IN, OUT, ROWS = 64, 32, 4
OUTLIER = 9.0
"""In one column of the input: above the threshold of 6 that documents name for it."""


@pytest.fixture(params=DTYPES)
def dtype(request):
    import torch

    return getattr(torch, request.param)


@pytest.fixture
def weights():
    import torch

    return torch.randn(OUT, IN, generator=torch.Generator().manual_seed(1)) * 0.05


@pytest.fixture
def inputs():
    """Rows of size 1 with an outlier each in column 3. [row, input]"""
    import torch

    rows = torch.randn(ROWS, IN, generator=torch.Generator().manual_seed(2)).clamp(-3, 3)
    rows[:, 3] = OUTLIER
    return rows


def apply(weights, inputs, threshold):
    """What a layer quantised from `weights` makes of `inputs`, in their dtype. [row, output]"""
    import bitsandbytes as bnb
    import torch

    layer = bnb.nn.Linear8bitLt(IN, OUT, bias=False, has_fp16_weights=False, threshold=threshold)
    layer.weight = bnb.nn.Int8Params(weights, has_fp16_weights=False, requires_grad=False)
    with torch.no_grad():
        return layer.to("cpu")(inputs)


@requires("bitsandbytes", "torch")
def test_8_bits_stay_near_the_exact_product(weights, inputs, dtype, observe):
    """Within 2 %: a weight is rounded to a 254th of its row's largest, about 3 deviations.

    That is 1/254 x 3 / sqrt(12) = 0.34 % of a weight, and as much again for inputs.
    """
    exact = inputs.double() @ weights.double().T
    found = apply(weights.to(dtype), inputs.to(dtype), 6.0)
    assert found.dtype == dtype
    error = float((found.double() - exact).norm() / exact.norm())
    assert error < 0.02
    observe.exact("dtype", str(found.dtype))


@requires("bitsandbytes", "torch")
def test_the_threshold_of_outliers_does_this(weights, inputs, dtype, observe):
    """Inputs above it stay in 16 bits where inputs are rounded at all.

    Since 0.48 the CPU rounds no input, and the threshold changes nothing.
    """
    import torch

    found = [apply(weights.to(dtype), inputs.to(dtype), threshold) for threshold in (0.0, 6.0)]
    observe.exact("the threshold changes the numbers", not torch.equal(*found))


@requires("bitsandbytes", "torch")
def test_inputs_are_rounded_like_this(weights, inputs, dtype, observe):
    """A product with weights that 8 bits hold exactly differs from the exact one by the inputs."""
    import torch

    steps = (weights * 20).round().clamp(-127, 127)
    steps[:, 0] = 127
    exact = inputs.to(dtype).double() @ (steps.double() / 127).T
    found = apply((steps / 127).to(dtype), inputs.to(dtype), 6.0).double()
    error = float((found - exact).norm() / exact.norm())
    alone = {torch.float32: 1e-3, torch.float16: 1e-3, torch.bfloat16: 8e-3}[dtype]
    observe.exact("inputs are rounded to 8 bits", error > alone)
