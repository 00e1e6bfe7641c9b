"""What each model type is: the fields of its configuration, the keys of its weights, its ties."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from harness.measure import surface
from harness.plugin import tier

pytestmark = pytest.mark.requires("transformers", "torch")

TABLES = tomllib.loads(Path(__file__).with_name("architectures.toml").read_text(encoding="utf-8"))
COMMON = TABLES.pop("common")
AUTO = {name: auto for auto, types in TABLES.items() for name in types}

QUICK = ("gpt2", "gpt_neox", "llama", "mamba")


def types():
    for name in AUTO:
        yield pytest.param(name, marks=[tier("quick")] if name in QUICK else [])


def build(model_type):
    """A tiny model of the type with weights as its library draws them."""
    import transformers

    # a name that the type does not use for its sizes is not given to it
    known = transformers.AutoConfig.for_model(model_type)
    names = {**getattr(known, "attribute_map", {}), **known.to_dict()}
    common = {key: value for key, value in COMMON.items() if key in names or hasattr(known, key)}
    sizes = common | TABLES[AUTO[model_type]][model_type]
    config = transformers.AutoConfig.for_model(model_type, **sizes)
    return getattr(transformers, AUTO[model_type]).from_config(config)


def keys_of(model):
    """Keys with the numbers of layers and experts as *, each with how many and of what shape."""
    found: dict[str, list[str]] = {}
    for key, tensor in model.state_dict().items():
        shape = "x".join(map(str, tensor.shape)) or "single"
        found.setdefault(re.sub(r"\.\d+(?=\.)", ".*", key), []).append(shape)
    return {
        key: f"{len(shapes)} of {', '.join(dict.fromkeys(shapes))}" for key, shapes in found.items()
    }


def test_configurations_have_these_fields_and_defaults_in_common(observe):
    import transformers

    observe.surface("fields", surface.fields_of(transformers.PretrainedConfig()))


@pytest.mark.parametrize("model_type", list(AUTO))
def test_a_configuration_has_these_fields_and_defaults(model_type, observe):
    """Of its own, or other than those that all have in common."""
    import transformers

    config = transformers.AutoConfig.for_model(model_type)
    assert config.model_type == model_type
    common = surface.fields_of(transformers.PretrainedConfig())
    fields = surface.fields_of(config)
    observe.surface("fields", {n: row for n, row in fields.items() if common.get(n) != row})


@pytest.mark.parametrize("model_type", list(types()))
def test_a_model_has_these_weights_and_is_this(model_type, observe):
    model = build(model_type)
    head = model.get_output_embeddings()
    observe.exact("keys", keys_of(model))
    observe.exact(
        "identity",
        {
            "class": type(model).__name__,
            "parameters": model.num_parameters(),
            "buffers": sorted({name.rpartition(".")[2] for name, _ in model.named_buffers()}),
            "dtype": str(model.dtype),
            "tied": head is not None and head.weight is model.get_input_embeddings().weight,
            "attention": model.config._attn_implementation,
            "can generate": model.can_generate(),
            "modules": len(list(model.modules())),
        },
    )


@pytest.mark.parametrize(
    "mapping",
    [
        "CONFIG_MAPPING_NAMES",
        "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
        "MODEL_FOR_MASKED_LM_MAPPING_NAMES",
        "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
        "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES",
        "MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES",
        "TOKENIZER_MAPPING_NAMES",
    ],
)
def test_these_model_types_are_known_to_the_auto_classes(mapping, observe):
    from transformers.models.auto import configuration_auto, modeling_auto, tokenization_auto

    homes = (configuration_auto, modeling_auto, tokenization_auto)
    found = next((vars(home)[mapping] for home in homes if mapping in vars(home)), {})
    assert found
    observe.surface("types", {name: surface.brief(made) for name, made in sorted(found.items())})
