"""Names that the documents import, as they import them."""

from __future__ import annotations

from harness.plugin import documents, requires, tier

pytestmark = tier("quick")


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
