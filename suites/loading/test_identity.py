"""What a loaded model is, before it computes anything."""

from __future__ import annotations

from collections import Counter

from harness.measure.logits import has_vocabulary_head
from harness.measure.tokens import digest
from harness.plugin import documents, needs, precisions, tier

pytestmark = tier("quick")

VOLATILE = ("transformers_version", "_name_or_path", "quantization_config", "torch_dtype", "dtype")


def test_the_classes_are_these(model, observe):
    observe.exact("model", type(model).__name__)
    observe.exact("module", type(model).__module__)
    observe.exact("config", type(model.config).__name__)


def test_parameters_have_these_dtypes(model, observe):
    counts = Counter(str(parameter.dtype) for parameter in model.parameters())
    observe.exact("dtypes", dict(sorted(counts.items())))
    observe.exact("model dtype", str(model.dtype))


def test_buffers_have_these_dtypes(model, observe):
    counts = Counter(str(buffer.dtype) for buffer in model.buffers())
    observe.exact("dtypes", dict(sorted(counts.items())))


def test_the_parameter_count_is_this(model, observe):
    assert observe.exact("parameters", model.num_parameters()) > 0
    observe.exact("tensors", sum(1 for _ in model.parameters()))


def test_get_memory_footprint_gives_this(model, observe):
    assert observe.exact("bytes", model.get_memory_footprint()) > 0


def test_the_attention_implementation_is_this(model, observe):
    observe.exact("attention", model.config._attn_implementation)


def test_modules_are_of_these_classes(model, observe):
    classes = Counter(type(module).__name__ for module in model.modules())
    observe.exact("classes", dict(sorted(classes.items())))


@precisions("int8", "nf4", "fp4")
@documents("bnb.nf4-cpu", "bnb.int8-cpu")
def test_linear_layers_are_quantised_but_for_the_head(model, cell, observe):
    import bitsandbytes

    quantised = (
        bitsandbytes.nn.Linear8bitLt if cell.precision == "int8" else bitsandbytes.nn.Linear4bit
    )
    names = [name for name, module in model.named_modules() if isinstance(module, quantised)]
    assert names
    observe.exact("quantised", len(names))
    observe.exact("first and last", [names[0], names[-1]])
    head = model.get_output_embeddings()
    assert head is None or not isinstance(head, quantised)


def test_the_state_dict_has_these_keys(cell, fresh_model, observe):
    keys = sorted(fresh_model.state_dict())
    observe.exact("count", len(keys))
    observe.exact("digest", digest(keys))
    observe.exact("some", keys[:: max(1, len(keys) // 12)])


def test_embeddings_are_tied_as_the_configuration_says(model, observe):
    if not has_vocabulary_head(model):
        observe.exact("tied", "no head")
        return
    shared = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert observe.exact("tied", shared) == bool(model.config.tie_word_embeddings)


def test_the_configuration_has_these_fields(model, observe):
    fields = model.config.to_dict()
    kept = {name: value for name, value in fields.items() if name not in VOLATILE}
    observe.exact("fields", kept)


@precisions("int8", "nf4", "fp4")
def test_the_quantisation_configuration_has_these_fields(model, observe):
    config = model.config.quantization_config
    fields = config if isinstance(config, dict) else config.to_dict()
    observe.exact("fields", {name: str(value) for name, value in sorted(fields.items())})


def test_every_tensor_lies_on_the_cells_device(model, cell):
    devices = {tensor.device.type for tensor in (*model.parameters(), *model.buffers())}
    assert devices == {str(cell.device).partition(":")[0]}


@needs("causal-lm")
def test_a_forward_pass_returns_these_types(model, observe):
    import torch

    with torch.no_grad():
        output = model(torch.tensor([[1, 2, 3]], device=model.device))
    observe.exact("class", type(output).__name__)
    observe.exact("keys", list(output.keys()))
    observe.exact("cache", type(output.past_key_values).__name__)
    observe.exact("logits dtype", str(output.logits.dtype))
    assert list(output.logits.shape) == [1, 3, model.config.vocab_size]


@needs("encoder")
def test_an_encoder_returns_these_types(model, observe):
    import torch

    with torch.no_grad():
        output = model(torch.tensor([[1, 2, 3]], device=model.device))
    observe.exact("class", type(output).__name__)
    observe.exact("keys", list(output.keys()))
    observe.exact("dtype", str(output[0].dtype))
    assert list(output[0].shape[:2]) == [1, 3]


@needs("causal-lm")
@precisions("float32")
def test_an_old_cache_can_be_indexed_like_this(model, observe):
    import torch

    with torch.no_grad():
        cache = model(torch.tensor([[1, 2, 3]], device=model.device)).past_key_values
    try:
        outcome = [list(tensor.shape) for tensor in cache[0][:2]]
    except Exception as error:
        outcome = type(error).__name__
    observe.exact("first layer", outcome)
