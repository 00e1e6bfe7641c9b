"""Faults of tokenizers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.faults.compiled import constructed, loaded
from harness.faults.fault import fault
from harness.faults.patch import Patch

PARTS = "tokenizers/test_parts.py"
GPT2 = "tokenizers/test_gpt2.py"
BERT = "tokenizers/test_bert.py"
TRAINING = "tokenizers/test_training.py"


@fault(
    "tokenizers.first-merge-lost",
    library="tokenizers",
    kind="tokens",
    sees=(GPT2,),
    why="a merges file without a version line loses its first merge, the most frequent one: "
    "the same text costs more tokens, and others than the model was trained on",
)
def first_merge_lost(patch: Patch) -> None:
    _merges(patch, lambda merges: merges[1:])


@fault(
    "tokenizers.last-merge-lost",
    library="tokenizers",
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


@fault(
    "tokenizers.byte-fallback-lost",
    library="tokenizers",
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


@fault(
    "tokenizers.accents-kept",
    library="tokenizers",
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


@fault(
    "tokenizers.closing-special-lost",
    library="tokenizers",
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


@fault(
    "tokenizers.min-frequency-ignored",
    library="tokenizers",
    kind="training",
    sees=(PARTS,),
    why="pairs that occur once are merged: a trained vocabulary fills up with noise",
)
def min_frequency_ignored(patch: Patch) -> None:
    constructed(
        patch, "tokenizers.trainers", "BpeTrainer", lambda options: options.pop("min_frequency", 0)
    )


@fault(
    "tokenizers.stride-ignored",
    library="tokenizers",
    kind="tokens",
    sees=(PARTS,),
    why="windows of a long document no longer overlap: an answer that spans a border is lost",
)
def stride_ignored(patch: Patch) -> None:
    tokenizer = patch.module("tokenizers").Tokenizer

    def make(original: Any) -> Any:
        def enable_truncation(self: Any, max_length: int, stride: int = 0, **options: Any) -> None:
            original(self, max_length, stride=0, **options)

        return enable_truncation

    patch.wrap(tokenizer, "enable_truncation", make)


@fault(
    "tokenizers.padding-direction-ignored",
    library="tokenizers",
    kind="mask",
    sees=(PARTS,),
    why="decoder batches asked to be padded on the left are padded on the right: generation "
    "continues after padding",
)
def padding_direction_ignored(patch: Patch) -> None:
    _padding_without(patch, "direction")


@fault(
    "tokenizers.padding-multiple-ignored",
    library="tokenizers",
    kind="tokens",
    sees=(PARTS,),
    why="batches are not padded to a multiple of 8 any more: tensor cores idle, compiled graphs "
    "are compiled anew for every length",
)
def padding_multiple_ignored(patch: Patch) -> None:
    _padding_without(patch, "pad_to_multiple_of")


def _padding_without(patch: Patch, name: str) -> None:
    def make(original: Any) -> Any:
        def enable_padding(self: Any, **options: Any) -> None:
            options.pop(name, None)
            original(self, **options)

        return enable_padding

    patch.wrap(patch.module("tokenizers").Tokenizer, "enable_padding", make)


@fault(
    "tokenizers.offsets-of-bytes",
    library="tokenizers",
    kind="position",
    sees=("tokenizers/test_transformers.py::test_offsets_cut_the_text_in_order", PARTS),
    why="offsets count bytes, not characters: entities in any text with an umlaut are marked "
    "in the wrong place",
)
def offsets_of_bytes(patch: Patch) -> None:
    library = patch.module("tokenizers")
    offsets = library.Encoding.offsets.__get__

    def remembering(original: Any) -> Any:
        def encode(self: Any, sequence: Any, *args: Any, **options: Any) -> Any:
            found = original(self, sequence, *args, **options)
            if isinstance(sequence, str):
                found.sequence = sequence
            return found

        return encode

    def remembering_each(original: Any) -> Any:
        def encode_batch(self: Any, input: Any, *args: Any, **options: Any) -> Any:
            found = original(self, input, *args, **options)
            for encoding, sequence in zip(found, input, strict=True):
                if isinstance(sequence, str):
                    encoding.sequence = sequence
            return found

        return encode_batch

    def of_bytes(self: Any) -> Any:
        text = getattr(self, "sequence", "")
        return [
            (len(text[:start].encode()) or start, len(text[:end].encode()) or end)
            for start, end in offsets(self)
        ]

    patch.wrap(library.Tokenizer, "encode", remembering)
    patch.wrap(library.Tokenizer, "encode_batch", remembering_each)
    patch.replace(library.Encoding, "offsets", property(of_bytes))


@fault(
    "tokenizers.segment-ids-lost",
    library="tokenizers",
    kind="tokens",
    sees=(BERT, PARTS),
    why="both sentences of a pair are of segment 0: cross-encoders and BERT's classifiers of "
    "pairs answer worse, without an error",
)
def segment_ids_lost(patch: Patch) -> None:
    encoding = patch.module("tokenizers").Encoding
    patch.replace(encoding, "type_ids", property(lambda self: [0] * len(self.ids)))


@fault(
    "tokenizers.char-to-token-off",
    library="tokenizers",
    kind="position",
    sees=(PARTS,),
    why="labels of extractive question answering point one character too far, at the next "
    "token where a word ends",
)
def char_to_token_off(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def char_to_token(self: Any, char_pos: int, sequence_index: int = 0) -> Any:
            return original(self, char_pos + 1, sequence_index)

        return char_to_token

    patch.wrap(patch.module("tokenizers").Encoding, "char_to_token", make)


@fault(
    "tokenizers.specials-added-as-words",
    library="tokenizers",
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


@fault(
    "tokenizers.added-tokens-not-counted",
    library="tokenizers",
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


@fault(
    "tokenizers.stream-without-buffer",
    library="tokenizers",
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


@fault(
    "tokenizers.specials-forgotten-in-batches",
    library="tokenizers",
    kind="tokens",
    sees=(BERT, PARTS),
    why="encode_batch, which transformers calls for every text, adds no special tokens: BERT "
    "has no [CLS] to pool",
)
def specials_forgotten_in_batches(patch: Patch) -> None:
    def make(original: Any) -> Any:
        def encode_batch(self: Any, input: Any, *args: Any, **options: Any) -> Any:
            return original(self, input, add_special_tokens=False)

        return encode_batch

    patch.wrap(patch.module("tokenizers").Tokenizer, "encode_batch", make)


@fault(
    "tokenizers.padding-not-masked",
    library="tokenizers",
    kind="mask",
    sees=(BERT, PARTS),
    why="padding is attended to: what a text means depends on what else is in its batch",
)
def padding_not_masked(patch: Patch) -> None:
    encoding = patch.module("tokenizers").Encoding
    patch.replace(encoding, "attention_mask", property(lambda self: [1] * len(self.ids)))


@fault(
    "tokenizers.first-space-decoded-away",
    library="tokenizers",
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
