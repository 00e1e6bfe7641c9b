"""tokenizers, tiktoken and sentencepiece, called with nothing that may be left out."""

from __future__ import annotations

import pytest

from harness.measure.surface import brief
from harness.measure.wording import answer
from harness.plugin import requires, tier


@pytest.mark.parametrize(
    "name",
    [
        "models.BPE",
        "models.WordPiece",
        "models.WordLevel",
        "models.Unigram",
        "trainers.BpeTrainer",
        "trainers.WordPieceTrainer",
        "trainers.WordLevelTrainer",
        "trainers.UnigramTrainer",
        "normalizers.BertNormalizer",
        "normalizers.Strip",
        "pre_tokenizers.ByteLevel",
        "pre_tokenizers.Metaspace",
        "pre_tokenizers.Punctuation",
        "pre_tokenizers.Digits",
        "decoders.ByteLevel",
        "decoders.WordPiece",
        "decoders.Metaspace",
        "decoders.CTC",
        "decoders.BPEDecoder",
        "processors.ByteLevel",
        "processors.TemplateProcessing",
    ],
)
@requires("tokenizers")
def test_a_part_made_with_no_argument_has_these_attributes(name, observe):
    import tokenizers

    home, _, kind = name.partition(".")
    made = getattr(getattr(tokenizers, home), kind)()
    names = sorted(attribute for attribute in dir(made) if not attribute.startswith("_"))
    values = {attribute: getattr(made, attribute) for attribute in names}
    observe.surface(
        "attributes",
        {attribute: brief(value) for attribute, value in values.items() if not callable(value)},
    )


@tier("quick")
@requires("tokenizers")
def test_a_tokenizer_of_a_file_encodes_and_decodes_like_this(tiny, observe):
    from tokenizers import Tokenizer, processors

    tokenizer = Tokenizer.from_file(str(tiny.tokenizer_file))
    end = tokenizer.token_to_id("<|end|>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|end|> $A", special_tokens=[("<|end|>", end)]
    )
    encoded = tokenizer.encode("ab")
    observe.exact("ids with special tokens", encoded.ids)
    observe.exact("tokens", encoded.tokens)
    observe.exact("offsets", encoded.offsets)
    observe.exact("type ids", encoded.type_ids)
    observe.exact("mask", encoded.attention_mask)
    observe.exact("special", encoded.special_tokens_mask)
    observe.exact("decoded without special tokens", tokenizer.decode(encoded.ids))
    observe.exact("padding", brief(tokenizer.padding))
    observe.exact("truncation", brief(tokenizer.truncation))
    observe.exact("vocabulary", tokenizer.get_vocab_size())
    observe.exact("special tokens in a text", tokenizer.encode("<|end|>").ids)
    assert encoded.ids[1:] == tokenizer.encode("ab", add_special_tokens=False).ids


@requires("tokenizers")
def test_padding_and_truncation_switched_on_are_these(tiny, observe):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tiny.tokenizer_file))
    tokenizer.enable_padding()
    tokenizer.enable_truncation(3)
    observe.exact("padding", {name: brief(row) for name, row in tokenizer.padding.items()})
    observe.exact("truncation", {name: brief(row) for name, row in tokenizer.truncation.items()})
    first, second = tokenizer.encode_batch(["abcde", "f"])
    observe.exact("ids", [first.ids, second.ids])
    observe.exact("left over", [part.ids for part in first.overflowing])


@requires("tokenizers")
def test_an_added_token_defaults_to_this(tiny, observe):
    from tokenizers import AddedToken, Tokenizer

    names = ("content", "single_word", "lstrip", "rstrip", "normalized", "special")
    for special in (False, True):
        token = AddedToken("<x>", special=special)
        observe.exact(f"special {special}", {name: getattr(token, name) for name in names})
    tokenizer = Tokenizer.from_file(str(tiny.tokenizer_file))
    observe.exact("added", [tokenizer.add_tokens(["<x>"]), tokenizer.add_special_tokens(["<y>"])])
    ids = tokenizer.encode("a<x> <y>b").ids
    observe.exact("ids", ids)
    observe.exact("decoded", tokenizer.decode(ids))


@tier("quick")
@requires("tokenizers")
def test_a_decode_stream_takes_and_gives_this(tiny, observe):
    from tokenizers.decoders import DecodeStream

    ids = tiny.fast.encode("é a").ids

    def step_by_step(**arguments):
        stream = DecodeStream(**arguments)
        return [stream.step(tiny.fast, number) for number in ids]

    uses = {
        "an id at a time": step_by_step,
        "an id at a time, special left out": lambda: step_by_step(skip_special_tokens=True),
        "ids at once": lambda: DecodeStream().step(tiny.fast, ids),
        "begun with ids": lambda: DecodeStream(ids=ids[:1]).step(tiny.fast, ids[1]),
        "begun by position": lambda: DecodeStream(ids[:1]).step(tiny.fast, ids[1]),
        "special left out": lambda: DecodeStream().step(tiny.fast, 0),
        "special kept": lambda: DecodeStream(skip_special_tokens=False).step(tiny.fast, 0),
    }
    for name, use in uses.items():
        observe.exact(name, answer(use).kind)


@requires("tiktoken")
def test_an_encoding_made_by_hand_encodes_like_this(tiny, observe):
    uses = {
        "encode": lambda: tiny.ranks.encode("aé"),
        "encode_ordinary": lambda: tiny.ranks.encode_ordinary("a<|end|>"),
        "encode_batch": lambda: tiny.ranks.encode_batch(["a", "b"]),
        "decode": lambda: tiny.ranks.decode([97, 195, 169]),
        "decode half a character": lambda: tiny.ranks.decode([195]),
        "decode_bytes": lambda: repr(tiny.ranks.decode_bytes([195])),
        "decode_batch": lambda: tiny.ranks.decode_batch([[97], [98]]),
        "decode a special token": lambda: tiny.ranks.decode([256]),
        "decode_with_offsets": lambda: tiny.ranks.decode_with_offsets([97, 98]),
        "encode_single_token": lambda: tiny.ranks.encode_single_token("a"),
        "n_vocab": lambda: tiny.ranks.n_vocab,
        "max_token_value": lambda: tiny.ranks.max_token_value,
        "eot_token": lambda: tiny.ranks.eot_token,
        "special_tokens_set": lambda: tiny.ranks.special_tokens_set,
        "repr": lambda: repr(tiny.ranks),
        "encode_to_numpy": lambda: str(tiny.ranks.encode_to_numpy("a").dtype),
        "pickled": lambda: len(__import__("pickle").dumps(tiny.ranks)) > 0,
    }
    for name, use in uses.items():
        observe.exact(name, answer(use).kind)


@requires("tiktoken")
def test_these_models_name_these_encodings(observe):
    from tiktoken import model

    observe.surface("models", dict(sorted(model.MODEL_TO_ENCODING.items())))
    observe.surface("prefixes", dict(sorted(model.MODEL_PREFIX_TO_ENCODING.items())))


@tier("quick")
@requires("sentencepiece")
def test_a_processor_encodes_and_decodes_like_this(tiny, observe):
    ids = tiny.pieces.encode("the sea")
    uses = {
        "encode": lambda: tiny.pieces.encode("the sea"),
        "encode a batch": lambda: tiny.pieces.encode(["the", "sea"]),
        "call": lambda: tiny.pieces("the"),
        "Encode": lambda: tiny.pieces.Encode("the"),
        "encode as pieces": lambda: tiny.pieces.encode("the", out_type=str),
        "EncodeAsPieces": lambda: tiny.pieces.EncodeAsPieces("the"),
        "encode as a proto": lambda: type(tiny.pieces.encode("a", out_type="proto")).__name__,
        "encode as an immutable proto": lambda: (
            type(tiny.pieces.encode("a", out_type="immutable_proto")).__name__
        ),
        "encode as a serialised proto": lambda: (
            type(tiny.pieces.encode("a", out_type="serialized_proto")).__name__
        ),
        "encode_as_immutable_proto": lambda: (
            type(tiny.pieces.encode_as_immutable_proto("a")).__name__
        ),
        "decode": lambda: tiny.pieces.decode(ids),
        "decode one id": lambda: tiny.pieces.decode(ids[0]),
        "decode pieces": lambda: tiny.pieces.decode(["a", "b"]),
        "decode nothing": lambda: tiny.pieces.decode([]),
        "DecodeIdsAsImmutableProto": lambda: (
            type(tiny.pieces.DecodeIdsAsImmutableProto(ids)).__name__
        ),
        "nbest": lambda: len(tiny.pieces.nbest_encode("the", nbest_size=1)),
        "calculate_entropy": lambda: type(tiny.pieces.calculate_entropy("the", 0.5)).__name__,
        "normalize": lambda: tiny.pieces.normalize("  A  b"),
        "length": lambda: len(tiny.pieces),
        "piece_size": lambda: tiny.pieces.piece_size(),
        "bos_id": lambda: tiny.pieces.bos_id(),
        "eos_id": lambda: tiny.pieces.eos_id(),
        "pad_id": lambda: tiny.pieces.pad_id(),
        "unk_id": lambda: tiny.pieces.unk_id(),
        "item": lambda: tiny.pieces["a"] == tiny.pieces.piece_to_id("a"),
        "serialised": lambda: type(tiny.pieces.serialized_model_proto()).__name__,
    }
    for name, use in uses.items():
        observe.exact(name, answer(use).kind)


@requires("sentencepiece")
def test_a_model_trained_with_no_option_is_this(tiny, observe):
    """Its own settings are kept in it: the specification of the trainer, as far as it is told."""
    import io

    import sentencepiece

    writer = io.BytesIO()
    texts = [f"{one}{two} {three}." for one in "abcdefgh" for two in "mnop" for three in "xyz"]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=writer, vocab_size=24, minloglevel=2
    )
    pieces = sentencepiece.SentencePieceProcessor(model_proto=writer.getvalue())
    observe.exact("first pieces", [pieces.id_to_piece(number) for number in range(3)])
    observe.exact("size", len(pieces))
    observe.exact("control", [pieces.is_control(number) for number in range(3)])
    observe.exact("unknown", [pieces.is_unknown(number) for number in range(3)])
    observe.exact("unknown decoded", pieces.decode([0]))
    observe.exact("prefix", pieces.encode("a", out_type=str)[0].startswith("▁"))
    observe.exact("spaces", pieces.normalize("  ab   c "))
