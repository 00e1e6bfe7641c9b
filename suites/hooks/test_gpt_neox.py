"""transformer-lens on a GPT-NeoX, the architecture of Pythia, whose weights it takes by name."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from harness.plugin import requires
from harness.subjects.drawn import drawn_folder, read_drawn
from harness.vocabulary.places import home

LAYERS, HEADS, WIDTH = 2, 2, 32
IDS = tuple(range(9, 25))
pytestmark = requires("transformer-lens", "transformers", "torch")


@pytest.fixture
def folder(work_dir):
    """The tiny GPT-NeoX of fixtures/architectures, with a tokenizer of a word a token beside it."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    copied = work_dir / "gpt_neox"
    shutil.copytree(drawn_folder(home(), read_drawn(home())["gpt_neox"]), copied)
    words = {"<pad>": 0, "<s>": 1, "</s>": 2, **{f"w{index}": index for index in range(3, 64)}}
    PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<pad>")),
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
    ).save_pretrained(copied)
    return copied


@pytest.fixture
def neox(folder):
    import transformers

    return transformers.AutoModelForCausalLM.from_pretrained(folder).eval()


def test_the_bridge_computes_what_transformers_does(folder, neox):
    import torch
    from transformer_lens.model_bridge import TransformerBridge

    ids = torch.tensor([IDS])
    bridge = TransformerBridge.boot_transformers(str(folder), device="cpu")
    with torch.no_grad():
        expected = neox(ids).logits.log_softmax(-1)
        found = bridge(ids).log_softmax(-1)
    assert torch.allclose(found, expected, atol=1e-4)


def test_the_head_converts_for_a_hooked_transformer_like_this(neox, observe):
    """By the library's own conversion: W_U is the head's weight, transposed."""
    import torch

    head = neox.get_output_embeddings().weight
    config = SimpleNamespace(
        n_layers=LAYERS, n_heads=HEADS, d_model=WIDTH, d_head=WIDTH // HEADS, d_vocab=len(head),
        dtype=torch.float32,
    )  # fmt: skip
    try:
        from transformer_lens.pretrained.weight_conversions import convert_neox_weights

        converted = convert_neox_weights(neox, config)
    except Exception as error:
        observe.exact("conversion", f"raises {type(error).__name__}")
        return
    observe.exact("conversion", "converts")
    assert torch.equal(converted["unembed.W_U"], head.T)
