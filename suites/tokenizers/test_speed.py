"""Which library encodes and trains faster: processor seconds, interleaved, on one thread."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from harness.measure.prompts import CORPUS
from harness.plugin import documents, needs, requires

ROUNDS = 3


def seconds(work: Mapping[str, Callable[[], Any]], rounds: int = ROUNDS) -> dict[str, float]:
    """The best of some rounds of each, taken in turns."""
    best = dict.fromkeys(work, float("inf"))
    for _ in range(rounds):
        for name, call in work.items():
            begun = time.process_time()
            call()
            best[name] = min(best[name], time.process_time() - begun)
    return best


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
    took = seconds(
        {
            "tiktoken": lambda: [fast.encode_ordinary(text) for text in pieces],
            "tokenizers": lambda: [backend.encode(text) for text in pieces],
            "sentencepiece on Mistral's": lambda: [mistral.encode(text) for text in pieces],
        }
    )
    ratios = {name: round(took[name] / took["tiktoken"], 2) for name in took}
    observe.claim(
        "tiktoken.fastest-encode",
        ratios,
        holds=took["tiktoken"] < took["tokenizers"],
        steady=False,
    )


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
        took = seconds(
            {
                "sentencepiece": lambda kind=kind: with_sentencepiece(kind),
                "tokenizers": lambda model=model, trainer=trainer: with_tokenizers(
                    model(), trainer(**quiet)
                ),
            },
            rounds=2,
        )
        ratios[kind] = round(took["sentencepiece"] / took["tokenizers"], 2)
    observe.claim(
        "sentencepiece.train-slower-than-hf",
        ratios,
        holds=all(ratio > 1 for ratio in ratios.values()),
        steady=False,
    )
