"""A tokenizer of any format behind one interface."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.subjects.sources import Prepared
from harness.vocabulary.errors import SubjectError


@dataclass(frozen=True)
class TextTokenizer:
    """Text to ids and back, without special tokens.

    `native` is the library's own object: a transformers tokenizer, a `tiktoken.Encoding`
    or a `SentencePieceProcessor`, as `format` says.
    """

    native: Any
    format: str

    def encode(self, text: str) -> list[int]:
        """Ids of `text`; the text of a special token is read as ordinary text by tiktoken."""
        if self.format == "tiktoken":
            return list(self.native.encode_ordinary(text))
        if self.format == "sentencepiece":
            return list(self.native.encode(text, out_type=int))
        return list(self.native(text, add_special_tokens=False)["input_ids"])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, special tokens included, spaces untouched."""
        if self.format == "tiktoken":
            return str(self.native.decode(list(ids)))
        if self.format == "sentencepiece":
            return str(self.native.decode(list(ids)))
        return str(self.native.decode(list(ids), clean_up_tokenization_spaces=False))

    @property
    def vocab_size(self) -> int:
        """How many ids there are, special and added ones included."""
        if self.format == "tiktoken":
            return int(self.native.n_vocab)
        if self.format == "sentencepiece":
            return int(self.native.vocab_size())
        return len(self.native)


def load_tokenizer(prepared: Prepared) -> TextTokenizer:
    """The subject's tokenizer; imports only the library that its format belongs to."""
    if prepared.entry.format == "tiktoken":
        return TextTokenizer(_load_tiktoken(prepared), "tiktoken")
    if prepared.entry.format == "sentencepiece":
        return TextTokenizer(_load_sentencepiece(prepared), "sentencepiece")
    from transformers import AutoTokenizer

    native = AutoTokenizer.from_pretrained(
        str(prepared.directory), local_files_only=True, trust_remote_code=False
    )
    return TextTokenizer(native, "transformers")


def _load_tiktoken(prepared: Prepared) -> Any:
    """With a `pattern` built from the ranks; else the library's own encoding of that name."""
    import tiktoken

    if not prepared.entry.pattern:
        with _tiktoken_cache(prepared.directory):
            return tiktoken.get_encoding(prepared.entry.architecture)
    return tiktoken.Encoding(
        name=prepared.entry.name,
        pat_str=prepared.entry.pattern,
        mergeable_ranks=_ranks(_single(prepared, ".tiktoken")),
        special_tokens={},
    )


def _ranks(path: Path) -> dict[bytes, int]:
    """tiktoken's file format: a line a token, its bytes in base64, a space, its rank."""
    pairs = (line.split() for line in path.read_bytes().splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


@contextmanager
def _tiktoken_cache(directory: Path) -> Iterator[None]:
    """tiktoken looks for an encoding's file in the folder that this variable names."""
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(directory)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before


def _load_sentencepiece(prepared: Prepared) -> Any:
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor()
    processor.Load(str(_single(prepared, ".model")))
    return processor


def _single(prepared: Prepared, suffix: str) -> Path:
    found = sorted(prepared.directory.glob(f"*{suffix}"))
    if len(found) != 1:
        raise SubjectError(
            f"subject {prepared.entry.name!r} has {len(found)} files *{suffix}",
            where=str(prepared.directory),
            allowed="exactly one",
        )
    return found[0]
