"""A small trilingual corpus made on the spot, and tokenizers trained on it."""

from __future__ import annotations

import io
from itertools import product
from typing import Any

import pytest

SENTENCE_PARTS = (
    (
        ("the keeper", "a small bird", "my old neighbour", "the night train"),
        ("follows", "remembers", "paints", "leaves"),
        ("the river", "a lost letter", "the empty harbour", "seven houses"),
    ),
    (
        ("der Wächter", "ein kleiner Vogel", "die Nachbarin", "der Nachtzug"),
        ("folgt", "vergisst", "malt", "verlässt"),
        ("dem Fluss", "einen verlorenen Brief", "den leeren Hafen", "sieben Häuser"),
    ),
    (
        ("сторож", "маленькая птица", "моя соседка", "ночной поезд"),
        ("помнит", "рисует", "находит", "покидает"),
        ("реку", "потерянное письмо", "пустую гавань", "семь домов"),
    ),
)


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    """192 sentences: every subject, verb and object of three languages."""
    return [
        f"{subject} {verb} {thing}."
        for subjects, verbs, things in SENTENCE_PARTS
        for subject, verb, thing in product(subjects, verbs, things)
    ]


@pytest.fixture
def train_sentencepiece(sentences: list[str]) -> Any:
    """`train_sentencepiece(model_type)` trains on one thread, without normalising: bytes."""

    def train(model_type: str) -> bytes:
        import sentencepiece

        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            model_type=model_type,
            vocab_size=350,
            character_coverage=1.0,
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            num_threads=1,
            minloglevel=2,
        )
        return model.getvalue()

    return train


@pytest.fixture
def unigram(train_sentencepiece: Any) -> Any:
    """A SentencePieceProcessor over a unigram model trained on the sentences."""
    import sentencepiece

    return sentencepiece.SentencePieceProcessor(model_proto=train_sentencepiece("unigram"))


@pytest.fixture
def train_byte_bpe(sentences: list[str]) -> Any:
    """`train_byte_bpe()` gives a byte-level BPE `tokenizers.Tokenizer` trained on the sentences."""

    def train() -> Any:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=400,
            show_progress=False,
            special_tokens=["<pad>", "<end>"],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        )
        tokenizer.train_from_iterator(sentences, trainer)
        return tokenizer

    return train
