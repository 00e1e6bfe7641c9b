"""Auto classes: which model they build for which architecture, and what its head returns."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires, tier
from harness.subjects.standins import fill

pytestmark = [requires("transformers", "torch"), tier("quick")]


@pytest.mark.parametrize(
    ("auto", "architecture", "expected"),
    [
        pytest.param(
            "AutoModel",
            "bert",
            "BertModel",
            marks=documents("auto.family.AutoModel.bert"),
        ),
        pytest.param(
            "AutoModel",
            "roberta",
            "RobertaModel",
            marks=documents("auto.family.AutoModel.roberta"),
        ),
        pytest.param(
            "AutoModel",
            "deberta",
            "DebertaModel",
            marks=documents("auto.family.AutoModel.deberta"),
        ),
        pytest.param(
            "AutoModelForSequenceClassification",
            "bert",
            "BertForSequenceClassification",
            marks=documents("auto.family.AutoModelForSequenceClassification.bert"),
        ),
        pytest.param(
            "AutoModelForSequenceClassification",
            "roberta",
            "RobertaForSequenceClassification",
            marks=documents("auto.family.AutoModelForSequenceClassification.roberta"),
        ),
        pytest.param(
            "AutoModelForSequenceClassification",
            "deberta",
            "DebertaForSequenceClassification",
            marks=documents("auto.family.AutoModelForSequenceClassification.deberta"),
        ),
        pytest.param(
            "AutoModelForCausalLM",
            "gpt2",
            "GPT2LMHeadModel",
            marks=documents("auto.family.AutoModelForCausalLM.gpt2"),
        ),
        pytest.param(
            "AutoModelForCausalLM",
            "llama",
            "LlamaForCausalLM",
            marks=documents("auto.family.AutoModelForCausalLM.llama"),
        ),
        pytest.param(
            "AutoModelForCausalLM",
            "mistral",
            "MistralForCausalLM",
            marks=documents("auto.family.AutoModelForCausalLM.mistral"),
        ),
        pytest.param(
            "AutoModelForCausalLM",
            "falcon",
            "FalconForCausalLM",
            marks=documents("auto.family.AutoModelForCausalLM.falcon"),
        ),
        pytest.param(
            "AutoModelForSeq2SeqLM",
            "t5",
            "T5ForConditionalGeneration",
            marks=documents("auto.family.AutoModelForSeq2SeqLM.t5"),
        ),
        pytest.param(
            "AutoModelForSeq2SeqLM",
            "bart",
            "BartForConditionalGeneration",
            marks=documents("auto.family.AutoModelForSeq2SeqLM.bart"),
        ),
        pytest.param(
            "AutoModelForSeq2SeqLM",
            "mbart",
            "MBartForConditionalGeneration",
            marks=documents("auto.family.AutoModelForSeq2SeqLM.mbart"),
        ),
    ],
)
def test_an_auto_class_builds_the_familys_model(auto, architecture, expected, tiny_config, observe):
    built = build(auto, tiny_config(architecture))
    claim = f"auto.family.{auto}.{architecture}"
    name = type(built).__name__
    observe.claim(claim, name, holds=name == expected)


@pytest.mark.parametrize(
    ("task", "architecture", "expected"),
    [
        pytest.param(
            "CausalLM", "gpt2", {"logits": [2, 5, 64]}, marks=documents("auto.head.CausalLM")
        ),
        pytest.param(
            "Seq2SeqLM", "t5", {"logits": [2, 3, 64]}, marks=documents("auto.head.Seq2SeqLM")
        ),
        pytest.param(
            "SequenceClassification",
            "bert",
            {"logits": [2, 4]},
            marks=documents("auto.head.SequenceClassification"),
        ),
        pytest.param(
            "TokenClassification",
            "bert",
            {"logits": [2, 5, 4]},
            marks=documents("auto.head.TokenClassification"),
        ),
        pytest.param(
            "QuestionAnswering",
            "bert",
            {"end_logits": [2, 5], "start_logits": [2, 5]},
            marks=documents("auto.head.QuestionAnswering"),
        ),
        pytest.param(
            "MaskedLM", "bert", {"logits": [2, 5, 64]}, marks=documents("auto.head.MaskedLM")
        ),
    ],
)
def test_a_head_returns_logits_of_this_shape(task, architecture, expected, tiny_config, observe):
    """Two sequences of 5 tokens (3 on the decoder's side), 4 labels, a vocabulary of 64."""
    import torch

    more = {"num_labels": 4} if task.endswith("Classification") else {}
    model = fill(build(f"AutoModelFor{task}", tiny_config(architecture, **more)))
    ids = torch.arange(10).reshape(2, 5) + 3
    inputs = {"input_ids": ids}
    if task == "Seq2SeqLM":
        inputs["decoder_input_ids"] = ids[:, :3]
    with torch.no_grad():
        output = model(**inputs)
    shapes = {key: list(value.shape) for key, value in output.items() if key.endswith("logits")}
    observe.claim(f"auto.head.{task}", shapes, holds=shapes == expected)


@pytest.mark.parametrize(
    ("auto", "architecture"),
    [
        ("AutoModel", "bert"),
        ("AutoModelForCausalLM", "mistral"),
        ("AutoModelForSeq2SeqLM", "t5"),
        ("AutoModelForSequenceClassification", "distilbert"),
    ],
)
@documents("auto.resolves-architecture")
def test_a_saved_model_comes_back_in_the_class_that_its_configuration_names(
    auto, architecture, tiny_config, work_dir
):
    import transformers

    model = fill(build(auto, tiny_config(architecture)))
    model.save_pretrained(work_dir)
    again = getattr(transformers, auto).from_pretrained(work_dir)
    assert type(again) is type(model)
    assert type(again.config) is type(model.config)
    before, after = model.state_dict(), again.state_dict()
    assert list(before) == list(after)
    assert all(before[name].equal(after[name]) for name in before)


@tier("default")
@documents("auto.family.must-match")
def test_a_class_of_another_family_is_refused(tiny_config, observe):
    """Each class with an architecture from outside the families that the documents give it.

    The claim does not hold where any such pair is built without an error.
    """
    found = {
        f"{auto} of {architecture}": what_comes_of(auto, tiny_config(architecture))
        for auto, architecture in (
            ("AutoModelForSeq2SeqLM", "gpt2"),
            ("AutoModelForCausalLM", "t5"),
            ("AutoModelForSeq2SeqLM", "bert"),
            ("AutoModelForMaskedLM", "llama"),
            ("AutoModelForCausalLM", "bert"),
            ("AutoModelForCausalLM", "bart"),
            ("AutoModelForSequenceClassification", "gpt2"),
            ("AutoModelForSequenceClassification", "t5"),
            ("AutoModel", "gpt2"),
        )
    }
    refused = [ended for ended in found.values() if ended == "ValueError"]
    observe.claim("auto.family.must-match", found, holds=len(refused) == len(found))


@documents("save.bert-as-causal")
def test_an_encoder_loads_as_a_causal_model_that_still_sees_later_tokens(
    tiny_config, work_dir, observe
):
    """The documents load bert-base-uncased by AutoModelForCausalLM."""
    import torch
    import transformers

    fill(transformers.BertForMaskedLM(tiny_config("bert"))).save_pretrained(work_dir)
    model = transformers.AutoModelForCausalLM.from_pretrained(work_dir).eval()
    ids = torch.tensor([[3, 4, 5, 6], [3, 4, 5, 7]])
    with torch.no_grad():
        first, second = model(ids).logits
    name = type(model).__name__
    observe.claim("save.bert-as-causal", name, holds=name == "BertLMHeadModel")
    sees_later = not first[:3].equal(second[:3])
    assert observe.exact("an earlier position sees the last", sees_later)


def build(auto, config):
    import transformers

    return getattr(transformers, auto).from_config(config)


def what_comes_of(auto, config):
    try:
        return type(build(auto, config)).__name__
    except Exception as error:
        return type(error).__name__
