"""Faults of tokenizers: what an encoding says of its text, and how it is cut and padded."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="tokenizers")
PARTS = "tokenizers/test_parts.py"
BERT = "tokenizers/test_bert.py"


@_fault(
    "tokenizers.stride-ignored",
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


@_fault(
    "tokenizers.padding-direction-ignored",
    kind="mask",
    sees=(PARTS,),
    why="decoder batches asked to be padded on the left are padded on the right: generation "
    "continues after padding",
)
def padding_direction_ignored(patch: Patch) -> None:
    _padding_without(patch, "direction")


@_fault(
    "tokenizers.padding-multiple-ignored",
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


@_fault(
    "tokenizers.offsets-of-bytes",
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


@_fault(
    "tokenizers.segment-ids-lost",
    kind="tokens",
    sees=(BERT, PARTS),
    why="both sentences of a pair are of segment 0: cross-encoders and BERT's classifiers of "
    "pairs answer worse, without an error",
)
def segment_ids_lost(patch: Patch) -> None:
    encoding = patch.module("tokenizers").Encoding
    patch.replace(encoding, "type_ids", property(lambda self: [0] * len(self.ids)))


@_fault(
    "tokenizers.char-to-token-off",
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


@_fault(
    "tokenizers.specials-forgotten-in-batches",
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


@_fault(
    "tokenizers.padding-not-masked",
    kind="mask",
    sees=(BERT, PARTS),
    why="padding is attended to: what a text means depends on what else is in its batch",
)
def padding_not_masked(patch: Patch) -> None:
    encoding = patch.module("tokenizers").Encoding
    patch.replace(encoding, "attention_mask", property(lambda self: [1] * len(self.ids)))
