"""tiktoken: names of models, special tokens, and what it does not do."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from harness.measure.documented import about
from harness.plugin import documents, needs, requires, tier

pytestmark = tier("quick")

HOME = Path(__file__).resolve().parents[2]
SENTENCE = "Mechanistic interpretability of transformer models."
CURRENT = ("gpt-5", "gpt-4.1", "o3")
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
    observe.claim(
        "tiktoken.encoding-for-model-swap",
        {model: names[model] for model in CURRENT},
        holds="unknown" not in {names[model] for model in CURRENT},
    )
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
    count = len(tokenizer.encode(SENTENCE))
    observe.claim("tiktoken.gpt4o.count", count, holds=about(7, count))


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


@requires("tiktoken")
@documents("tiktoken.openai-parity")
def test_the_hashes_that_tiktoken_pins_are_those_of_these_vocabularies(observe):
    """What tiktoken would fetch from OpenAI, it refuses unless the sha256 is that in its source.

    GPT-2's ranks are its pieces in order of id, in the form of OpenAI's files. Of p50k_base,
    that of the models before GPT-3.5, there is no file here.
    """
    pinned = pinned_hashes()
    vocabularies = HOME / "fixtures" / "tokenizers"
    gpt2 = vocabularies / "gpt2"
    here = {
        "vocab.bpe": sha256((gpt2 / "merges.txt").read_bytes()),
        "encoder.json": sha256((gpt2 / "vocab.json").read_bytes()),
        "r50k_base.tiktoken": sha256(ranks_file(gpt2 / "vocab.json")),
    }
    for name in ("cl100k_base.tiktoken", "o200k_base.tiktoken"):
        here[name] = sha256((vocabularies / "tiktoken" / name).read_bytes())
    equal = {name: digest == pinned.get(name) for name, digest in here.items()}
    observe.claim(
        "tiktoken.openai-parity",
        {name: "the pinned hash" if same else "another hash" for name, same in equal.items()},
        holds=all(equal.values()) and all(pinned.values()),
    )


def pinned_hashes():
    """The sha256 that tiktoken expects of each file of OpenAI's, by the file's name."""
    from unittest import mock

    from tiktoken_ext import openai_public

    found = {}

    def ranks(address, expected_hash=None):
        found[address.rpartition("/")[2]] = expected_hash
        return {}

    def merges(vocab_bpe_file, encoder_json_file, vocab_bpe_hash=None, encoder_json_hash=None):
        ranks(vocab_bpe_file, vocab_bpe_hash)
        return ranks(encoder_json_file, encoder_json_hash)

    with (
        mock.patch.object(openai_public, "load_tiktoken_bpe", ranks),
        mock.patch.object(openai_public, "data_gym_to_mergeable_bpe_ranks", merges),
    ):
        for construct in openai_public.ENCODING_CONSTRUCTORS.values():
            construct()
    return found


def ranks_file(vocabulary):
    """GPT-2's vocabulary as a file of ranks: its bytes in base64 and its rank, a piece a line.

    A byte that prints stands for itself in a piece, the others for 256, 257 and so on
    (bytes_to_unicode of GPT-2's encoder.py).
    """
    printing = [*range(33, 127), *range(161, 173), *range(174, 256)]
    byte_of = {chr(byte): byte for byte in printing}
    others = (byte for byte in range(256) if byte not in printing)
    byte_of |= {chr(256 + position): byte for position, byte in enumerate(others)}
    pieces = json.loads(vocabulary.read_text(encoding="utf-8"))
    del pieces["<|endoftext|>"]
    lines = (
        base64.b64encode(bytes(byte_of[char] for char in piece)) + f" {rank}\n".encode()
        for piece, rank in sorted(pieces.items(), key=lambda item: item[1])
    )
    return b"".join(lines)


def sha256(content):
    return hashlib.sha256(content).hexdigest()
