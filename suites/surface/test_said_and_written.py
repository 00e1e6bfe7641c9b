"""What common calls warn of, and which files saving writes."""

from __future__ import annotations

import json

import pytest

from harness.measure.surface import brief
from harness.measure.wording import answer, listening
from harness.plugin import requires, tier


def _torch():
    import torch

    return torch


def _ids(*ids):
    return _torch().tensor([ids])


def _loaded(folder, **arguments):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, **arguments)


def _generated(tiny, **arguments):
    return tiny.model.generate(_ids(5, 6), **({"max_new_tokens": 1, "pad_token_id": 0} | arguments))


def _bos(tiny):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny.checkpoint)
    tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


CALLS = {
    "from_pretrained": lambda tiny: _loaded(tiny.checkpoint),
    "from_pretrained with torch_dtype": lambda tiny: _loaded(
        tiny.checkpoint, torch_dtype=_torch().float32
    ),
    "from_pretrained with dtype": lambda tiny: _loaded(tiny.checkpoint, dtype=_torch().float32),
    "from_pretrained with use_safetensors": lambda tiny: _loaded(
        tiny.checkpoint, use_safetensors=True
    ),
    "from_pretrained with low_cpu_mem_usage": lambda tiny: _loaded(
        tiny.checkpoint, low_cpu_mem_usage=True
    ),
    "from_pretrained with use_auth_token": lambda tiny: _loaded(
        tiny.checkpoint, use_auth_token=False
    ),
    "from_pretrained with resume_download": lambda tiny: _loaded(
        tiny.checkpoint, resume_download=True
    ),
    "from_pretrained with use_cache": lambda tiny: _loaded(tiny.checkpoint, use_cache=False),
    "from_pretrained with a missing weight": lambda tiny: _loaded(tiny.copy(num_hidden_layers=3)),
    "from_pretrained into another class": lambda tiny: _classifier(tiny.checkpoint),
    "forward": lambda tiny: tiny.model(_ids(5, 6)),
    "forward with use_return_dict off": lambda tiny: tiny.model(_ids(5, 6), return_dict=False),
    "forward with attentions under sdpa": lambda tiny: tiny.model(
        _ids(5, 6), output_attentions=True
    ),
    "generate": lambda tiny: _generated(tiny),
    "generate without a pad id": lambda tiny: tiny.model.generate(_ids(5, 6), max_new_tokens=1),
    "generate without a length": lambda tiny: tiny.model.generate(_ids(5, 6), pad_token_id=0),
    "generate with temperature unused": lambda tiny: _generated(tiny, temperature=0.5),
    "generate with top_k unused": lambda tiny: _generated(tiny, top_k=3),
    "generate with both lengths": lambda tiny: _generated(tiny, max_length=9),
    "generate with beams and early stopping unused": lambda tiny: _generated(
        tiny, early_stopping=True
    ),
    "generate with a configuration and arguments": lambda tiny: _generated(
        tiny, generation_config=_generation_config(), top_k=3
    ),
    "tokenize": lambda tiny: tiny.tokenizer("ab"),
    "tokenize past the longest": lambda tiny: tiny.tokenizer("a" * 600),
    "tokenize with max_length and no truncation": lambda tiny: tiny.tokenizer("abc", max_length=2),
    "tokenize with pad_to_max_length": lambda tiny: _bos(tiny)("a", pad_to_max_length=True),
    "pad a batch with a fast tokenizer": lambda tiny: _bos(tiny).pad({"input_ids": [[1], [1, 2]]}),
    "decode": lambda tiny: tiny.tokenizer.decode([5, 6]),
    "decode with clean_up_tokenization_spaces": lambda tiny: tiny.tokenizer.decode(
        [5, 6], clean_up_tokenization_spaces=True
    ),
    "apply_chat_template": lambda tiny: tiny.tokenizer.apply_chat_template(
        [{"role": "user", "content": "a"}]
    ),
    "gradient checkpointing with a cache": lambda tiny: _checkpointed(tiny),
    "save_pretrained": lambda tiny: tiny.model.save_pretrained(tiny.folder / "saved"),
    "save_pretrained without safetensors": lambda tiny: tiny.model.save_pretrained(
        tiny.folder / "saved", safe_serialization=False
    ),
    "pipeline": lambda tiny: _pipeline(tiny)("ab", max_new_tokens=1),
    "pipeline with torch_dtype": lambda tiny: _pipeline(tiny, torch_dtype=_torch().float32),
    "set verbosity": lambda tiny: _transformers().logging.set_verbosity_warning(),
    "config.torch_dtype": lambda tiny: tiny.model.config.torch_dtype,
    "config.use_return_dict": lambda tiny: tiny.model.config.use_return_dict,
    "BitsAndBytesConfig": lambda tiny: _transformers().BitsAndBytesConfig(load_in_4bit=True),
}


def _transformers():
    import transformers

    return transformers


def _classifier(folder):
    return _transformers().AutoModelForSequenceClassification.from_pretrained(folder)


def _generation_config():
    return _transformers().GenerationConfig(max_new_tokens=1)


def _checkpointed(tiny):
    model = _loaded(tiny.checkpoint).train()
    model.gradient_checkpointing_enable()
    return model(_ids(5, 6), use_cache=True)


def _pipeline(tiny, **arguments):
    return _transformers().pipeline("text-generation", model=str(tiny.checkpoint), **arguments)


QUICK = ("from_pretrained with torch_dtype",)


@requires("transformers", "torch", "tokenizers", "accelerate")
@pytest.mark.parametrize(
    "call", [pytest.param(name, marks=[tier("quick")] if name in QUICK else []) for name in CALLS]
)
def test_a_call_warns_of_this(call, tiny, observe):
    """By the sort of a warning: a release that only words one otherwise has changed nothing."""
    assert tiny.model is not None
    assert tiny.tokenizer is not None
    with listening(["transformers", "accelerate"]) as said:
        made = answer(lambda: CALLS[call](tiny))
    observe.exact("error", made.error)
    observe.exact("said", sorted(line.partition(": ")[0] for line in said))


@tier("broad")
@requires("transformers", "torch", "tokenizers", "accelerate")
@pytest.mark.parametrize("call", list(CALLS))
def test_a_call_warns_in_these_words(call, tiny, observe):
    assert tiny.model is not None
    assert tiny.tokenizer is not None
    with listening(["transformers", "accelerate"]) as said:
        answer(lambda: CALLS[call](tiny))
    observe.exact("said", sorted(said))


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def fields(path):
    """The top-level fields of a JSON file, without the versions that wrote it."""
    written = unversioned(json.loads(path.read_text(encoding="utf-8")))
    return {name: brief(value) for name, value in written.items()}


def unversioned(value):
    if not isinstance(value, dict):
        return value
    kept = sorted(name for name in value if not name.endswith("version"))
    return {name: unversioned(value[name]) for name in kept}


@requires("transformers", "torch", "tokenizers", "accelerate")
def test_saving_a_loaded_checkpoint_writes_these_files_and_keys(tiny, observe):
    tiny.model.save_pretrained(tiny.folder)
    observe.exact("files", files(tiny.folder))
    observe.surface("configuration", fields(tiny.folder / "config.json"))
    observe.surface("generation", fields(tiny.folder / "generation_config.json"))
    assert tensors(tiny.folder / "model.safetensors") == tensors(
        tiny.checkpoint / "model.safetensors"
    )


def tensors(path):
    """Names and shapes of the tensors of a safetensors file."""
    from safetensors import safe_open

    with safe_open(path, "pt") as opened:
        return {name: opened.get_slice(name).get_shape() for name in opened.keys()}  # noqa: SIM118


@requires("transformers", "torch", "tokenizers", "accelerate")
def test_saving_with_each_option_writes_these_files(tiny, observe):
    options = {
        "safe_serialization=False": {"safe_serialization": False},
        "max_shard_size": {"max_shard_size": "4KB"},
        "variant": {"variant": "fp16"},
        "is_main_process=False": {"is_main_process": False},
    }
    for name, arguments in options.items():
        place = tiny.folder / name
        made = answer(lambda a=arguments, p=place: tiny.model.save_pretrained(p, **a))
        observe.exact(name, made.error or (files(place) if place.exists() else []))


@requires("transformers", "torch", "tokenizers")
def test_saving_a_tokenizer_writes_these_files_and_keys(tiny, observe):
    tiny.tokenizer.save_pretrained(tiny.folder)
    observe.exact("files", files(tiny.folder))
    observe.surface("settings", fields(tiny.folder / "tokenizer_config.json"))


@requires("transformers", "torch", "tokenizers", "accelerate")
def test_saving_a_pipeline_writes_these_files(tiny, observe):
    _pipeline(tiny).save_pretrained(tiny.folder)
    observe.exact("files", files(tiny.folder))


@requires("tokenizers")
def test_saving_the_model_of_a_tokenizer_writes_these_files(tiny, observe):
    tiny.fast.model.save(str(tiny.folder))
    tiny.fast.save(str(tiny.folder / "tokenizer.json"))
    observe.exact("files", files(tiny.folder))
    saved = json.loads((tiny.folder / "tokenizer.json").read_text(encoding="utf-8"))
    observe.exact("tokenizer", sorted(saved))
    observe.exact("model", sorted(saved["model"]))
    assert saved["version"] == "1.0"


@requires("sentencepiece")
def test_training_writes_these_files(tiny, observe):
    import sentencepiece

    text = tiny.folder / "text.txt"
    text.write_text("the river to the sea\n" * 3, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(tiny.folder / "pieces"),
        model_type="char",
        vocab_size=12,
        minloglevel=2,
        num_threads=1,
        hard_vocab_limit=False,
    )
    observe.exact("files", files(tiny.folder))
    lines = (tiny.folder / "pieces.vocab").read_text(encoding="utf-8").splitlines()
    observe.exact("columns", [len(line.split("\t")) for line in lines][:1])


@requires("accelerate", "torch")
def test_an_accelerator_saves_a_model_and_a_state_as_these_files(work_dir, observe):
    import torch
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    model = torch.nn.Linear(4, 4)
    model, optimizer = accelerator.prepare(model, torch.optim.AdamW(model.parameters()))
    accelerator.save_model(model, str(work_dir / "model"))
    accelerator.save_state(str(work_dir / "state"))
    observe.exact("model", files(work_dir / "model"))
    observe.exact("state", files(work_dir / "state"))
    accelerator.free_memory(optimizer)


@requires("sae-lens", "torch")
def test_saving_an_autoencoder_writes_these_files_and_keys(work_dir, observe):
    from sae_lens import StandardSAE, StandardSAEConfig

    sae = StandardSAE(StandardSAEConfig(d_in=4, d_sae=8, device="cpu"))
    save = getattr(sae, "save_model", None) or sae.save_inference_model
    save(str(work_dir))
    observe.exact("files", files(work_dir))
    observe.surface("configuration", fields(work_dir / "cfg.json"))
    observe.exact("weights", tensors(work_dir / "sae_weights.safetensors"))
