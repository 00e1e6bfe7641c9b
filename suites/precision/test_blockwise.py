"""bitsandbytes' blockwise 8-bit quantisation of tensors, on the CPU."""

from __future__ import annotations

import pytest

from harness.plugin import requires, tier


@requires("bitsandbytes", "torch")
@tier("quick")
@pytest.mark.parametrize("name", ["float32", "float16", "bfloat16"])
def test_blockwise_quantisation_of_this_dtype_is_answered_like_this(name, observe):
    """Where it works, what comes back is within the widest step of the 8-bit code, 1/60 or so."""
    import bitsandbytes.functional as functional
    import torch

    values = torch.randn(256, generator=torch.Generator().manual_seed(3)).to(getattr(torch, name))
    try:
        quantised, state = functional.quantize_blockwise(values)
        back = functional.dequantize_blockwise(quantised, state)
    except Exception as error:
        observe.exact("outcome", type(error).__name__)
        return
    observe.exact("outcome", f"{quantised.dtype}, back in {back.dtype}")
    assert (back.float() - values.float()).abs().max() <= values.float().abs().max() / 60
