"""Token measures on a tokenizer that is made up: one id a character."""

from __future__ import annotations

import hashlib

from harness.measure.prompts import CORPUS, PROMPTS
from harness.measure.tokens import (
    corpus_ids,
    digest,
    lost,
    repeated_ngrams,
    sampled_vocabulary,
)


class Characters:
    """Code points as ids; small letters only, so that capitals are lost."""

    def encode(self, text):
        return [ord(char) for char in text.lower()]

    def decode(self, ids):
        return "".join(map(chr, ids))


def test_corpus_ids_are_given_by_name():
    assert corpus_ids(Characters(), {"one": "ab", "none": ""}) == {"one": [97, 98], "none": []}


def test_lost_gives_what_came_back_instead():
    assert lost(Characters(), {"kept": "ab", "changed": "Ab"}) == {"changed": "ab"}


def test_digest_is_sha256_over_lines():
    assert digest([1, "b"]) == hashlib.sha256(b"1\nb\n").hexdigest()


def test_digest_tells_the_order():
    assert digest(["a", "b"]) != digest(["b", "a"])


def test_repeated_bigrams_are_counted_beyond_the_first():
    assert repeated_ngrams([1, 2, 1, 2, 1, 2], 2) == 3
    assert repeated_ngrams([1, 2, 3, 4], 2) == 0
    assert repeated_ngrams([1], 2) == 0


def test_a_sampled_vocabulary_goes_by_id():
    assert sampled_vocabulary({"c": 2, "a": 0, "d": 3, "b": 1}, every=2) == {"a": 0, "c": 2}


def test_the_corpus_and_the_prompts_are_what_their_docstrings_say():
    assert len(PROMPTS) == 6
    assert len(set(CORPUS.values())) == len(CORPUS)
    assert any(ord(char) > 0xFFFF for char in CORPUS["emoji"])
