"""Models of transformers, called with nothing that may be left out: what comes back."""

from __future__ import annotations

import pytest

from harness.measure.surface import brief
from harness.measure.wording import answer, returned
from harness.plugin import tier

pytestmark = pytest.mark.requires("transformers", "torch", "tokenizers", "accelerate")

AUTO = (
    "AutoModel",
    "AutoModelForCausalLM",
    "AutoModelForSequenceClassification",
    "AutoModelForTokenClassification",
    "AutoModelForQuestionAnswering",
)


def _ids(*ids):
    import torch

    return torch.tensor([ids])


def _config(dtype=None):
    """The configuration of a tiny Llama, of the dtype that `dtype` names in a config.json."""
    from transformers import LlamaConfig

    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 64}
    return LlamaConfig(**sizes, **heads, **({"torch_dtype": dtype} if dtype else {}))


def identity(model):
    head = model.get_output_embeddings()
    return {
        "class": type(model).__name__,
        "configuration": type(model.config).__name__,
        "dtype": str(model.dtype),
        "dtypes": sorted({str(parameter.dtype) for parameter in model.parameters()}),
        "dtype told": str(getattr(model.config, "torch_dtype", None)),
        "device": str(model.device),
        "training": model.training,
        "parameters": model.num_parameters(),
        "footprint": model.get_memory_footprint(),
        "attention": model.config._attn_implementation,
        "tied": head is not None and head.weight is model.get_input_embeddings().weight,
        "gradients": all(parameter.requires_grad for parameter in model.parameters()),
        "checkpointing": model.is_gradient_checkpointing,
        "cache used": bool(getattr(model.config, "use_cache", False)),
        "device map": brief(getattr(model, "hf_device_map", None)),
    }


ATTRIBUTES = (
    "torch_dtype",
    "dtype",
    "rope_theta",
    "rope_scaling",
    "rope_parameters",
    "head_dim",
    "use_cache",
    "return_dict",
    "use_return_dict",
    "output_attentions",
    "output_hidden_states",
    "tie_word_embeddings",
    "is_decoder",
    "num_labels",
    "id2label",
    "_attn_implementation",
    "max_length",
    "temperature",
    "do_sample",
    "layer_types",
)


@pytest.mark.parametrize(
    "dtype", [pytest.param("bfloat16", marks=tier("quick")), "float16", "float32"]
)
def test_from_pretrained_of_a_checkpoint_gives_this(dtype, tiny, observe):
    from transformers import AutoModelForCausalLM

    from harness.subjects.checkpoints import write_llama

    folder = write_llama(tiny.folder / dtype, dtype)
    observe.exact("identity", identity(AutoModelForCausalLM.from_pretrained(folder)))


@pytest.mark.parametrize("auto", AUTO)
def test_from_pretrained_of_each_auto_class_gives_this(auto, tiny, observe):
    import transformers

    model = getattr(transformers, auto).from_pretrained(tiny.checkpoint)
    told = identity(model)
    observe.exact("identity", told)
    observe.exact("labels", model.config.num_labels)


def test_from_pretrained_of_a_checkpoint_that_tells_no_dtype_gives_this(tiny, observe):
    import json

    from transformers import AutoModelForCausalLM

    folder = tiny.copy()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del config["torch_dtype"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    observe.exact("identity", identity(AutoModelForCausalLM.from_pretrained(folder)))


@tier("quick")
@pytest.mark.parametrize("dtype", ["none told", "bfloat16", "float16"])
def test_from_config_gives_this(dtype, observe):
    from transformers import AutoModelForCausalLM

    config = _config(None if dtype == "none told" else dtype)
    told = identity(AutoModelForCausalLM.from_config(config))
    observe.exact("identity", told)


def test_a_class_called_with_a_configuration_gives_this(observe):
    from transformers import LlamaForCausalLM

    observe.exact("identity", identity(LlamaForCausalLM(_config("bfloat16"))))


@tier("quick")
def test_a_forward_pass_returns_this(tiny, observe):
    output = tiny.model(_ids(5, 6, 7))
    observe.exact("class", type(output).__name__)
    observe.exact("fields", {name: returned(value) for name, value in output.items()})
    observe.exact("length", len(output))
    observe.exact("gradient", output.logits.grad_fn is not None)
    assert output[0] is output.logits


@tier("quick")
def test_the_cache_that_a_forward_pass_returns_answers_like_this(tiny, observe):
    cache = tiny.model(_ids(5, 6, 7)).past_key_values
    uses = {
        "class": lambda: type(cache).__name__,
        "is a tuple": lambda: isinstance(cache, tuple),
        "cache[0]": lambda: [list(tensor.shape) for tensor in cache[0][:2]],
        "cache[0][0]": lambda: returned(cache[0][0]),
        "len": lambda: len(cache),
        "iterated": lambda: [len(layer) for layer in cache],
        "to_legacy_cache": lambda: len(cache.to_legacy_cache()),
        "key_cache": lambda: len(cache.key_cache),
        "layers": lambda: [type(layer).__name__ for layer in cache.layers],
        "get_seq_length": lambda: cache.get_seq_length(),
        "given back": lambda: returned(tiny.model(_ids(8), past_key_values=cache).logits),
        "given back as a tuple": lambda: returned(
            tiny.model(_ids(8), past_key_values=cache.to_legacy_cache()).logits
        ),
    }
    for use, call in uses.items():
        observe.exact(use, answer(call).kind)


def test_what_is_asked_of_a_forward_pass_comes_back_like_this(tiny, observe):
    asked = {
        "labels": lambda: tiny.model(_ids(5, 6, 7), labels=_ids(5, 6, 7)),
        "hidden states": lambda: tiny.model(_ids(5, 6, 7), output_hidden_states=True),
        "no cache": lambda: tiny.model(_ids(5, 6, 7), use_cache=False),
        "a tuple": lambda: tiny.model(_ids(5, 6, 7), return_dict=False),
        "last logits": lambda: tiny.model(_ids(5, 6, 7), logits_to_keep=1),
    }
    for name, call in asked.items():
        output = call()
        values = output.items() if hasattr(output, "items") else enumerate(output)
        observe.exact(name, {str(key): shape(value) for key, value in values})


def shape(value):
    return [returned(item) for item in value] if isinstance(value, tuple) else returned(value)


@tier("quick")
def test_generate_returns_this(tiny, observe):
    """With no argument but the prompt: the length is a default, and sampling is off."""
    import torch

    first, second = (tiny.model.generate(_ids(5, 6, 7)) for _ in range(2))
    observe.exact("returns", returned(first))
    observe.exact("prompt stands before", first[0, :3].tolist() == [5, 6, 7])
    assert torch.equal(first, second)


def test_generate_without_a_prompt_returns_this(tiny, observe):
    observe.exact("answer", answer(lambda: tiny.model.generate()).kind)


def test_generate_asked_for_more_returns_this(tiny, observe):
    settings = {"max_new_tokens": 2, "pad_token_id": 0, "eos_token_id": 300}
    asked = {
        "dictionary": {"return_dict_in_generate": True},
        "scores": {"return_dict_in_generate": True, "output_scores": True},
        "logits": {"return_dict_in_generate": True, "output_logits": True},
        "beams": {"return_dict_in_generate": True, "num_beams": 2, "output_scores": True},
    }
    for name, arguments in asked.items():
        output = tiny.model.generate(_ids(5, 6), **settings, **arguments)
        observe.exact(name, [type(output).__name__, *(f"{k}: {shape(output[k])}" for k in output)])


def test_the_generation_configuration_of_a_loaded_model_has_these_fields(tiny, observe):
    fields = tiny.model.generation_config.to_dict()
    told = {name: brief(value) for name, value in sorted(fields.items())}
    observe.surface("fields", {name: row for name, row in told.items() if "version" not in name})


def test_methods_of_a_model_return_this(tiny, observe):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny.checkpoint)
    calls = {
        "num_parameters": lambda: model.num_parameters(),
        "num_parameters but embeddings": lambda: model.num_parameters(exclude_embeddings=True),
        "get_memory_footprint": lambda: model.get_memory_footprint(),
        "get_input_embeddings": lambda: type(model.get_input_embeddings()).__name__,
        "get_output_embeddings": lambda: type(model.get_output_embeddings()).__name__,
        "resize_token_embeddings": lambda: returned(model.resize_token_embeddings(260).weight),
        "base_model": lambda: type(model.base_model).__name__,
        "framework": lambda: model.framework,
        "main_input_name": lambda: model.main_input_name,
        "dummy_inputs": lambda: sorted(model.dummy_inputs),
        "tie_weights": lambda: model.tie_weights(),
        "half": lambda: str(model.half().dtype),
        "train": lambda: model.train().training,
        "gradient_checkpointing_enable": lambda: (
            model.gradient_checkpointing_enable(),
            model.is_gradient_checkpointing,
        ),
        "save_pretrained": lambda: model.save_pretrained(tiny.folder),
    }
    for name, call in calls.items():
        observe.exact(name, answer(call).kind)


def test_a_configuration_alone_answers_like_this(tiny, observe):
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(tiny.checkpoint)
    for name in ATTRIBUTES:
        observe.exact(name, answer(lambda name=name: getattr(config, name)).kind)
