"""How the time of encoding grows with the text, and how it compares: ratios within one process.

Processor seconds, the least of several rounds in turns; what is observed is a class, and a ratio
too near the border between two classes is no evidence.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.plugin import requires
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.places import home

SHORT, LONG = 8_000, 32_000
TEXT = 400_000
LINEAR, QUADRATIC = 1.4, 1.6
"""Exponents of growth: up to the first a time is about linear, from the second about quadratic."""
BORDER, MARGIN = 0.5, 1.15
"""sentencepiece's time in that of tokenizers: near half of it is neither over nor under."""
ATTEMPTS = 4
"""So often a time too near a border is measured anew: another process can press on one attempt."""


def judged(judge: Callable[[list[float]], str], *calls: Callable[[], Any], rounds: int = 7) -> str:
    """What `judge` says of the least processor seconds of each call, the calls taking turns.

    Where it says it has no evidence, they take more turns; after the last attempt that stands.
    """
    best = [math.inf] * len(calls)
    undecided = NoEvidence("nothing was measured")
    for _ in range(ATTEMPTS):
        for _ in range(rounds):
            best = [min(least, took(call)) for least, call in zip(best, calls, strict=True)]
        try:
            return judge(best)
        except NoEvidence as error:
            undecided = error
    raise undecided


def took(call: Callable[[], Any]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


def growth(short: Callable[[], Any], long: Callable[[], Any], ratio: float, rounds: int) -> str:
    """How time grows with length, from two lengths of that `ratio`. Raises NoEvidence."""

    def judge(least: list[float]) -> str:
        exponent = math.log(least[1] / least[0]) / math.log(ratio)
        if LINEAR < exponent < QUADRATIC:
            raise NoEvidence(f"the time grows with the length to the power of {exponent:.2f}")
        return "about linear" if exponent <= LINEAR else "about quadratic or worse"

    return judged(judge, short, long, rounds=rounds)


def growth_of_a_run(encode: Callable[[str], Any]) -> str:
    """How the time for a run of one character grows with its length."""
    return growth(lambda: encode("a" * SHORT), lambda: encode("a" * LONG), LONG / SHORT, rounds=7)


@requires("tiktoken")
@pytest.mark.parametrize("name", ["cl100k", "o200k"])
def test_tiktoken_encodes_a_run_of_one_character_in_linear_time(name, observe):
    """The run is one piece to the pattern, so that all of it is merged at once."""
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe

    file = home() / "fixtures" / "tokenizers" / "tiktoken" / f"{name}_base.tiktoken"
    ranks = load_tiktoken_bpe(str(file))
    encoding = tiktoken.Encoding(
        name, pat_str=r"\p{L}+|[^\p{L}]", mergeable_ranks=ranks, special_tokens={}
    )
    assert observe.exact("growth", growth_of_a_run(encoding.encode_ordinary)) == "about linear"


@requires("tokenizers")
def test_tokenizers_encodes_a_run_of_one_character_in_linear_time(observe):
    tokenizer = byte_level_tokenizer()
    assert observe.exact("growth", growth_of_a_run(tokenizer.encode)) == "about linear"


@requires("sentencepiece")
@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_sentencepiece_encodes_a_run_of_one_character_in_linear_time(
    kind, train_sentencepiece, observe
):
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=train_sentencepiece(kind))
    assert observe.exact("growth", growth_of_a_run(processor.encode)) == "about linear"


@requires("sentencepiece")
def test_training_a_unigram_model_takes_time_in_proportion_to_the_text(observe):
    """On Python's own reference, English. 0.2.2 took fourteen times as long from 400,000 on."""
    from pydoc_data.topics import topics

    import sentencepiece

    reference = " ".join(topics.values())

    def train(length: int) -> None:
        lines = [line for line in reference[:length].splitlines() if line.strip()]
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=io.BytesIO(),
            model_type="unigram",
            vocab_size=1000,
            hard_vocab_limit=False,
            num_threads=1,
            minloglevel=2,
        )

    found = growth(lambda: train(TEXT // 2), lambda: train(TEXT), 2, rounds=3)
    assert observe.exact("growth", found) == "about linear"


@requires("sentencepiece", "tokenizers")
def test_sentencepiece_takes_this_long_beside_tokenizers(sentences, train_sentencepiece, observe):
    """Byte-pair encoding of English sentences by both, each with a vocabulary of its own.

    tokenizers is the yardstick: where sentencepiece alone moves, it shows here. 0.2.1 took four
    fifths of its time, 0.2.2 takes a quarter.
    """
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=train_sentencepiece("bpe"))
    tokenizer = byte_level_tokenizer()
    texts = [" ".join(sentences[start : start + 16]) for start in range(48)]

    def judge(least: list[float]) -> str:
        share = least[0] / least[1]
        if BORDER / MARGIN < share < BORDER * MARGIN:
            raise NoEvidence(f"sentencepiece takes {share:.2f} times as long as tokenizers")
        return "over" if share > BORDER else "under"

    found = judged(
        judge,
        lambda: [processor.encode(text) for text in texts],
        lambda: [tokenizer.encode(text) for text in texts],
    )
    observe.exact("half the time of tokenizers", found)


def byte_level_tokenizer() -> Any:
    from tokenizers import Tokenizer

    file = home() / "fixtures" / "tokenizers" / "converted" / "tokenizer.json"
    return Tokenizer.from_file(str(file))
