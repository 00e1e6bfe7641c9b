"""Tokenizers, pipelines, collators and the trainer's settings, with nothing optional given."""

from __future__ import annotations

import pytest

from harness.measure.surface import brief, fields_of
from harness.measure.wording import answer, returned
from harness.plugin import tier

pytestmark = pytest.mark.requires("transformers", "torch", "tokenizers")

CHAT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]


def told(value):
    """The type of a value, and that of its first element or of each of its fields."""
    if hasattr(value, "keys"):
        fields = (f"{key}: {told(value[key])}" for key in value.keys())  # noqa: SIM118
        return f"{type(value).__name__} of {', '.join(fields)}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__} of {len(value)} {told(value[0]) if value else ''}".strip()
    return returned(value) if hasattr(value, "dtype") else type(value).__name__


ATTRIBUTES = (
    "is_fast",
    "padding_side",
    "truncation_side",
    "model_max_length",
    "vocab_size",
    "model_input_names",
    "pad_token",
    "bos_token",
    "eos_token",
    "unk_token",
    "pad_token_id",
    "all_special_tokens",
    "clean_up_tokenization_spaces",
    "add_bos_token",
    "add_eos_token",
    "split_special_tokens",
    "verbose",
)


@tier("quick")
def test_a_tokenizer_loads_as_this(tiny, observe):
    tokenizer = tiny.tokenizer
    observe.exact("class", type(tokenizer).__name__)
    observe.exact("bases", [base.__name__ for base in type(tokenizer).__mro__[1:-1]])
    observe.exact("length", len(tokenizer))
    for name in ATTRIBUTES:
        observe.exact(name, answer(lambda name=name: getattr(tokenizer, name)).kind)


CALLS = {
    "call on a text": lambda t: t("ab"),
    "call on a batch": lambda t: t(["ab", "c"]),
    "call on a pair": lambda t: t("ab", "c"),
    "call on words": lambda t: t(["a", "b"], is_split_into_words=True),
    "call for tensors": lambda t: t("ab", return_tensors="pt"),
    "call for arrays": lambda t: t("ab", return_tensors="np"),
    "call for offsets": lambda t: t("ab", return_offsets_mapping=True),
    "encode": lambda t: t.encode("ab"),
    "encode for tensors": lambda t: t.encode("ab", return_tensors="pt"),
    "decode": lambda t: t.decode([66, 67]),
    "decode of one id": lambda t: t.decode(66),
    "decode of a batch": lambda t: t.decode([[66], [67]]),
    "decode of nothing": lambda t: t.decode([]),
    "decode of a special token": lambda t: t.decode([0]),
    "batch_decode": lambda t: t.batch_decode([[66], [67]]),
    "batch_decode of one text": lambda t: t.batch_decode([66, 67]),
    "tokenize": lambda t: t.tokenize("ab"),
    "convert_ids_to_tokens": lambda t: t.convert_ids_to_tokens([66]),
    "convert_tokens_to_ids": lambda t: t.convert_tokens_to_ids("a"),
    "convert_tokens_to_string": lambda t: t.convert_tokens_to_string(["a", "b"]),
    "get_vocab": lambda t: len(t.get_vocab()),
    "get_special_tokens_mask": lambda t: t.get_special_tokens_mask([66], None, True),
    "num_special_tokens_to_add": lambda t: t.num_special_tokens_to_add(),
    "build_inputs_with_special_tokens": lambda t: t.build_inputs_with_special_tokens([66]),
    "prepare_for_model": lambda t: t.prepare_for_model([66]),
    "encode_plus": lambda t: t.encode_plus("ab"),
    "batch_encode_plus": lambda t: t.batch_encode_plus(["ab"]),
    "special_tokens_map": lambda t: t.special_tokens_map,
    "apply_chat_template": lambda t: t.apply_chat_template(CHAT),
    "apply_chat_template to text": lambda t: t.apply_chat_template(CHAT, tokenize=False),
    "apply_chat_template for tensors": lambda t: t.apply_chat_template(CHAT, return_tensors="pt"),
    "apply_chat_template for a dictionary": lambda t: t.apply_chat_template(CHAT, return_dict=True),
    "apply_chat_template of a batch": lambda t: t.apply_chat_template([CHAT, CHAT]),
}

QUICK = ("call on a text", "encode", "decode", "apply_chat_template", "encode_plus")


@pytest.mark.parametrize(
    "call", [pytest.param(name, marks=[tier("quick")] if name in QUICK else []) for name in CALLS]
)
def test_a_call_of_a_tokenizer_returns_this(call, tiny, observe):
    found = []
    made = answer(lambda: found.append(told(CALLS[call](tiny.tokenizer))))
    observe.exact("type", made.error or found[0])


@pytest.mark.parametrize("call", ["apply_chat_template to text", "decode of a special token"])
def test_a_call_of_a_tokenizer_returns_this_text(call, tiny, observe):
    observe.exact("text", CALLS[call](tiny.tokenizer))


def test_padding_and_truncation_go_to_these_sides(tiny, observe):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny.checkpoint)
    tokenizer.pad_token = tokenizer.eos_token
    observe.exact("padded", tokenizer(["abc", "d"], padding=True)["input_ids"])
    observe.exact("mask", tokenizer(["abc", "d"], padding=True)["attention_mask"])
    observe.exact("truncated", tokenizer("abc", truncation=True, max_length=2)["input_ids"])
    observe.exact("whole", len(tokenizer("a" * 600)["input_ids"]))
    observe.exact("truncated to the longest", len(tokenizer("a" * 600, truncation=True).input_ids))


@pytest.mark.requires("accelerate")
def test_a_text_generation_pipeline_is_and_returns_this(tiny, observe):
    from transformers import pipeline

    made = pipeline("text-generation", model=str(tiny.checkpoint))
    told_of = {
        "class": type(made).__name__,
        "model": type(made.model).__name__,
        "tokenizer": type(made.tokenizer).__name__,
        "dtype": str(made.model.dtype),
        "device": str(made.device),
        "training": made.model.training,
        "task": made.task,
    }
    observe.exact("is", told_of)
    output = made("ab")
    observe.exact("returns", [type(output).__name__, sorted(output[0])])
    observe.exact("prompt stands before", output[0]["generated_text"].startswith("ab"))
    observe.exact("batch", told(made(["ab", "c"], max_new_tokens=1)))
    observe.exact("chat", told(made([CHAT[0]], max_new_tokens=1)[0]["generated_text"]))
    observe.exact("settings", generation_settings(made))


def generation_settings(made):
    """What a pipeline changes of its model's generation settings."""
    names = ("max_length", "max_new_tokens", "do_sample", "temperature", "top_k", "top_p")
    settings = made.generation_config if hasattr(made, "generation_config") else None
    return {name: brief(getattr(settings, name, None)) for name in names}


def test_a_feature_extraction_pipeline_returns_this(tiny, observe):
    from transformers import pipeline

    output = pipeline("feature-extraction", model=str(tiny.checkpoint))("ab")
    observe.exact("returns", told(output))
    observe.exact("sizes", [len(output), len(output[0]), len(output[0][0])])


COLLATORS = {
    "default_data_collator": lambda t: _transformers().default_data_collator(
        [{"input_ids": [1, 2], "label": 0}, {"input_ids": [3, 4], "label": 1}]
    ),
    "DataCollatorWithPadding": lambda t: _transformers().DataCollatorWithPadding(t)(
        [{"input_ids": [1]}, {"input_ids": [2, 3]}]
    ),
    "DataCollatorForSeq2Seq": lambda t: _transformers().DataCollatorForSeq2Seq(t)(
        [{"input_ids": [1], "labels": [1]}, {"input_ids": [2, 3], "labels": [2, 3]}]
    ),
    "DataCollatorForTokenClassification": lambda t: (
        _transformers().DataCollatorForTokenClassification(t)(
            [{"input_ids": [1], "labels": [1]}, {"input_ids": [2, 3], "labels": [2, 3]}]
        )
    ),
    "DataCollatorForLanguageModeling": lambda t: _transformers().DataCollatorForLanguageModeling(
        t, mlm=False
    )([{"input_ids": [1]}, {"input_ids": [2, 3]}]),
}


def _transformers():
    import transformers

    return transformers


@pytest.mark.parametrize("collator", list(COLLATORS))
def test_a_collator_makes_this_batch(collator, tiny, observe):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny.checkpoint)
    tokenizer.pad_token = tokenizer.eos_token
    batch = COLLATORS[collator](tokenizer)
    observe.exact("type", type(batch).__name__)
    observe.exact("batch", {name: values.tolist() for name, values in sorted(batch.items())})


def test_masking_settings_of_the_language_modelling_collator_are_these(tiny, observe):
    from dataclasses import fields

    from transformers import DataCollatorForLanguageModeling

    kept = {f.name: brief(f.default) for f in fields(DataCollatorForLanguageModeling)}
    observe.surface("fields", {name: row for name, row in kept.items() if name != "tokenizer"})


MACHINE = ("dir", "device", "n_gpu", "logging", "hub", "local", "rank", "workers", "accelerator")
"""What a trainer's settings take from the machine, or hold of its paths."""


@pytest.mark.requires("accelerate")
@pytest.mark.parametrize("name", ["TrainingArguments", "Seq2SeqTrainingArguments"])
def test_training_arguments_default_to_these_fields(name, tiny, observe):
    made = getattr(_transformers(), name)(output_dir=str(tiny.folder), report_to=[])
    rows = fields_of(made)
    kept = {name: row for name, row in rows.items() if not any(m in name for m in MACHINE)}
    observe.surface("fields", kept)


@pytest.mark.parametrize("name", ["BitsAndBytesConfig", "GPTQConfig", "AwqConfig", "QuantoConfig"])
def test_a_quantisation_configuration_defaults_to_these_fields(name, observe):
    made = getattr(_transformers(), name)(**({"bits": 4} if name == "GPTQConfig" else {}))
    observe.surface("fields", fields_of(made))
