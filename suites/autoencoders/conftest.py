"""The trained autoencoder, text that it has not seen, and the bridge that it is attached to."""

from __future__ import annotations

import pytest

from harness.vocabulary.places import home

FOLDER = home() / "fixtures" / "autoencoders"
ROW, HELD_OUT_ROWS = 128, 8
"""As in fixtures/autoencoders/train.py: the last rows of text.txt were held out."""

ROWS, LENGTH = 4, 64


@pytest.fixture
def sae(keep):
    """The autoencoder of fixtures/autoencoders, in float32."""

    def make():
        from sae_lens import SAE

        return SAE.load_from_disk(FOLDER / "smollm2-block-10", dtype="float32").eval()

    return keep("trained-sae", make)


@pytest.fixture
def held_out(hf_tokenizer, keep):
    """Ids [row, position] of text that the autoencoder was not trained on."""

    def make():
        import torch

        text = (FOLDER / "text.txt").read_text("utf-8")
        ids = hf_tokenizer.encode(text, add_special_tokens=False)
        rows = torch.tensor(ids[: len(ids) // ROW * ROW]).reshape(-1, ROW)
        return rows[-HELD_OUT_ROWS:][:ROWS, :LENGTH]

    return keep("held-out", make)


@pytest.fixture
def sae_bridge(model, hf_tokenizer, subject, keep):
    """A SAETransformerBridge over a copy of the cell's model."""

    def make():
        import copy

        from sae_lens.analysis.sae_transformer_bridge import SAETransformerBridge

        return SAETransformerBridge.boot_transformers(
            str(subject.directory),
            hf_model=copy.deepcopy(model),
            tokenizer=hf_tokenizer,
            device="cpu",
        )

    return keep("sae-bridge", make)


@pytest.fixture
def clean(sae_bridge, sae, held_out, keep):
    """Logits, and the activation [row, position, d_in] that the autoencoder reads."""

    def make():
        import torch

        name = sae.cfg.metadata.hook_name
        with torch.no_grad():
            logits, cache = sae_bridge.run_with_cache(held_out, names_filter=name)
        return logits, cache[name]

    return keep("clean", make)
