"""The trained models of fixtures/models, a GPT-2 of random weights, and what the library logs."""

from __future__ import annotations

import json
import logging
import re
import shutil
from pathlib import Path

import pytest

from harness.subjects.released import released as folder_of_release
from harness.subjects.standins import fill
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.places import home

MODELS = home() / "fixtures" / "models"
GPT2_TOKENIZER = home() / "fixtures" / "tokenizers" / "gpt2"


@pytest.fixture
def bundled():
    """`bundled(name)`: the folder of a model that fixtures/models/train.py made."""
    return lambda name: str(MODELS / name)


@pytest.fixture
def held_out():
    """`held_out(name)`: what that model was not trained on, with the right answers."""
    return lambda name: json.loads((MODELS / name / "held_out.json").read_text("utf-8"))


@pytest.fixture
def released():
    """`released(name)`: the folder of an entry of fixtures/released.toml, from the hub's cache.

    Skips with the command that fetches them where the weights are not on this machine.
    """

    def find(name):
        try:
            return str(folder_of_release(name, home()))
        except NoEvidence as error:
            pytest.skip(f"{error.what}: {error.next}")

    return find


@pytest.fixture
def classify(keep, bundled):
    """The text-classification pipeline on the trained sentiment model."""

    def make():
        from transformers import pipeline

        return pipeline("text-classification", model=bundled("sentiment"), device=-1)

    return keep("sentiment pipeline", make)


@pytest.fixture
def entities(keep, bundled):
    """`entities(strategy)`: the token-classification pipeline on the trained NER model."""

    def make(strategy):
        from transformers import pipeline

        return pipeline(
            "token-classification",
            model=bundled("ner"),
            aggregation_strategy=strategy,
            device=-1,
        )

    return lambda strategy: keep(f"ner pipeline {strategy}", lambda: make(strategy))


@pytest.fixture
def numbers(keep, bundled):
    """The trained T5 from number words to digits, and its tokenizer."""

    def make():
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        folder = bundled("numbers")
        model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
        return model, AutoTokenizer.from_pretrained(folder)

    return keep("numbers", make)


@pytest.fixture
def random_gpt2(keep, tmp_path_factory):
    """A folder with a GPT-2 of 2 layers and random weights, and GPT-2's own tokenizer."""

    def make():
        folder = tmp_path_factory.mktemp("random-gpt2")
        write_random_gpt2(folder)
        return str(folder)

    return keep("random gpt2", make)


def write_random_gpt2(folder: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    model = fill(GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=16)))
    model.save_pretrained(folder)
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        shutil.copyfile(GPT2_TOKENIZER / name, folder / name)


@pytest.fixture
def logged():
    """What transformers logs at its default level, a line a message; said-once lines anew."""
    import transformers
    from transformers.utils import logging as library

    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("transformers")
    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_warning()
    library.warning_once.cache_clear()
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)
    transformers.logging.set_verbosity(level)


@pytest.fixture
def accelerators(monkeypatch):
    """`accelerators(found)`: what the library is told of accelerators, whatever there is.

    A GPU or none. Only what it chooses by itself may be looked at under this.
    """
    from transformers.pipelines import base

    def tell(gpu):
        for name in dir(base):
            if re.fullmatch(r"is_torch_\w+_available", name):
                found = gpu and name == "is_torch_cuda_available"
                monkeypatch.setattr(base, name, lambda *args, found=found, **kwargs: found)

    return tell
