"""The documents' fragments on transformers: each runs as written, or the ledger says what now."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires

ASKED = {
    "same-string": {},
    "instead/same-string": {"loaded": "qwen.name_or_path"},
    "pipelines": {
        "type": "type(output).__name__",
        "keys": "sorted(output[0])",
        "keeps the prompt": "output[0]['generated_text'].startswith('The future of AI is')",
    },
    "sentiment-analysis": {},
    "classification": {"labels": "list(labels.values())"},
    "families": {
        "hidden states": "list(enc_out.last_hidden_state.shape)[:2]",
        "kept prompt": "dec_out[0][:4].equal(dec_tokenizer('Once upon a time', "
        "return_tensors='pt').input_ids[0])",
        "new tokens": "len(dec_out[0]) - 4",
    },
    "configuration": {"parameters": "num_params"},
    "half-precision": {"dtype": "str(model.dtype)", "device": "str(model.device)"},
    "four-bit": {},
    "strategies": {"lengths": "[int(run.shape[1]) for run in (greedy, topk, topp, beam)]"},
    "icecream": {"count": "len(_)", "keys": "sorted(_[0])"},
    "tokenization-summary": {},
    "print-model": {},
    "ocean": {"likeliest": "[out_string[:11], predicted_class in (0, 1)]"},
    "instead/four-bit": {
        "footprint": "model_4bit.get_memory_footprint() < model.get_memory_footprint()",
        "type": "model_4bit.config.quantization_config.bnb_4bit_quant_type",
    },
    "save-and-load": {"saved": "type(model).__name__", "loaded": "type(loaded_model).__name__"},
}


@pytest.fixture
def ran(run_fragments):
    return run_fragments(ASKED)


@requires("transformers", "torch")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("same-string", marks=documents("fragments.same-string"), id="same-string"),
        pytest.param("pipelines", marks=documents("fragments.pipelines"), id="pipelines"),
        pytest.param(
            "sentiment-analysis",
            marks=documents("fragments.sentiment-analysis"),
            id="sentiment-analysis",
        ),
        pytest.param(
            "classification", marks=documents("fragments.classification"), id="classification"
        ),
        pytest.param("families", marks=documents("fragments.families"), id="families"),
        pytest.param(
            "configuration", marks=documents("fragments.configuration"), id="configuration"
        ),
        pytest.param(
            "half-precision", marks=documents("fragments.half-precision"), id="half-precision"
        ),
        pytest.param("four-bit", marks=documents("fragments.four-bit"), id="four-bit"),
        pytest.param("strategies", marks=documents("fragments.strategies"), id="strategies"),
        pytest.param("icecream", marks=documents("fragments.icecream"), id="icecream"),
        pytest.param(
            "tokenization-summary",
            marks=documents("fragments.tokenization-summary"),
            id="tokenization-summary",
        ),
        pytest.param("print-model", marks=documents("fragments.print-model"), id="print-model"),
        pytest.param("ocean", marks=documents("fragments.ocean"), id="ocean"),
        pytest.param(
            "save-and-load", marks=documents("fragments.save-and-load"), id="save-and-load"
        ),
    ],
)
def test_a_fragment_runs_as_written(ran, name, observe):
    error = ran[name].error
    observe.claim(f"fragments.{name}", error or "runs", holds=error is None)


@requires("transformers", "torch")
def test_what_to_write_instead_of_the_qwen_that_does_not_exist_runs(ran):
    """Three counts; but for the repository's name the fragment is the same."""
    assert ran["instead/same-string"].value("loaded") == "Qwen/Qwen3-8B"
    assert len(ran["instead/same-string"].printed.split()) == 3


@requires("transformers", "torch")
@documents("pipeline.textgen.fragment")
def test_the_generation_pipeline_returns_a_list_of_texts_that_begin_with_the_prompt(ran, observe):
    found = ran["pipelines"].values
    observe.claim(
        "pipeline.textgen.fragment",
        found,
        holds=found == {"type": "list", "keys": ["generated_text"], "keeps the prompt": True},
    )


@requires("transformers", "torch")
@documents("pipeline.max-length-fragment")
def test_five_return_sequences_are_five_texts(ran, observe):
    found = ran["icecream"].values
    observe.claim("pipeline.max-length-fragment", found, holds=found.get("count") == 5)


@requires("transformers", "torch")
@documents("auto.gpt2-generates")
def test_gpt2_extends_the_prompt_by_sampling_twenty_tokens(ran, observe):
    found = ran["families"].values
    observe.claim(
        "auto.gpt2-generates",
        [found.get("kept prompt"), found.get("new tokens")],
        holds=bool(found.get("kept prompt")) and found.get("new tokens") == 20,
    )


@requires("transformers", "torch")
@documents("precision.mistral-fragment-fp16", "precision.torch-dtype-kwarg")
def test_the_half_precision_call_gives_float16_on_the_device_there_is(ran, observe):
    found = ran["half-precision"].values
    holds = found.get("dtype") == "torch.float16"
    observe.claim("precision.mistral-fragment-fp16", found, holds=holds)
    observe.claim("precision.torch-dtype-kwarg", found.get("dtype", "none"), holds=holds)


@requires("transformers", "torch")
@documents("precision.load-in-4bit-kwarg")
def test_from_pretrained_takes_the_4_bit_arguments_directly(ran, observe):
    error = ran["four-bit"].error
    observe.claim("precision.load-in-4bit-kwarg", error or "accepted", holds=error is None)


@requires("transformers", "torch", "bitsandbytes")
def test_what_to_write_instead_of_the_4_bit_arguments_runs(ran):
    assert ran["instead/four-bit"].error is None
    assert ran["instead/four-bit"].values == {"footprint": True, "type": "nf4"}


@requires("transformers", "torch")
@documents("save.load-as-automodel")
def test_the_saved_causal_model_loads_headless_through_automodel(ran, observe):
    found = ran["save-and-load"].values
    observe.claim("save.load-as-automodel", found, holds=found.get("loaded") == "BertModel")


@requires("transformers", "torch")
def test_the_fragments_give_these_values(ran, observe):
    for name, one in ran.items():
        if one.values:
            observe.exact(name, one.values)


@requires("transformers", "torch")
def test_the_printed_ids_of_the_counselor_sentence_are_the_documented_ones(ran):
    documented = "[31053, 741, 273, 11, 3387, 4532, 534, 40305, 8106, 284, 1656, 355, 257, 1692"
    assert documented in ran["tokenization-summary"].printed
    assert "Vocab size of the tokenizer =  50257" in ran["tokenization-summary"].printed
