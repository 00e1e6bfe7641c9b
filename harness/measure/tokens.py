"""Token ids of the fixed corpus, and what encoding and decoding lose."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from harness.measure.prompts import CORPUS


class Encoder(Protocol):
    """What any tokenizer here can do; no special tokens are added."""

    def encode(self, text: str) -> list[int]: ...

    def decode(self, ids: Sequence[int]) -> str: ...


def corpus_ids(tokenizer: Encoder, corpus: Mapping[str, str] = CORPUS) -> dict[str, list[int]]:
    """The ids of each text, by its name."""
    return {name: tokenizer.encode(text) for name, text in corpus.items()}


def lost(tokenizer: Encoder, corpus: Mapping[str, str] = CORPUS) -> dict[str, str]:
    """The texts that decode(encode(text)) does not give back, with what it gives instead."""
    decoded = {name: tokenizer.decode(tokenizer.encode(text)) for name, text in corpus.items()}
    return {name: text for name, text in decoded.items() if text != corpus[name]}


def digest(values: Iterable[Any]) -> str:
    """sha256 over the values' text, a line each, in hexadecimal: equal means equal in order."""
    return hashlib.sha256("".join(f"{value}\n" for value in values).encode()).hexdigest()


def repeated_ngrams(ids: Sequence[int], n: int) -> int:
    """How many n-grams of `ids` occurred before: 0 where each occurs once."""
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return len(grams) - len(set(grams))


def sampled_vocabulary(pieces: Mapping[str, int], every: int) -> dict[str, int]:
    """Each `every`-th piece in order of id: small enough to read, spread over the vocabulary."""
    ordered = sorted(pieces.items(), key=lambda item: item[1])
    return dict(ordered[::every])
