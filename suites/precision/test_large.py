"""What large models take in each precision: counted on the meta device, weighed by a small layer.

Sizes are in GB (1e9 bytes), weights and quantisation state; the embedding and the head stay
in float16 in a quantised model.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.measure.documented import about
from harness.measure.memory import quantisation_bytes, tensor_bytes
from harness.plugin import documents, requires

MISTRAL_7B = {
    "vocab_size": 32768,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
}
LLAMA_70B = {
    "vocab_size": 128256,
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
}


@dataclass(frozen=True)
class Count:
    """Parameters: those of the linear layers that are quantised, and the others."""

    linear: int
    other: int

    @property
    def all(self) -> int:
        return self.linear + self.other


@pytest.fixture
def mistral_7b(keep):
    return keep("7B", lambda: count("mistral", MISTRAL_7B, layers=32))


@pytest.fixture
def llama_70b(keep):
    return keep("70B", lambda: count("llama", LLAMA_70B, layers=80))


@requires("transformers", "torch")
def test_the_models_have_this_many_parameters(mistral_7b, llama_70b, observe):
    """Published: 7,248,023,552 for Mistral-7B-v0.3 and 70,553,706,496 for Llama 3 70B."""
    assert observe.exact("Mistral 7B", mistral_7b.all) == 7_248_023_552
    assert observe.exact("Llama 70B", llama_70b.all) == 70_553_706_496


@requires("transformers", "torch")
@pytest.mark.parametrize(
    ("name", "width", "documented"),
    [
        pytest.param("fp32", 4, 28, marks=documents("precision.table.fp32")),
        pytest.param("fp16", 2, 14, marks=documents("precision.table.fp16")),
    ],
)
def test_a_7b_model_takes_about_the_documented_size(mistral_7b, name, width, documented, observe):
    size = round(mistral_7b.all * width / 1e9, 1)
    observe.claim(f"precision.table.{name}", f"{size} GB", holds=about(documented, size))


@requires("transformers", "bitsandbytes", "torch")
@pytest.mark.parametrize(
    ("name", "documented"),
    [
        pytest.param("int8", 7, marks=documents("precision.table.int8")),
        pytest.param("nf4", 4, marks=documents("precision.table.nf4")),
    ],
)
def test_a_quantised_7b_model_takes_about_the_documented_size(
    mistral_7b, name, documented, observe
):
    size = round(quantised_size(mistral_7b, name), 1)
    observe.claim(f"precision.table.{name}", f"{size} GB", holds=about(documented, size))


@requires("transformers", "bitsandbytes", "torch")
@documents("precision.70b-on-24gb")
def test_a_70b_model_in_nf4_takes_more_than_24_gb_with_and_without_double_quantisation(
    llama_70b, observe
):
    """Weights alone, without cache and activations."""
    sizes = {
        "nf4": round(quantised_size(llama_70b, "nf4"), 1),
        "nf4, double quantisation": round(quantised_size(llama_70b, "nf4", double=True), 1),
    }
    fits = min(sizes.values()) <= 24
    observe.claim(
        "precision.70b-on-24gb", {f"{key} (GB)": v for key, v in sizes.items()}, holds=fits
    )


@requires("bitsandbytes", "torch")
def test_a_linear_layer_takes_this_much_a_parameter(observe):
    for name in ("int8", "nf4", "fp4"):
        observe.numeric(name, bytes_a_parameter(name), unit="bytes")
    observe.numeric("nf4, double quantisation", bytes_a_parameter("nf4", double=True), unit="bytes")
    assert bytes_a_parameter("nf4") == pytest.approx(0.5 + 4 / 64)
    assert bytes_a_parameter("int8") == pytest.approx(1, abs=0.01)


def count(architecture, sizes, *, layers):
    """Parameters of the whole model, from models of one and of two layers."""
    import torch
    import transformers

    def of(depth):
        config = transformers.AutoConfig.for_model(
            architecture, **sizes, num_hidden_layers=depth, tie_word_embeddings=False
        )
        with torch.device("meta"):
            model = transformers.AutoModelForCausalLM.from_config(config)
        linear = sum(
            module.weight.numel()
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear) and name != "lm_head"
        )
        return linear, model.num_parameters() - linear

    (linear, other), (linear_of_two, other_of_two) = of(1), of(2)
    return Count(
        linear + (layers - 1) * (linear_of_two - linear),
        other + (layers - 1) * (other_of_two - other),
    )


def quantised_size(counted, name, *, double=False):
    return (counted.linear * bytes_a_parameter(name, double=double) + counted.other * 2) / 1e9


def bytes_a_parameter(name, *, double=False):
    """What bitsandbytes adds for each parameter, code books and offsets of a layer left out."""
    small, large = (layer_bytes(name, width, double=double) for width in (512, 1024))
    return (large - small) / (1024**2 - 512**2)


def layer_bytes(name, width, *, double):
    import bitsandbytes as bnb
    import torch

    weight = torch.linspace(-1, 1, width * width).reshape(width, width)
    if name == "int8":
        layer = bnb.nn.Linear8bitLt(width, width, bias=False, has_fp16_weights=False)
        layer.weight = bnb.nn.Int8Params(weight.half(), requires_grad=False, has_fp16_weights=False)
    else:
        layer = bnb.nn.Linear4bit(
            width, width, bias=False, quant_type=name, compress_statistics=double
        )
        layer.weight = bnb.nn.Params4bit(
            weight, requires_grad=False, quant_type=name, compress_statistics=double, module=layer
        )
    layer = layer.to("cpu")
    return tensor_bytes(layer) + quantisation_bytes(layer)
