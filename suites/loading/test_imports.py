"""Names that the documents import, as they import them."""

from __future__ import annotations

import os

import pytest

from harness.plugin import documents, requires

AUTO_CLASSES = "https://huggingface.co/transformers/v3.0.2/model_doc/auto.html"


@requires("transformers", "torch")
@documents("transformers.gpt2tokenizer-import")
def test_gpt2s_tokenizer_and_model_import_from_transformers(observe):
    from transformers import GPT2LMHeadModel, GPT2Tokenizer

    names = [GPT2LMHeadModel.__name__, GPT2Tokenizer.__name__]
    observe.claim("transformers.gpt2tokenizer-import", names, holds=True)
    assert callable(GPT2LMHeadModel.from_pretrained)
    assert callable(GPT2Tokenizer.from_pretrained)


@requires("sentencepiece")
@documents("tokenizers.fragment-unused-import")
def test_sentencepiece_imports_under_its_usual_alias(observe):
    import sentencepiece as spm

    found = [hasattr(spm, name) for name in ("SentencePieceProcessor", "SentencePieceTrainer")]
    observe.claim("tokenizers.fragment-unused-import", found, holds=all(found))


@requires("transformers")
@documents("save.docs-v3-link")
def test_the_documentation_of_v3_lists_the_auto_classes(observe):
    """A link of the documents: looked up only where a run may use the network."""
    if os.environ.get("HF_HUB_OFFLINE", "1") not in ("", "0"):
        pytest.skip("needs the network, which a run does not use (HF_HUB_OFFLINE=0 allows it)")
    import httpx

    answer = httpx.get(AUTO_CLASSES, follow_redirects=True, timeout=30)
    listed = "AutoModelForSequenceClassification" in answer.text
    found = {"status": answer.status_code, "lists the class": listed}
    observe.claim("save.docs-v3-link", found, holds=answer.is_success and listed)
