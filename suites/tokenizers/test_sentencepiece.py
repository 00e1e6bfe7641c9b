"""SentencePiece: training, and the interface that releases have been taking apart."""

from __future__ import annotations

import pytest

from harness.measure.prompts import CORPUS
from harness.plugin import documents, requires, tier, until

pytestmark = tier("quick")

GONE = "removed, deprecated before"
TEXT = "the keeper remembers the river"


@documents("sentencepiece.trains-multilingual")
@requires("sentencepiece")
def test_unigram_training_finds_this_vocabulary(unigram, observe):
    pieces = [unigram.id_to_piece(i) for i in range(unigram.get_piece_size())]
    observe.exact("vocabulary", pieces)
    assert len(pieces) == 350


@requires("sentencepiece")
def test_bpe_training_finds_this_vocabulary(train_sentencepiece, observe):
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=train_sentencepiece("bpe"))
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    observe.exact("vocabulary", pieces)
    assert len(pieces) == 350


@requires("sentencepiece")
@pytest.mark.parametrize("model_type", ["unigram", "bpe"])
def test_training_on_one_thread_repeats(train_sentencepiece, model_type):
    assert train_sentencepiece(model_type) == train_sentencepiece(model_type)


@documents("sentencepiece.trains-multilingual")
@requires("sentencepiece")
def test_decoding_gives_unseen_texts_back_through_byte_fallback(unigram):
    for name, text in CORPUS.items():
        assert unigram.decode(unigram.encode(text)) == text, name


@requires("sentencepiece")
def test_pieces_and_ids_name_each_other(unigram):
    ids = unigram.encode(TEXT)
    pieces = unigram.encode(TEXT, out_type=str)
    assert [unigram.piece_to_id(piece) for piece in pieces] == ids
    assert "".join(pieces).replace("▁", " ") == f" {TEXT}"


@requires("sentencepiece")
def test_the_best_segmentation_is_the_first_of_the_n_best(unigram):
    best = unigram.nbest_encode(TEXT, nbest_size=5)
    assert best[0] == unigram.encode(TEXT)
    assert len({tuple(ids) for ids in best}) == 5


@requires("sentencepiece")
def test_control_symbols_have_the_default_ids(unigram, observe):
    ids = (unigram.unk_id(), unigram.bos_id(), unigram.eos_id(), unigram.pad_id())
    assert observe.exact("unk, bos, eos, pad", ids) == (0, 1, 2, -1)


@requires("sentencepiece")
def test_a_damaged_model_is_refused(observe):
    import sentencepiece

    with pytest.raises(Exception) as caught:  # noqa: PT011
        sentencepiece.SentencePieceProcessor(model_proto=b"this is no model")
    observe.exact("error", type(caught.value).__name__)


@requires("sentencepiece")
@until("sentencepiece", "0.2.3", f"CalculateEntropy was {GONE}")
def test_entropy_of_segmentations_falls_as_theta_rises(unigram):
    flat, sharp = unigram.CalculateEntropy(TEXT, 0.01), unigram.CalculateEntropy(TEXT, 10.0)
    assert flat > sharp >= 0


@requires("sentencepiece")
@until("sentencepiece", "0.2.3", f"EncodeAsSerializedProto was {GONE}")
def test_a_text_encodes_to_a_serialised_proto(unigram):
    assert TEXT.encode() in unigram.EncodeAsSerializedProto(TEXT)


@requires("sentencepiece")
@until("sentencepiece", "0.2.3", f"DecodeIdsAsSerializedProto was {GONE}")
def test_ids_decode_to_a_serialised_proto(unigram):
    assert TEXT.encode() in unigram.DecodeIdsAsSerializedProto(unigram.encode(TEXT))


@requires("sentencepiece")
@until("sentencepiece", "0.2.3", f"DecodePiecesAsSerializedProto was {GONE}")
def test_pieces_decode_to_a_serialised_proto(unigram):
    pieces = unigram.encode(TEXT, out_type=str)
    assert TEXT.encode() in unigram.DecodePiecesAsSerializedProto(pieces)


@requires("sentencepiece")
@until("sentencepiece", "0.2.3", f"NBestEncodeAsSerializedProto was {GONE}")
def test_the_n_best_encode_to_a_serialised_proto(unigram):
    assert TEXT.encode() in unigram.NBestEncodeAsSerializedProto(TEXT, 3)


@requires("sentencepiece")
@until("sentencepiece", "0.2.3", f"SampleEncodeAsSerializedProto was {GONE}")
def test_a_sampled_segmentation_encodes_to_a_serialised_proto(unigram):
    assert TEXT.encode() in unigram.SampleEncodeAsSerializedProto(TEXT, -1, 0.1)


@requires("sentencepiece")
@until("sentencepiece", "0.2.3", f"SampleEncodeAndScoreAsIds was {GONE}")
def test_sampled_segmentations_come_with_scores(unigram):
    for ids, score in unigram.SampleEncodeAndScoreAsIds(TEXT, 3, 0.1):
        assert unigram.decode(ids) == TEXT
        assert score <= 0


@requires("sentencepiece")
@until("sentencepiece", "0.2.3", f"OverrideNormalizerSpec was {GONE}")
def test_the_dummy_prefix_can_be_switched_off_after_training(unigram):
    unigram.OverrideNormalizerSpec(add_dummy_prefix=False)
    assert unigram.encode("river", out_type=str)[0][0] != "▁"


@requires("sentencepiece")
@until("sentencepiece", "0.2.2", "immutable protos are no longer supported")
def test_a_text_encodes_to_an_immutable_proto(unigram):
    assert unigram.EncodeAsImmutableProto(TEXT).text == TEXT


@requires("sentencepiece")
@until("sentencepiece", "0.2.2", "immutable protos are no longer supported")
def test_ids_decode_to_an_immutable_proto(unigram):
    assert unigram.DecodeIdsAsImmutableProto(unigram.encode(TEXT)).text == TEXT
