"""The documented pins against what is installed, and against what transformers itself asks for."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import warnings
from importlib import metadata

import pytest

from harness.plugin import documents, needs, precisions, requires, tier

SMALLEST = {"bitsandbytes": "BITSANDBYTES_MIN_VERSION", "accelerate": "ACCELERATE_MIN_VERSION"}


@documents("install.transformers-pin")
@requires("transformers")
def test_transformers_is_5_or_newer(observe):
    from packaging.version import Version

    found = metadata.version("transformers")
    observe.claim("install.transformers-pin", found, holds=Version(found) >= Version("5.0"))


@documents("install.tokenizers-pin")
@requires("tokenizers", "transformers")
def test_tokenizers_fits_its_pin_because_transformers_asks_for_more(observe):
    from packaging.requirements import Requirement
    from packaging.version import Version

    found = metadata.version("tokenizers")
    asked = map(Requirement, metadata.requires("transformers") or ())
    bound = next(str(r.specifier) for r in asked if r.name == "tokenizers" and not r.marker)
    observe.claim(
        "install.tokenizers-pin",
        {"installed": found, "transformers asks for": bound},
        holds=Version(found) >= Version("0.20"),
    )


@pytest.mark.parametrize(
    ("package", "pin"),
    [
        pytest.param("accelerate", "1.0", marks=documents("install.accelerate-pin")),
        pytest.param("bitsandbytes", "0.43", marks=documents("install.bitsandbytes-pin")),
    ],
)
@requires("transformers")
def test_the_pin_admits_no_release_that_transformers_refuses(observe, package, pin):
    """Nothing but a check at run time keeps an older release away: the solver does not know it."""
    from packaging.version import Version
    from transformers.utils import import_utils

    smallest = getattr(import_utils, SMALLEST[package], "any")
    observe.claim(
        f"install.{package}-pin",
        {"transformers accepts from": smallest},
        holds=smallest == "any" or Version(smallest) <= Version(pin),
    )


@pytest.fixture
def said():
    """What transformers says in its log, also what it has said and says once a process."""
    import logging

    import transformers

    log = logging.getLogger("transformers")
    messages: list[str] = []
    listener = logging.Handler(logging.WARNING)
    listener.emit = lambda record: messages.append(record.getMessage())
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_warning()
    logging.Logger.warning_once.cache_clear()
    log.addHandler(listener)
    yield messages
    log.removeHandler(listener)
    transformers.logging.set_verbosity(before)


@documents("install.transformers-445-legacy")
@requires("transformers", "bitsandbytes", "accelerate")
def test_arguments_of_version_4_work_and_warn_or_raise(work_dir, said, observe):
    """Those of the documents' own fragments, which a notebook for 4.45 passes."""
    import torch
    from transformers import AutoModelForCausalLM, GPT2Config

    config = GPT2Config(n_layer=1, n_head=2, n_embd=32, vocab_size=64, n_positions=16)
    AutoModelForCausalLM.from_config(config).save_pretrained(work_dir)
    legacy = {
        "torch_dtype": {"torch_dtype": torch.float16},
        "low_cpu_mem_usage": {"low_cpu_mem_usage": True},
        "load_in_4bit": {"load_in_4bit": True},
    }

    def attempt(arguments):
        said.clear()
        outcome = "works"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                AutoModelForCausalLM.from_pretrained(work_dir, **arguments)
            except Exception as error:
                outcome = f"raises {type(error).__name__}"
        words = [*said, *(str(warning.message) for warning in caught)]
        return {"outcome": outcome, "warns": deprecations(words, *arguments)}

    outcomes = {name: attempt(arguments) for name, arguments in legacy.items()}
    work = {found["outcome"] for found in outcomes.values()} == {"works"}
    warn = any(found["warns"] for found in outcomes.values())
    observe.claim("install.transformers-445-legacy", outcomes, holds=work and warn)


def deprecations(messages, *names):
    """The first sentences of those messages that call something deprecated, of these names."""
    return [
        re.split(r"[.!](?:\s|$)", message)[0]
        for message in messages
        if "deprecated" in message and any(name in message for name in names)
    ]


FORKS = """
import os, signal
from tokenizers import Tokenizer, models, pre_tokenizers
tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.encode_batch(["a b"] * 64)
child = os.fork()
if child == 0:
    signal.alarm(10)
    tokenizer.encode_batch(["a b"] * 64)
    os._exit(0)
print("hangs" if os.WIFSIGNALED(os.waitpid(child, 0)[1]) else "ends")
"""


@tier("broad")
@documents("install.tokenizers-fork-warning")
@requires("tokenizers")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_after_parallel_work_is_answered_like_this(observe):
    """Set to `true` the variable also takes away what keeps the forked process from hanging."""

    def outcome(**variables: str) -> dict[str, str]:
        ours = ("TOKENIZERS_PARALLELISM", "RAYON_NUM_THREADS")
        inherited = {k: v for k, v in os.environ.items() if k not in ours}
        done = subprocess.run(
            [sys.executable, "-c", FORKS],
            env=inherited | {"RAYON_NUM_THREADS": "2"} | variables,
            capture_output=True,
            text=True,
            check=True,
        )
        warning = re.sub(r"\s+", " ", done.stderr).strip()
        return {"forked process": done.stdout.strip(), "warning": warning}

    found = {"unset": outcome()}
    found |= {value: outcome(TOKENIZERS_PARALLELISM=value) for value in ("true", "false")}
    told = {value: bool(seen["warning"]) for value, seen in found.items()}
    observe.claim(
        "install.tokenizers-fork-warning",
        found,
        holds="TOKENIZERS_PARALLELISM" in found["unset"]["warning"]
        and told == {"unset": True, "true": False, "false": False},
    )


@documents("flash_attn.inference-uses-sdpa")
@needs("causal-lm")
@precisions("float32")
def test_a_model_computes_attention_by_sdpa_unless_told_otherwise(model, observe):
    found = model.config._attn_implementation
    observe.claim("flash_attn.inference-uses-sdpa", found, holds=found == "sdpa")


@documents("flash_attn.only-for-fa3-training")
@requires("transformers")
def test_flash_attention_3_is_another_package_than_flash_attn(monkeypatch, observe):
    """Which module transformers looks for, by version of FlashAttention."""
    from transformers.utils import import_utils

    looked: list[str] = []

    def look(name, *_, **__):
        looked.append(name)
        return False, "N/A"

    monkeypatch.setattr(import_utils, "_is_package_available", look)
    modules = {}
    for version in (2, 3):
        looked.clear()
        inspect.unwrap(getattr(import_utils, f"is_flash_attn_{version}_available"))()
        modules[f"FlashAttention {version}"] = sorted(set(looked) - {"torch"})
    observe.claim(
        "flash_attn.only-for-fa3-training",
        modules,
        holds="flash_attn" in modules["FlashAttention 3"],
    )
