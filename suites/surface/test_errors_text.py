"""Misuse of tokenizers: the type of the error that answers it, or what comes without one."""

from __future__ import annotations

import pytest

from harness.measure.wording import answer
from harness.plugin import tier

SURROGATE = "a" + chr(0xD800)

CASES = {
    "tokenizers": {
        "lone surrogate": lambda tiny: tiny.fast.encode(SURROGATE).ids,
        "lone surrogate in a batch": lambda tiny: len(tiny.fast.encode_batch(["a", SURROGATE])),
        "bytes": lambda tiny: tiny.fast.encode(b"a"),
        "pretokenized without saying so": lambda tiny: tiny.fast.encode(["a", "b"]),
        "empty text": lambda tiny: tiny.fast.encode("").ids,
        "decode a negative id": lambda tiny: tiny.fast.decode([-1]),
        "decode an id too large": lambda tiny: tiny.fast.decode([10**6]),
        "decode an id beyond 32 bits": lambda tiny: tiny.fast.decode([2**40]),
        "decode text": lambda tiny: tiny.fast.decode("ab"),
        "id of an unknown token": lambda tiny: tiny.fast.token_to_id("none-such"),
        "token of an unknown id": lambda tiny: tiny.fast.id_to_token(10**6),
        "stride as long as the window": lambda tiny: _fresh(tiny).enable_truncation(4, stride=4),
        "no such padding direction": lambda tiny: _fresh(tiny).enable_padding(direction="up"),
        "no such file": lambda tiny: _tokenizers().Tokenizer.from_file(str(tiny.folder / "none")),
        "damaged file": lambda tiny: _tokenizers().Tokenizer.from_str('{"version": "1.0"'),
        "file without a model": lambda tiny: _tokenizers().Tokenizer.from_str("{}"),
        "model of no known type": lambda tiny: _tokenizers().Tokenizer.from_str(
            '{"version": "1.0", "model": {"type": "none-such"}}'
        ),
        "merge that is not in the vocabulary": lambda tiny: _tokenizers().models.BPE(
            {"a": 0}, [("a", "b")]
        ),
        "dropout of 2": lambda tiny: _tokenizers().models.BPE({"a": 0}, [], dropout=2.0),
        "unknown word and no unknown token": lambda tiny: (
            _tokenizers().Tokenizer(_tokenizers().models.WordLevel({"a": 0})).encode("b").ids
        ),
        "pattern that is no regular expression": lambda tiny: _tokenizers().Regex("("),
        "special token given as a number": lambda tiny: _fresh(tiny).add_special_tokens([3]),
        "decode stream given text": lambda tiny: (
            _tokenizers().decoders.DecodeStream().step(tiny.fast, "a")
        ),
        "decode stream begun with ids": lambda tiny: (
            _tokenizers().decoders.DecodeStream(ids=[1, 2]).step(tiny.fast, 3)
        ),
    },
    "tiktoken": {
        "lone surrogate": lambda tiny: tiny.ranks.encode(SURROGATE),
        "lone surrogate, ordinary": lambda tiny: tiny.ranks.encode_ordinary(SURROGATE),
        "special token in the text": lambda tiny: tiny.ranks.encode("a<|end|>"),
        "no such special token": lambda tiny: tiny.ranks.encode("a", allowed_special={"<|no|>"}),
        "empty text": lambda tiny: tiny.ranks.encode(""),
        "number": lambda tiny: tiny.ranks.encode(3),
        "decode a negative id": lambda tiny: tiny.ranks.decode([-1]),
        "decode an id too large": lambda tiny: tiny.ranks.decode([10**6]),
        "bytes of an unknown id": lambda tiny: tiny.ranks.decode_single_token_bytes(10**6),
        "id of several tokens": lambda tiny: tiny.ranks.encode_single_token("ab"),
        "no such encoding": lambda tiny: _tiktoken().get_encoding("none-such"),
        "encoding given as a number": lambda tiny: _tiktoken().get_encoding(3),
        "no such model": lambda tiny: _tiktoken().encoding_for_model("none-such"),
        "vocabulary of another size": lambda tiny: _tiktoken().Encoding(
            "x", pat_str=".", mergeable_ranks={b"a": 0}, special_tokens={}, explicit_n_vocab=5
        ),
        "pattern that is no regular expression": lambda tiny: _tiktoken().Encoding(
            "x", pat_str="(", mergeable_ranks={b"a": 0}, special_tokens={}
        ),
        "byte that has no rank": lambda tiny: (
            _tiktoken()
            .Encoding("x", pat_str=".", mergeable_ranks={b"a": 0}, special_tokens={})
            .encode("b")
        ),
    },
    "sentencepiece": {
        "lone surrogate": lambda tiny: tiny.pieces.encode(SURROGATE),
        "empty text": lambda tiny: tiny.pieces.encode(""),
        "number": lambda tiny: tiny.pieces.encode(3),
        "nothing": lambda tiny: tiny.pieces.encode(None),
        "no such type of output": lambda tiny: tiny.pieces.encode("a", out_type=dict),
        "decode a negative id": lambda tiny: tiny.pieces.decode([-1]),
        "decode an id too large": lambda tiny: tiny.pieces.decode([10**6]),
        "piece of an id too large": lambda tiny: tiny.pieces.id_to_piece(10**6),
        "id of an unknown piece": lambda tiny: tiny.pieces.piece_to_id("none-such"),
        "no model loaded": lambda tiny: _sentencepiece().SentencePieceProcessor().encode("a"),
        "no such file": lambda tiny: _sentencepiece().SentencePieceProcessor(
            model_file=str(tiny.folder / "none")
        ),
        "damaged model": lambda tiny: _sentencepiece().SentencePieceProcessor(model_proto=b"none"),
        "training without a vocabulary size that fits": lambda tiny: _train(vocab_size=5000),
        "training of no known type": lambda tiny: _train(model_type="none-such", vocab_size=20),
        "training with an unknown option": lambda tiny: _train(vocab_size=20, none_such=1),
        "training on nothing": lambda tiny: _train(texts=[], vocab_size=20),
        "change an immutable proto": lambda tiny: _change(
            tiny.pieces.encode("a b", out_type="immutable_proto")
        ),
    },
    "transformers": {
        "lone surrogate": lambda tiny: tiny.tokenizer(SURROGATE)["input_ids"],
        "nothing": lambda tiny: tiny.tokenizer(None),
        "number": lambda tiny: tiny.tokenizer(3),
        "empty text": lambda tiny: tiny.tokenizer("")["input_ids"],
        "empty list": lambda tiny: tiny.tokenizer([])["input_ids"],
        "empty text as tensors": lambda tiny: tiny.tokenizer("", return_tensors="pt")["input_ids"],
        "uneven batch as tensors": lambda tiny: tiny.tokenizer(["a", "bc"], return_tensors="pt"),
        "padding without a pad token": lambda tiny: tiny.tokenizer(["a", "bc"], padding=True),
        "no such framework": lambda tiny: tiny.tokenizer("a", return_tensors="none-such"),
        "no such padding": lambda tiny: tiny.tokenizer("a", padding="none-such"),
        "unknown keyword": lambda tiny: tiny.tokenizer("a", none_such=1)["input_ids"],
        "decode a negative id": lambda tiny: tiny.tokenizer.decode([-1]),
        "decode an id too large": lambda tiny: tiny.tokenizer.decode([10**6]),
        "decode text": lambda tiny: tiny.tokenizer.decode("ab"),
        "id of an unknown token": lambda tiny: tiny.tokenizer.convert_tokens_to_ids("none-such"),
        "token of an unknown id": lambda tiny: tiny.tokenizer.convert_ids_to_tokens(10**6),
        "unknown special token": lambda tiny: _own(tiny).add_special_tokens({"none": "<x>"}),
        "pad a list of texts": lambda tiny: tiny.tokenizer.pad(["a"]),
        "chat template missing": lambda tiny: _own(tiny, chat_template=None).apply_chat_template(
            [{"role": "user", "content": "a"}]
        ),
        "chat template damaged": lambda tiny: _own(tiny, chat_template="{% if").apply_chat_template(
            [{"role": "user", "content": "a"}]
        ),
        "chat of texts": lambda tiny: tiny.tokenizer.apply_chat_template(["a"]),
        "empty chat": lambda tiny: tiny.tokenizer.apply_chat_template([], tokenize=False),
        "tokenizer.json damaged": lambda tiny: _loaded(_damaged(tiny, "tokenizer.json")),
        "tokenizer_config.json damaged": lambda tiny: _loaded(
            _damaged(tiny, "tokenizer_config.json")
        ),
        "folder without a tokenizer": lambda tiny: _loaded(tiny.folder),
        "not a folder": lambda tiny: _loaded(tiny.folder / "none-such"),
        "no name": lambda tiny: _loaded(None),
        "removed encode_plus": lambda tiny: len(tiny.tokenizer.encode_plus("a")["input_ids"]),
        "removed batch_encode_plus": lambda tiny: len(
            tiny.tokenizer.batch_encode_plus(["a"])["input_ids"]
        ),
    },
}

QUICK = ("lone surrogate", "removed encode_plus", "decode stream begun with ids")


def _tokenizers():
    import tokenizers

    return tokenizers


def _tiktoken():
    import tiktoken

    return tiktoken


def _sentencepiece():
    import sentencepiece

    return sentencepiece


def _fresh(tiny):
    return _tokenizers().Tokenizer.from_str(tiny.fast.to_str())


def _own(tiny, **attributes):
    """A tokenizer of one's own, with attributes set."""
    tokenizer = _loaded(tiny.checkpoint)
    for name, value in attributes.items():
        setattr(tokenizer, name, value)
    return tokenizer


def _loaded(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def _damaged(tiny, name):
    folder = tiny.copy()
    (folder / name).write_text("{", encoding="utf-8")
    return folder


def _train(texts=("the river to the sea", "the sea"), **options):
    import io

    writer = io.BytesIO()
    _sentencepiece().SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=writer, minloglevel=3, num_threads=1, **options
    )
    return len(writer.getvalue())


def _change(proto):
    proto.pieces[0].piece = "changed"
    return proto.pieces[0].piece


def parameters(quick=()):
    for package, cases in CASES.items():
        needed = (package, "torch", "tokenizers") if package == "transformers" else (package,)
        for name in cases:
            marks = [pytest.mark.requires(*needed)]
            if name in quick:
                marks.append(tier("quick"))
            yield pytest.param(package, name, id=f"{package}-{name}", marks=marks)


@pytest.mark.parametrize(("package", "case"), list(parameters(QUICK)))
def test_misuse_is_answered_with_this_type(package, case, tiny, observe):
    observe.exact("answer", answer(lambda: CASES[package][case](tiny)).kind)


@tier("broad")
@pytest.mark.parametrize(("package", "case"), list(parameters()))
def test_misuse_is_answered_in_these_words(package, case, tiny, observe):
    observe.exact("words", answer(lambda: CASES[package][case](tiny)).words)
