"""tiktoken: names of models, special tokens, and what it does not do."""

from __future__ import annotations

import pytest

from harness.plugin import documents, needs, requires

SENTENCE = "Mechanistic interpretability of transformer models."
MODELS = ("gpt-2", "gpt2", "gpt-3.5-turbo", "gpt-4", "gpt-4.1", "gpt-4o", "gpt-5", "o1", "o3")


@requires("tiktoken")
@documents("tiktoken.gpt4o.encoding")
def test_gpt_4o_names_o200k_base():
    import tiktoken

    assert tiktoken.encoding_name_for_model("gpt-4o") == "o200k_base"


@requires("tiktoken")
@documents("tiktoken.encoding-for-model-swap")
def test_models_name_these_encodings(observe):
    import tiktoken

    def name(model):
        try:
            return tiktoken.encoding_name_for_model(model)
        except KeyError:
            return "unknown"

    names = observe.exact("encodings", {model: name(model) for model in MODELS})
    assert names["gpt-4"] == "cl100k_base"


@requires("tiktoken")
def test_these_encodings_are_listed(observe):
    import tiktoken

    assert "o200k_base" in observe.exact("encodings", sorted(tiktoken.list_encoding_names()))


@requires("tiktoken")
def test_an_unknown_model_is_a_key_error():
    import tiktoken

    with pytest.raises(KeyError):
        tiktoken.encoding_name_for_model("no-such-model")


@requires("tiktoken")
@documents("tiktoken.no-train")
def test_the_public_interface_offers_no_training():
    import tiktoken

    public = [*dir(tiktoken), *dir(tiktoken.Encoding)]
    assert [name for name in public if "train" in name.lower() and name[0] != "_"] == []


@needs(subject="o200k")
@documents("tiktoken.gpt4o.count")
def test_the_interpretability_sentence_costs_this_many_gpt_4o_tokens(tokenizer, observe):
    assert observe.exact("tokens", len(tokenizer.encode(SENTENCE))) > 0


@needs(subject="o200k")
def test_a_special_token_in_a_text_is_refused_unless_allowed(tokenizer):
    encoding = tokenizer.native
    with pytest.raises(ValueError, match="endoftext"):
        encoding.encode("<|endoftext|>")
    assert encoding.encode("<|endoftext|>", allowed_special="all") == [encoding.eot_token]
    assert len(encoding.encode("<|endoftext|>", disallowed_special=())) > 1


@needs(subject="o200k")
def test_every_text_comes_back_from_its_bytes(tokenizer):
    from harness.measure.prompts import CORPUS

    encoding = tokenizer.native
    for name, text in CORPUS.items():
        ids = encoding.encode_ordinary(text)
        pieces = b"".join(encoding.decode_single_token_bytes(token) for token in ids)
        assert pieces.decode() == text, name


@needs(subject="o200k")
def test_a_batch_encodes_as_its_texts_do_alone(tokenizer):
    from harness.measure.prompts import CORPUS

    texts = list(CORPUS.values())
    batch = tokenizer.native.encode_ordinary_batch(texts, num_threads=2)
    assert batch == [tokenizer.native.encode_ordinary(text) for text in texts]
