"""A tiny configuration of each architecture that the documents name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from suites.architectures import tiny as types
from suites.architectures import tiny_invariants as invariants

SMALL = {
    "bert": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2},
    "roberta": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2},
    "deberta": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 16},
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2},
    "llama": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2},
    "mistral": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    },
    "falcon": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2},
    "t5": {"d_model": 16, "d_kv": 8, "num_layers": 2, "num_heads": 2, "d_ff": 16},
    "bart": {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 16,
        "decoder_ffn_dim": 16,
    },
}
SMALL["mbart"] = SMALL["bart"]
INNER = {"intermediate_size": 16}
VOCABULARY = 64


@pytest.fixture
def tiny_config() -> Any:
    """`tiny_config(architecture, **more)`: width 16, a vocabulary of 64."""

    def make(architecture: str, **more: Any) -> Any:
        import transformers

        inner = INNER if "hidden_size" in SMALL[architecture] else {}
        special = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
        if architecture == "t5":
            special = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
        return transformers.AutoConfig.for_model(
            architecture,
            **{"vocab_size": VOCABULARY, **inner, **special, **SMALL[architecture], **more},
        )

    return make


@pytest.fixture(autouse=True)
def one_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tiny models compute on one thread: of more, each would only wait for the others."""
    if not request.path.name.startswith("test_tiny_"):
        yield
        return
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tiny(keep: Callable[[object, Callable[[], Any]], Any]) -> Callable[..., Any]:
    """`tiny(name, precision, **arguments)`: a tiny model, shared: never change it."""

    def loaded(name: str, precision: str = "float32", **arguments: Any) -> Any:
        kind = types.kinds()[name]
        types.know(kind)
        key = ("tiny", name, precision, tuple(sorted(arguments.items())))
        return keep(key, lambda: types.load(kind, precision, **arguments))

    return loaded


@pytest.fixture
def plain(keep: Callable[[object, Callable[[], Any]], Any]) -> Callable[[str], Any]:
    """`plain(name)`: the model loaded with no argument but the folder, and what loading said."""

    def loaded(name: str) -> Any:
        kind = types.kinds()[name]
        types.know(kind)
        return keep(("plain", name), lambda: types.from_pretrained(kind, output_loading_info=True))

    return loaded


@pytest.fixture
def invariant(observe: Any) -> Callable[..., None]:
    """`invariant(what, name, apart)`: asserts that a type keeps an invariant, or says why not."""
    return invariants.Checker(observe)
