"""Every tokenizer on the fixed corpus: ids, counts, and what comes back."""

from __future__ import annotations

from harness.measure.prompts import CORPUS
from harness.measure.tokens import corpus_ids, lost
from harness.plugin import tier

pytestmark = tier("quick")


def test_the_corpus_becomes_these_ids(tokenizer, observe):
    ids = observe.exact("ids", corpus_ids(tokenizer))
    assert ids["empty"] == []
    assert all(0 <= token < tokenizer.vocab_size for text in ids.values() for token in text)


def test_languages_and_code_cost_these_counts(tokenizer, observe):
    counts = {name: len(ids) for name, ids in corpus_ids(tokenizer).items()}
    observe.exact("tokens", counts)
    bytes_of = {name: len(text.encode()) for name, text in CORPUS.items()}
    assert all((counts[name] > 0) == (size > 0) for name, size in bytes_of.items())


def test_decoding_loses_this_much_of_the_corpus(tokenizer, observe):
    observe.exact("not given back", lost(tokenizer))


def test_encoding_repeats_itself(tokenizer):
    assert corpus_ids(tokenizer) == corpus_ids(tokenizer)


def test_decoded_ids_encode_to_a_text_that_is_stable(tokenizer):
    """What one round loses is lost for good: the second round trip changes nothing more."""
    for name, text in CORPUS.items():
        once = tokenizer.decode(tokenizer.encode(text))
        twice = tokenizer.decode(tokenizer.encode(once))
        assert twice.strip() == once.strip(), name


def test_the_vocabulary_has_this_size(tokenizer, observe):
    assert observe.exact("vocabulary", tokenizer.vocab_size) > 0


def test_a_lone_surrogate_is_answered_with_this_error(tokenizer, observe):
    try:
        outcome = f"{len(tokenizer.encode(chr(0xD800)))} ids"
    except Exception as error:
        outcome = type(error).__name__
    observe.exact("outcome", outcome)
