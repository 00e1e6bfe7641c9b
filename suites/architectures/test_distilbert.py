"""The configuration that the documents print for the SST-2 DistilBERT."""

from __future__ import annotations

import json

import pytest

from harness.plugin import documents, requires, tier

pytestmark = [requires("transformers", "torch"), tier("quick")]

PRINTED = {
    "activation": "gelu",
    "architectures": ["DistilBertForSequenceClassification"],
    "attention_dropout": 0.1,
    "dim": 768,
    "dropout": 0.1,
    "finetuning_task": "sst-2",
    "hidden_dim": 3072,
    "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
    "initializer_range": 0.02,
    "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
    "max_position_embeddings": 512,
    "model_type": "distilbert",
    "n_heads": 12,
    "n_layers": 6,
    "output_past": True,
    "pad_token_id": 0,
    "qa_dropout": 0.1,
    "seq_classif_dropout": 0.2,
    "sinusoidal_pos_embds": False,
    "tie_weights_": True,
    "transformers_version": "4.53.3",
    "vocab_size": 30522,
}


@pytest.fixture
def loaded(work_dir):
    """The printed configuration as AutoConfig reads it from a folder."""
    import transformers

    (work_dir / "config.json").write_text(json.dumps(PRINTED))
    return transformers.AutoConfig.from_pretrained(work_dir)


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("dim", marks=documents("config.distilbert.dim")),
        pytest.param("hidden_dim", marks=documents("config.distilbert.hidden_dim")),
        pytest.param("n_heads", marks=documents("config.distilbert.n_heads")),
        pytest.param("n_layers", marks=documents("config.distilbert.n_layers")),
        pytest.param("vocab_size", marks=documents("config.distilbert.vocab_size")),
        pytest.param(
            "max_position_embeddings", marks=documents("config.distilbert.max_position_embeddings")
        ),
        pytest.param("activation", marks=documents("config.distilbert.activation")),
        pytest.param(
            "seq_classif_dropout", marks=documents("config.distilbert.seq_classif_dropout")
        ),
        pytest.param("qa_dropout", marks=documents("config.distilbert.qa_dropout")),
        pytest.param("attention_dropout", marks=documents("config.distilbert.attention_dropout")),
        pytest.param("pad_token_id", marks=documents("config.distilbert.pad_token_id")),
        pytest.param(
            "sinusoidal_pos_embds", marks=documents("config.distilbert.sinusoidal_pos_embds")
        ),
        pytest.param("initializer_range", marks=documents("config.distilbert.initializer_range")),
    ],
)
def test_a_field_is_the_architectures_default_and_survives_loading(field, loaded, observe):
    import transformers

    default = getattr(transformers.DistilBertConfig(), field)
    found = {"default": default, "loaded": getattr(loaded, field)}
    documented = PRINTED[field]
    holds = found == {"default": documented, "loaded": documented}
    observe.claim(f"config.distilbert.{field}", found, holds=holds)


@documents("config.distilbert.foreign-keys")
def test_keys_that_the_class_does_not_know_survive_loading(loaded, observe):
    keys = ("finetuning_task", "output_past", "tie_weights_")
    found = {key: getattr(loaded, key, None) for key in keys}
    printed = json.loads(str(loaded).partition(" ")[2])
    kept = all(printed.get(key) == PRINTED[key] == found[key] for key in keys)
    observe.claim("config.distilbert.foreign-keys", found, holds=kept)


@documents("config.distilbert.print")
def test_the_printed_configuration_prints_again_the_same(loaded, observe):
    """But for transformers_version, which is the running library's own."""
    name, _, text = str(loaded).partition(" ")
    printed = json.loads(text)
    differing = {
        key: [PRINTED.get(key), printed.get(key)]
        for key in sorted(set(PRINTED) | set(printed))
        if key != "transformers_version" and PRINTED.get(key) != printed.get(key)
    }
    only = {
        "class": name,
        "only documented": sorted(set(PRINTED) - set(printed)),
        "only printed": sorted(set(printed) - set(PRINTED)),
        "other values": sorted(key for key in differing if key in PRINTED and key in printed),
    }
    holds = name == "DistilBertConfig" and not differing
    observe.claim("config.distilbert.print", only, holds=holds)


@documents("config.distilbert.print")
def test_the_printed_configuration_builds_the_classifier_it_names(loaded, observe):
    import torch
    import transformers

    with torch.device("meta"):
        model = transformers.AutoModelForSequenceClassification.from_config(loaded)
    assert type(model).__name__ == PRINTED["architectures"][0]
    observe.exact("parameters", model.num_parameters())
    observe.exact("labels", {str(key): value for key, value in model.config.id2label.items()})
