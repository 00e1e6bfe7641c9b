"""SentencePiece's options: what is put around a text, folded in it, and sampled."""

from __future__ import annotations

import io
import pickle

import pytest

pytestmark = pytest.mark.requires("sentencepiece")

TEXT = "the keeper remembers the river"


@pytest.fixture
def trained(sentences):
    """`trained(**options)` gives the bytes of a unigram model, normalised as by default."""
    import sentencepiece

    def train(**options):
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            vocab_size=105,
            num_threads=1,
            minloglevel=2,
            **options,
        )
        return model.getvalue()

    return train


@pytest.fixture
def processor(trained, keep):
    """`processor(**options)` over one model with the defaults."""
    import sentencepiece

    proto = keep("segmentation", trained)
    return lambda **options: sentencepiece.SentencePieceProcessor(model_proto=proto, **options)


def test_options_of_the_processor_hold_for_every_call(processor):
    bare = processor().encode(TEXT)
    begin, end = processor().bos_id(), processor().eos_id()
    assert processor(add_bos=True).encode(TEXT) == [begin, *bare]
    assert processor(add_eos=True).encode(TEXT) == [*bare, end]
    assert processor(add_bos=True, add_eos=True, reverse=True).encode(TEXT) == [
        begin,
        *reversed(bare),
        end,
    ]
    assert processor(add_bos=True).encode(TEXT, add_bos=False) == bare
    assert processor(out_type=str).encode(TEXT) == [processor().id_to_piece(i) for i in bare]


def test_a_batch_encodes_as_its_texts_do_alone(processor):
    texts = [TEXT, "", "the river", TEXT]
    for kind in (int, str):
        made = processor(out_type=kind, add_bos=True)
        assert made.encode(texts) == [made.encode(text) for text in texts]
    ids = processor().encode(texts)
    assert processor().decode(ids) == texts


def test_compatible_characters_are_folded_by_default(processor):
    """nmt_nfkc: full-width letters, ligatures, odd spaces."""
    plain = processor().encode("the final river")
    assert processor().encode("\uff54\uff48\uff45 \ufb01nal\u3000river") == plain
    assert processor().encode("the  final river ") == plain


def test_sampling_gives_other_segmentations_of_the_same_text(processor):
    made = processor(enable_sampling=True, alpha=0.1, nbest_size=-1)
    found = {tuple(made.encode(TEXT)) for _ in range(20)}
    assert len(found) > 5
    assert {made.decode(list(ids)) for ids in found} == {TEXT}


def test_a_high_alpha_samples_the_best_segmentation(processor):
    """Each is drawn with its probability to the power of alpha (Kudo 2018, section 3.2)."""
    best = tuple(processor().encode(TEXT))
    sharp = processor(enable_sampling=True, alpha=20.0, nbest_size=-1)
    assert {tuple(sharp.encode(TEXT)) for _ in range(20)} == {best}


def test_a_seed_makes_sampling_repeat(processor):
    import sentencepiece

    made = processor(enable_sampling=True, alpha=0.1, nbest_size=-1)

    def drawn():
        sentencepiece.set_random_generator_seed(7)
        return [made.encode(TEXT) for _ in range(5)]

    assert drawn() == drawn()


def test_a_piece_outside_the_vocabulary_is_unknown(processor):
    made = processor()
    assert made.piece_to_id("no such piece") == made.unk_id() == 0
    assert made.is_unknown(made.unk_id())
    assert [made.is_control(token) for token in (made.bos_id(), made.eos_id(), 3)] == [
        True,
        True,
        False,
    ]
    assert len(made) == made.get_piece_size() == 105


def test_symbols_of_the_user_are_single_pieces(trained):
    import sentencepiece

    made = sentencepiece.SentencePieceProcessor(
        model_proto=trained(user_defined_symbols=["<a,b>", "<sep>"])
    )
    assert made.encode("x<a,b><sep>", out_type=str)[-2:] == ["<a,b>", "<sep>"]


def test_a_pickled_processor_encodes_like_this(processor, observe):
    made = processor(add_bos=True)
    copy = pickle.loads(pickle.dumps(made))
    assert copy.encode(TEXT, add_bos=False) == processor().encode(TEXT)
    observe.exact("keeps its options", copy.encode(TEXT) == made.encode(TEXT))
