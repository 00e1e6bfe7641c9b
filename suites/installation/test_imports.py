"""What imports under which name, and which of a library's names live where."""

from __future__ import annotations

import importlib
from importlib import metadata

import pytest

from harness.plugin import documents, needs, requires, tier

pytestmark = tier("quick")

NINE = (
    "transformers",
    "accelerate",
    "bitsandbytes",
    "tiktoken",
    "sentencepiece",
    "tokenizers",
    "transformer_lens",
    "nnsight",
    "sae_lens",
)


@documents("seed.figure-exact-set")
@requires(*(name.replace("_", "-") for name in NINE))
def test_all_nine_libraries_import_in_one_environment(observe):
    found = {name: importlib.import_module(name).__name__ for name in NINE}
    observe.claim("seed.figure-exact-set", sorted(found), holds=set(found) == set(NINE))


@documents("install.tl-import-name")
@requires("transformer-lens")
def test_transformer_lens_imports_as_transformer_lens(observe):
    import transformer_lens

    assert transformer_lens.__name__ == "transformer_lens"
    provided = metadata.packages_distributions()["transformer_lens"]
    assert set(provided) == {"transformer-lens"}


@documents("install.tl-v2-no-hookedsae")
@requires("transformer-lens", "sae-lens")
def test_hooked_autoencoders_live_in_sae_lens_only(observe):
    import sae_lens
    import transformer_lens

    here = [name for name in dir(transformer_lens) if "SAE" in name]
    there = sorted(name for name in dir(sae_lens) if name.startswith("HookedSAE"))
    observe.claim(
        "install.tl-v2-no-hookedsae",
        {"transformer_lens": here, "sae_lens": there},
        holds=not here and "HookedSAETransformer" in there,
    )


@documents("seed.saelens-repo")
@requires("sae-lens")
def test_sae_lens_names_its_repository(observe):
    urls = metadata.metadata("sae-lens").get_all("Project-URL") or []
    repository = next(u.split(", ")[1] for u in urls if u.startswith("Repository"))
    observe.claim(
        "seed.saelens-repo",
        repository.partition("://")[2],
        holds=repository.lower().endswith("github.com/jbloomaus/saelens"),
    )


@documents("seed.transformer-year")
@requires("torch")
def test_the_transformers_paper_is_of_2017(observe):
    """torch's own Transformer cites it by arXiv number, whose first digits are year and month."""
    import re

    import torch

    number = re.search(r"arxiv\.org/abs/(\d\d)(\d\d)\.(\d+)", torch.nn.Transformer.__doc__ or "")
    if number is None:
        pytest.skip("torch's documentation cites no arXiv number")
    year = 2000 + int(number[1])
    observe.claim("seed.transformer-year", year, holds=year == 2017)


@documents("transformer_lens.bridge.any-nn-module")
@needs(subject="gpt2-tokenizer")
@requires("transformer-lens", "transformers")
def test_the_bridge_takes_architectures_it_has_an_adapter_for(hf_tokenizer, observe):
    import torch
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import DistilBertConfig, DistilBertForMaskedLM, GPT2Config, GPT2LMHeadModel

    tiny = DistilBertConfig(n_layers=1, n_heads=2, dim=8, hidden_dim=8, vocab_size=16)
    known = GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=16, n_positions=8)

    def boot(module):
        try:
            TransformerBridge.boot_transformers(
                "local", hf_model=module, tokenizer=hf_tokenizer, device="cpu"
            )
        except Exception as error:
            return f"raises {type(error).__name__}"
        return "boots"

    outcomes = {
        type(module).__name__: boot(module)
        for module in (
            torch.nn.Linear(2, 2),
            DistilBertForMaskedLM(tiny),
            GPT2LMHeadModel(known),
        )
    }
    observe.claim(
        "transformer_lens.bridge.any-nn-module",
        outcomes,
        holds=set(outcomes.values()) == {"boots"},
    )
