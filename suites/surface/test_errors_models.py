"""Misuse of models and of what is around them: the type of the error, or what comes instead."""

from __future__ import annotations

import json

import pytest

from harness.measure.wording import answer
from harness.plugin import tier

CASES = {
    "transformers": {
        "token id past the vocabulary": lambda tiny: tiny.model(_ids(10**4)),
        "negative token id": lambda tiny: tiny.model(_ids(-1)),
        "ids in float32": lambda tiny: tiny.model(_ids(1).float()),
        "ids without a batch": lambda tiny: tiny.model(_ids(1, 2)[0]),
        "no ids": lambda tiny: tiny.model(_ids()),
        "neither ids nor embeddings": lambda tiny: tiny.model(),
        "both ids and embeddings": lambda tiny: tiny.model(_ids(1), inputs_embeds=_zeros(1, 1, 16)),
        "unknown keyword of forward": lambda tiny: tiny.model(_ids(1), none_such=1).logits,
        "mask of another length": lambda tiny: tiny.model(_ids(1, 2), attention_mask=_ids(1)),
        "labels of another length": lambda tiny: tiny.model(_ids(1, 2), labels=_ids(1)),
        "past the positions of a rotary model": lambda tiny: tiny.model(_ids(*[1] * 40)).logits,
        "past the positions of a learned table": lambda tiny: _gpt2()(_ids(*[1] * 9)),
        "attention of no known kind": lambda tiny: _loaded(
            tiny.checkpoint, attn_implementation="none-such"
        ),
        "attentions asked of sdpa at loading": lambda tiny: (
            _loaded(tiny.checkpoint, attn_implementation="sdpa", output_attentions=True)
            .eval()(_ids(1, 2))
            .attentions
            is None
        ),
        "attentions set on a configuration under sdpa": lambda tiny: _set_attentions(tiny),
        "attentions asked of sdpa in a call": lambda tiny: [
            attention is None
            for attention in tiny.model(_ids(1, 2), output_attentions=True).attentions or ()
        ],
        "no such dtype": lambda tiny: _loaded(tiny.checkpoint, dtype="none-such"),
        "unknown keyword of from_pretrained": lambda tiny: _loaded(tiny.checkpoint, none_such=1),
        "device map of no known kind": lambda tiny: _loaded(
            tiny.checkpoint, device_map="none-such"
        ),
        "not a folder": lambda tiny: _loaded(tiny.folder / "none-such"),
        "folder without a configuration": lambda tiny: _loaded(tiny.folder),
        "config.json damaged": lambda tiny: _loaded(_with(tiny, "config.json", b"{")),
        "config.json without a model type": lambda tiny: _loaded(_untyped(tiny)),
        "model type unknown": lambda tiny: _loaded(tiny.copy(model_type="none-such")),
        "weights damaged": lambda tiny: _loaded(_with(tiny, "model.safetensors", b"none")),
        "weights cut short": lambda tiny: _loaded(_cut(tiny)),
        "weights missing": lambda tiny: _loaded(_without(tiny, "model.safetensors")),
        "more layers configured than saved": lambda tiny: _loaded(tiny.copy(num_hidden_layers=3)),
        "another width configured than saved": lambda tiny: _loaded(tiny.copy(hidden_size=32)),
        "heads that do not divide the width": lambda tiny: _loaded(
            tiny.copy(num_attention_heads=3)
        ),
        "activation of no known kind": lambda tiny: _loaded(tiny.copy(hidden_act="none-such")),
        "rope scaling of no known kind": lambda tiny: _loaded(
            tiny.copy(rope_scaling={"rope_type": "none-such", "factor": 2.0})
        ),
        "code of the repository asked for": lambda tiny: _loaded(
            tiny.copy(auto_map={"AutoModelForCausalLM": "modeling.None"}, model_type="none-such")
        ),
        "unknown configuration of a model type": lambda tiny: _transformers().AutoConfig.for_model(
            "none-such"
        ),
        "encoder-decoder from a decoder": lambda tiny: (
            _transformers().AutoModelForSeq2SeqLM.from_pretrained(tiny.checkpoint)
        ),
        "resize to nothing": lambda tiny: _loaded(tiny.checkpoint).resize_token_embeddings(-1),
        "4 and 8 bits at once": lambda tiny: _transformers().BitsAndBytesConfig(
            load_in_4bit=True, load_in_8bit=True
        ),
        "4 bits of no known kind": lambda tiny: _transformers().BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type=3
        ),
        "threshold given as text": lambda tiny: _transformers().BitsAndBytesConfig(
            load_in_8bit=True, llm_int8_threshold="6"
        ),
        "quantisation of no known kind": lambda tiny: _loaded(
            tiny.copy(quantization_config={"quant_method": "none-such"})
        ),
        "pipeline of no known task": lambda tiny: _transformers().pipeline("none-such"),
        "pipeline without task and model": lambda tiny: _transformers().pipeline(),
    },
    "transformers.generation": {
        "temperature 0 while sampling": lambda tiny: _generated(
            tiny, do_sample=True, temperature=0.0
        ),
        "negative temperature": lambda tiny: _generated(tiny, do_sample=True, temperature=-1.0),
        "temperature without sampling": lambda tiny: _generated(tiny, temperature=0.5),
        "top_p of 2": lambda tiny: _generated(tiny, do_sample=True, top_p=2.0),
        "top_k of -1": lambda tiny: _generated(tiny, do_sample=True, top_k=-1),
        "negative max_new_tokens": lambda tiny: _generated(tiny, max_new_tokens=-1),
        "no new tokens": lambda tiny: _generated(tiny, max_new_tokens=0),
        "max_length below the prompt's": lambda tiny: _generated(
            tiny, max_new_tokens=None, max_length=1
        ),
        "no beams": lambda tiny: _generated(tiny, num_beams=0),
        "more sequences than beams": lambda tiny: _generated(
            tiny, num_beams=2, num_return_sequences=3
        ),
        "several greedy sequences": lambda tiny: _generated(tiny, num_return_sequences=2),
        "beam groups that do not divide the beams": lambda tiny: _generated(
            tiny, num_beams=3, num_beam_groups=2, diversity_penalty=1.0
        ),
        "contrastive search": lambda tiny: _generated(tiny, penalty_alpha=0.6, top_k=4),
        "repetition penalty of 0": lambda tiny: _generated(tiny, repetition_penalty=0.0),
        "cache of no known kind": lambda tiny: _generated(tiny, cache_implementation="none-such"),
        "unknown keyword": lambda tiny: _generated(tiny, none_such=1),
        "stop text without a tokenizer": lambda tiny: _generated(tiny, stop_strings=["a"]),
        "prompt as text": lambda tiny: tiny.model.generate("a"),
        "empty prompt": lambda tiny: tiny.model.generate(_ids(), max_new_tokens=1),
        "embeddings without ids": lambda tiny: tiny.model.generate(
            inputs_embeds=_zeros(1, 2, 16), max_new_tokens=2
        ),
        "bad words as a text": lambda tiny: _generated(tiny, bad_words_ids="a"),
        "past as a tuple": lambda tiny: tiny.model(_ids(1), past_key_values=((1, 2),)),
    },
}

QUICK = ("attentions set on a configuration under sdpa", "not a folder", "past as a tuple")


def _transformers():
    import transformers

    return transformers


def _ids(*ids):
    import torch

    return torch.tensor([ids], dtype=torch.long)


def _zeros(*shape):
    import torch

    return torch.zeros(shape)


def _gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=1, n_embd=8, vocab_size=8, n_positions=8))


def _loaded(folder, **arguments):
    return _transformers().AutoModelForCausalLM.from_pretrained(folder, **arguments)


def _set_attentions(tiny):
    model = _loaded(tiny.checkpoint, attn_implementation="sdpa")
    model.config.output_attentions = True
    return model.config.output_attentions


def _with(tiny, name, content):
    folder = tiny.copy()
    (folder / name).write_bytes(content)
    return folder


def _without(tiny, name):
    folder = tiny.copy()
    (folder / name).unlink()
    return folder


def _cut(tiny):
    folder = tiny.copy()
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    return folder


def _untyped(tiny):
    folder = tiny.copy()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del config["model_type"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def _generated(tiny, **arguments):
    """The shape of what is generated after two ids: what it draws is not the point here."""
    import torch

    torch.manual_seed(0)
    ids = _ids(5, 6)
    settings = {"max_new_tokens": 2, "eos_token_id": 300, "pad_token_id": 0} | arguments
    given = {name: value for name, value in settings.items() if value is not None}
    return tiny.model.generate(ids, attention_mask=torch.ones_like(ids), **given)


def parameters(quick=()):
    for group, cases in CASES.items():
        for name in cases:
            marks = [tier("quick")] if name in quick else []
            yield pytest.param(group, name, id=f"{group}-{name}", marks=marks)


pytestmark = pytest.mark.requires("transformers", "torch", "tokenizers", "accelerate")


@pytest.mark.parametrize(("group", "case"), list(parameters(QUICK)))
def test_misuse_is_answered_with_this_type(group, case, tiny, observe):
    observe.exact("answer", answer(lambda: CASES[group][case](tiny)).kind)


@tier("broad")
@pytest.mark.parametrize(("group", "case"), list(parameters()))
def test_misuse_is_answered_in_these_words(group, case, tiny, observe):
    observe.exact("words", answer(lambda: CASES[group][case](tiny)).words)
