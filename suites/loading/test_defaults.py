"""`from_pretrained` with no arguments, and with the arguments that documents give it."""

from __future__ import annotations

from harness.measure.memory import tensor_bytes
from harness.plugin import documents, precisions, requires, tier

pytestmark = tier("quick")


@precisions("float32")
def test_no_arguments_give_this_dtype_and_attention(load, observe):
    model = load()
    observe.exact("dtype", str(model.dtype))
    observe.exact("attention", model.config._attn_implementation)
    observe.exact("device", model.device.type)
    assert not model.training


@precisions("float32")
@documents("precision.dtype-kwarg")
def test_half_precision_halves_the_bytes(load, model):
    import torch

    half = load(dtype=torch.float16)
    floating = sum(p.numel() for p in half.parameters() if p.is_floating_point())
    assert {p.dtype for p in half.parameters()} == {torch.float16}
    assert tensor_bytes(model) - tensor_bytes(half) >= 2 * floating


@precisions("float32")
@documents("precision.torch-dtype-kwarg")
def test_torch_dtype_is_answered_like_this(load, observe):
    import torch

    try:
        outcome = str(load(torch_dtype=torch.float16).dtype)
    except Exception as error:
        outcome = type(error).__name__
    observe.exact("outcome", outcome)


@precisions("float32")
@documents("precision.load-in-4bit-kwarg")
@requires("bitsandbytes")
def test_load_in_4bit_given_directly_is_answered_like_this(load, observe):
    try:
        outcome = type(load(load_in_4bit=True)).__name__
    except Exception as error:
        outcome = type(error).__name__
    observe.exact("outcome", outcome)


@requires("transformers", "bitsandbytes")
@documents("precision.nf4-claimed-default")
def test_the_4_bit_configuration_defaults_to_these_fields(observe):
    import transformers

    config = transformers.BitsAndBytesConfig(load_in_4bit=True)
    observe.exact("quant type", config.bnb_4bit_quant_type)
    observe.exact("double quantisation", config.bnb_4bit_use_double_quant)
    observe.exact("compute dtype", str(config.bnb_4bit_compute_dtype))


@requires("transformers", "bitsandbytes")
def test_the_8_bit_configuration_defaults_to_these_fields(observe):
    import transformers

    config = transformers.BitsAndBytesConfig(load_in_8bit=True)
    observe.exact("threshold", config.llm_int8_threshold)
    observe.exact("skipped modules", config.llm_int8_skip_modules)
    observe.exact("float16 weights", config.llm_int8_has_fp16_weight)
