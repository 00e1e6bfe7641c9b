"""Which library encodes and trains faster: processor seconds, interleaved, on one thread."""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.measure.prompts import CORPUS
from harness.plugin import documents, needs, requires, tier
from harness.vocabulary.errors import NoEvidence

ROUNDS = 5
MARGIN = 1.1
"""Ratios of processor time nearer to 1 than this are not decided: the noise of one machine."""


def ratio(slow: Callable[[], Any], fast: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """How many times the seconds of `fast` the work `slow` takes: the median of rounds in turns."""
    return round(statistics.median(took(slow) / took(fast) for _ in range(rounds)), 2)


def took(call: Callable[[], Any]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


def slower(found: float) -> bool:
    """Whether a ratio is above 1. Raises NoEvidence where it is too near to say."""
    if 1 / MARGIN < found < MARGIN:
        raise NoEvidence(f"one takes {found} times as long as the other, which noise may do")
    return found > 1


@pytest.fixture(scope="module")
def pieces() -> list[str]:
    """Some 200,000 characters in pieces of 2,000: the corpus and numbered sentences, no repeats."""
    text = " ".join(text for text in CORPUS.values() if "<|" not in text)
    return [
        " ".join(f"{number}. {text[(number * 37) % 400 :]}" for number in range(k * 9, k * 9 + 9))[
            :2000
        ]
        for k in range(100)
    ]


@documents("tiktoken.fastest-encode")
@needs(subject="gpt2-tokenizer")
@requires("tiktoken", "tokenizers", "sentencepiece")
def test_tiktoken_encodes_its_vocabularies_faster_than_tokenizers(
    hf_tokenizer, pieces, bench, observe
):
    """tiktoken and tokenizers on GPT-2's merges, with equal ids.

    sentencepiece can't take part, for it reads no such vocabulary: its time on Mistral's is shown.
    """
    import tiktoken
    from tiktoken_ext.openai_public import r50k_pat_str
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    byte_of = {char: byte for byte, char in bytes_to_unicode().items()}
    vocabulary = hf_tokenizer.get_vocab().items()
    ranks = {bytes(byte_of[c] for c in piece): rank for piece, rank in vocabulary if rank < 50256}
    fast = tiktoken.Encoding("gpt2", pat_str=r50k_pat_str, mergeable_ranks=ranks, special_tokens={})
    backend = hf_tokenizer.backend_tokenizer
    mistral = bench.pool.tokenizer(bench.prepared("mistral-sentencepiece")).native
    assert all(fast.encode_ordinary(text) == backend.encode(text).ids for text in pieces[:5])

    def with_tiktoken() -> None:
        for text in pieces:
            fast.encode_ordinary(text)

    ratios = {
        "tokenizers": ratio(lambda: [backend.encode(text) for text in pieces], with_tiktoken),
        "sentencepiece on Mistral's": ratio(
            lambda: [mistral.encode(text) for text in pieces], with_tiktoken, rounds=3
        ),
    }
    holds = slower(ratios["tokenizers"])
    times = {f"{name}, times tiktoken": found for name, found in ratios.items()}
    observe.claim("tiktoken.fastest-encode", times, holds=holds, steady=False)


@tier("broad")
@documents("sentencepiece.train-slower-than-hf")
@requires("sentencepiece", "tokenizers")
def test_sentencepiece_trains_like_this_beside_tokenizers(observe):
    """On Python's own reference, 400,000 characters of English; one thread each."""
    from pydoc_data.topics import topics

    import sentencepiece
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    reference = " ".join(topics.values())[:400_000]
    text = [line for line in reference.splitlines() if line.strip()]
    size = 4000

    def with_sentencepiece(kind: str) -> None:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(text),
            model_writer=io.BytesIO(),
            model_type=kind,
            vocab_size=size,
            hard_vocab_limit=False,
            num_threads=1,
            minloglevel=2,
        )

    def with_tokenizers(model: Any, trainer: Any) -> None:
        tokenizer = Tokenizer(model)
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.train_from_iterator(text, trainer)

    quiet = {"vocab_size": size, "show_progress": False}
    ratios = {}
    for kind, model, trainer in (
        ("bpe", models.BPE, trainers.BpeTrainer),
        ("unigram", models.Unigram, trainers.UnigramTrainer),
    ):
        ratios[kind] = ratio(
            lambda kind=kind: with_sentencepiece(kind),
            lambda model=model, trainer=trainer: with_tokenizers(model(), trainer(**quiet)),
            rounds=3,
        )
    holds = all([slower(found) for found in ratios.values()])
    times = {f"{kind}, times tokenizers": found for kind, found in ratios.items()}
    observe.claim("sentencepiece.train-slower-than-hf", times, holds=holds, steady=False)
