"""Faults of tokenizers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from harness.faults.compiled import constructed, loaded
from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="tokenizers")
PARTS = "tokenizers/test_parts.py"
GPT2 = "tokenizers/test_gpt2.py"
BERT = "tokenizers/test_bert.py"
TRAINING = "tokenizers/test_training.py"


@_fault(
    "tokenizers.first-merge-lost",
    kind="tokens",
    sees=(GPT2,),
    why="a merges file without a version line loses its first merge, the most frequent one: "
    "the same text costs more tokens, and others than the model was trained on",
)
def first_merge_lost(patch: Patch) -> None:
    _merges(patch, lambda merges: merges[1:])


@_fault(
    "tokenizers.last-merge-lost",
    kind="tokens",
    sees=(GPT2, PARTS),
    why="a merges file without a final newline loses its last merge: one rare word of the "
    "vocabulary is never used again",
)
def last_merge_lost(patch: Patch) -> None:
    _merges(patch, lambda merges: merges[:-1])


def _merges(patch: Patch, cut: Callable[[list[Any]], list[Any]]) -> None:
    def change(options: dict[str, Any]) -> None:
        if isinstance(options.get("merges"), str):
            options |= {"vocab": _json(options["vocab"]), "merges": _lines(options["merges"])}
        if options.get("merges"):
            options["merges"] = cut(list(options["merges"]))

    constructed(patch, "tokenizers.models", "BPE", change)
    loaded(patch, lambda content: change(content["model"]))


def _json(vocabulary: Any) -> Any:
    return json.loads(Path(vocabulary).read_bytes()) if isinstance(vocabulary, str) else vocabulary


def _lines(file: str) -> list[tuple[str, ...]]:
    """The merges of a file as it is written: a line a merge, the first may tell a version."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]


@_fault(
    "tokenizers.byte-fallback-lost",
    kind="tokens",
    sees=(PARTS,),
    why="Llama 2's and Mistral's tokenizers turn emoji and rare scripts into <unk>",
)
def byte_fallback_lost(patch: Patch) -> None:
    def change(options: dict[str, Any]) -> None:
        if "byte_fallback" in options:
            options["byte_fallback"] = False

    constructed(patch, "tokenizers.models", "BPE", change)
    loaded(patch, lambda content: change(content["model"]))


@_fault(
    "tokenizers.accents-kept",
    kind="normalisation",
    sees=(BERT, PARTS),
    why="an uncased BERT meets accented words that its vocabulary lacks: retrieval in French "
    "and German gets worse, English stays",
)
def accents_kept(patch: Patch) -> None:
    def change(options: dict[str, Any]) -> None:
        if options.get("strip_accents") is None:
            options["strip_accents"] = False

    def of_file(content: dict[str, Any]) -> None:
        normalizer = content.get("normalizer") or {}
        if normalizer.get("type") == "BertNormalizer":
            change(normalizer)

    constructed(patch, "tokenizers.normalizers", "BertNormalizer", change)
    loaded(patch, of_file)


@_fault(
    "tokenizers.closing-special-lost",
    kind="tokens",
    sees=(BERT, PARTS),
    why="the template's last special token is left out: BERT gets no [SEP], sentence embeddings "
    "move a little everywhere",
)
def closing_special_lost(patch: Patch) -> None:
    def of_file(content: dict[str, Any]) -> None:
        processor = content.get("post_processor") or {}
        if processor.get("type") == "TemplateProcessing":
            while "SpecialToken" in processor["single"][-1]:
                processor["single"].pop()

    def change(options: dict[str, Any]) -> None:
        single = options.get("single")
        if isinstance(single, str):
            pieces = single.split()
            last = max(at for at, piece in enumerate(pieces) if piece.startswith("$"))
            options["single"] = " ".join(pieces[: last + 1])

    constructed(patch, "tokenizers.processors", "TemplateProcessing", change)
    loaded(patch, of_file)


@_fault(
    "tokenizers.min-frequency-ignored",
    kind="training",
    sees=(PARTS,),
    why="pairs that occur once are merged: a trained vocabulary fills up with noise",
)
def min_frequency_ignored(patch: Patch) -> None:
    constructed(
        patch, "tokenizers.trainers", "BpeTrainer", lambda options: options.pop("min_frequency", 0)
    )


@_fault(
    "tokenizers.specials-added-as-words",
    kind="tokens",
    sees=(PARTS,),
    why="skip_special_tokens skips nothing: answers end with <|endoftext|> for all to see",
)
def specials_added_as_words(patch: Patch) -> None:
    tokenizer = patch.module("tokenizers").Tokenizer
    as_words = tokenizer.add_tokens

    def make(original: Any) -> Any:
        def add_special_tokens(self: Any, tokens: list[Any]) -> int:
            return int(as_words(self, [str(getattr(token, "content", token)) for token in tokens]))

        return add_special_tokens

    patch.wrap(tokenizer, "add_special_tokens", make)


@_fault(
    "tokenizers.added-tokens-not-counted",
    kind="tokens",
    sees=(PARTS,),
    why="the embedding matrix is resized to a size without the added tokens: their ids are out "
    "of range, or share a row",
)
def added_tokens_not_counted(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def get_vocab_size(self: Any, with_added_tokens: bool = True) -> int:
            return int(original(self, with_added_tokens=False))

        return get_vocab_size

    patch.wrap(patch.module("tokenizers").Tokenizer, "get_vocab_size", make)


@_fault(
    "tokenizers.stream-without-buffer",
    kind="tokens",
    sees=(TRAINING,),
    why="a streamed answer decodes each id alone: characters of several bytes come out as two "
    "or three replacement signs",
)
def stream_without_buffer(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def step(self: Any, tokenizer: Any, id: Any) -> str:
            return str(tokenizer.decode([id] if isinstance(id, int) else list(id)))

        return step

    patch.wrap(patch.module("tokenizers.decoders").DecodeStream, "step", make)


@_fault(
    "tokenizers.first-space-decoded-away",
    kind="tokens",
    sees=(GPT2, TRAINING),
    why="decoding the continuation of a prompt loses its first space: words run together",
)
def first_space_decoded_away(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def decode(self: Any, ids: Any, skip_special_tokens: bool = True) -> str:
            return str(original(self, ids, skip_special_tokens)).removeprefix(" ")

        return decode

    patch.wrap(patch.module("tokenizers").Tokenizer, "decode", make)
