"""The tokenizers library: training, saving, streaming, and formats it cannot read."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from harness.measure.prompts import CORPUS
from harness.plugin import documents, requires, tier

pytestmark = tier("quick")


@requires("tokenizers")
def test_byte_level_bpe_training_finds_this_vocabulary(train_byte_bpe, observe):
    vocabulary = train_byte_bpe().get_vocab()
    observe.exact("vocabulary", sorted(vocabulary, key=vocabulary.__getitem__))
    assert len(vocabulary) == 400


@requires("tokenizers")
def test_bpe_training_repeats(train_byte_bpe):
    assert json.loads(train_byte_bpe().to_str()) == json.loads(train_byte_bpe().to_str())


@requires("tokenizers")
def test_byte_level_bpe_gives_unseen_texts_back(train_byte_bpe):
    tokenizer = train_byte_bpe()
    for name, text in CORPUS.items():
        assert tokenizer.decode(tokenizer.encode(text).ids) == text, name


@requires("tokenizers")
def test_a_saved_tokenizer_loads_equal(train_byte_bpe, work_dir):
    from tokenizers import Tokenizer

    tokenizer = train_byte_bpe()
    tokenizer.save(str(work_dir / "tokenizer.json"))
    again = Tokenizer.from_file(str(work_dir / "tokenizer.json"))
    assert json.loads(again.to_str()) == json.loads(tokenizer.to_str())


@requires("tokenizers")
def test_a_batch_encodes_as_its_texts_do_alone(train_byte_bpe):
    tokenizer = train_byte_bpe()
    texts = list(CORPUS.values())
    batch = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    assert batch == [tokenizer.encode(text).ids for text in texts]


@requires("tokenizers")
def test_decoding_id_by_id_streams_the_text(train_byte_bpe):
    from tokenizers.decoders import DecodeStream

    tokenizer = train_byte_bpe()
    for name, text in CORPUS.items():
        stream = DecodeStream(skip_special_tokens=False)
        parts = [stream.step(tokenizer, token) for token in tokenizer.encode(text).ids]
        assert "".join(part for part in parts if part is not None) == text, name


@requires("tokenizers")
def test_a_decode_stream_takes_ids_that_came_before(train_byte_bpe, observe):
    from tokenizers.decoders import DecodeStream

    tokenizer = train_byte_bpe()
    ids = tokenizer.encode("the night train leaves").ids
    try:
        stream = DecodeStream(ids=ids[:-1], skip_special_tokens=False)
    except TypeError:
        observe.exact("outcome", "takes no ids")
        return
    assert observe.exact("outcome", stream.step(tokenizer, ids[-1])) == tokenizer.decode(ids[-1:])


@requires("tokenizers")
@documents("tokenizers.most-flexible", "tokenizers.kinds")
@pytest.mark.parametrize("kind", ["BPE", "Unigram", "WordPiece", "WordLevel"])
def test_each_kind_of_model_trains_and_encodes(sentences, kind):
    """Which vocabulary comes out is not asked: the WordPiece trainer does not repeat itself."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    trainer_class = getattr(trainers, {"BPE": "BpeTrainer"}.get(kind, f"{kind}Trainer"))
    options = {} if kind == "BPE" else {"unk_token": "<unk>"}
    tokenizer = Tokenizer(getattr(models, kind)(**({} if kind == "Unigram" else options)))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    extra = {"unk_token": "<unk>"} if kind == "Unigram" else {}
    tokenizer.train_from_iterator(
        sentences,
        trainer_class(vocab_size=200, special_tokens=["<unk>"], show_progress=False, **extra),
    )
    assert 0 < tokenizer.get_vocab_size() <= 200
    encoding = tokenizer.encode(sentences[0])
    assert encoding.ids
    assert encoding.offsets[-1][1] == len(sentences[0])


@requires("tokenizers")
def test_truncation_and_padding_meet_the_lengths_asked_for(train_byte_bpe):
    tokenizer = train_byte_bpe()
    whole = tokenizer.encode("the keeper follows the river.").ids
    tokenizer.enable_truncation(max_length=3)
    assert tokenizer.encode("the keeper follows the river.").ids == whole[:3]
    tokenizer.no_truncation()
    tokenizer.enable_padding(pad_id=0, pad_token="<pad>", length=len(whole) + 2)
    padded = tokenizer.encode("the keeper follows the river.")
    assert padded.ids == [*whole, 0, 0]
    assert padded.attention_mask == [1] * len(whole) + [0, 0]


@requires("tokenizers")
@pytest.mark.parametrize("bad", [None, 12, ["a", 1]], ids=["none", "number", "mixed-list"])
def test_what_is_no_text_is_refused_with_this_error(train_byte_bpe, observe, bad):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        train_byte_bpe().encode(bad)
    observe.exact("error", type(caught.value).__name__)


@requires("tokenizers", "sentencepiece")
@documents("tokenizers.kinds")
def test_characters_are_a_kind_too(train_sentencepiece):
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=train_sentencepiece("char"))
    assert processor.encode("the river", out_type=str) == [*"▁the▁river"]


@requires("tokenizers", "sentencepiece", "tiktoken")
@documents("tokenizers.format-not-interchangeable")
def test_the_formats_of_the_three_libraries_refuse_each_other(
    train_byte_bpe, train_sentencepiece, work_dir, monkeypatch
):
    import sentencepiece
    import tiktoken.load
    from tokenizers import Tokenizer

    # tiktoken opens a file of this machine only with blobfile; what it makes of one is the same
    monkeypatch.setattr(tiktoken.load, "read_file_cached", lambda path, *_: Path(path).read_bytes())

    ours, theirs = work_dir / "tokenizer.json", work_dir / "trained.model"
    train_byte_bpe().save(str(ours))
    theirs.write_bytes(train_sentencepiece("bpe"))
    with pytest.raises(Exception, match=r"(?i)utf-8|json|expected|stream"):
        Tokenizer.from_file(str(theirs))
    ranks = work_dir / "ranks.tiktoken"
    lines = (base64.b64encode(bytes([byte])) + f" {byte}\n".encode() for byte in range(256))
    ranks.write_bytes(b"".join(lines))
    assert len(tiktoken.load.load_tiktoken_bpe(str(ranks))) == 256
    with pytest.raises(Exception, match=r"(?i)expected|invalid|trailing"):
        Tokenizer.from_file(str(ranks))
    for file in (ours, ranks):
        with pytest.raises(Exception, match=r"(?i)parse|proto|internal"):
            sentencepiece.SentencePieceProcessor(model_file=str(file))
    for file in (ours, theirs):
        with pytest.raises(ValueError, match=r"(?i)pars|base64|unpack|int"):
            tiktoken.load.load_tiktoken_bpe(str(file))
