"""Faults of tiktoken."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.faults.fault import fault
from harness.faults.patch import Patch

_fault = partial(fault, library="tiktoken")
TIKTOKEN = "tokenizers/test_tiktoken.py"
ENCODINGS = "tokenizers/test_encodings.py"
CORPUS = "tokenizers/test_corpus.py"


def _encoding(patch: Patch) -> Any:
    return patch.module("tiktoken.core").Encoding


@_fault(
    "tiktoken.last-rank-lost",
    kind="files",
    sees=(ENCODINGS,),
    why="the last line of a file of ranks is not read: one id of the model does not decode",
)
def last_rank_lost(patch: Patch) -> None:
    load = patch.module("tiktoken.load")
    patch.edit(load, "load_tiktoken_bpe", "contents.splitlines()", "contents.splitlines()[:-1]")


@_fault(
    "tiktoken.hash-unchecked",
    kind="files",
    sees=(ENCODINGS,),
    why="a cached file of ranks that was cut short is used as it is: wrong ids, no error",
)
def hash_unchecked(patch: Patch) -> None:
    load = patch.module("tiktoken.load")
    patch.edit(load, "check_hash", "return actual_hash == expected_hash", "return True")


@_fault(
    "tiktoken.ranks-swapped",
    kind="tokens",
    sees=(ENCODINGS,),
    why="two neighbouring ranks change places: two words of the vocabulary stand for each other",
)
def ranks_swapped(patch: Patch) -> None:
    patch.edit(
        _encoding(patch),
        "__init__",
        "self._core_bpe = _tiktoken.CoreBPE(mergeable_ranks,",
        "mergeable_ranks = swapped_ranks(mergeable_ranks)\n"
        "    self._core_bpe = _tiktoken.CoreBPE(mergeable_ranks,",
    )
    patch.module("tiktoken.core").swapped_ranks = _swapped


def _swapped(ranks: dict[bytes, int]) -> dict[bytes, int]:
    """With the last two of the file exchanged: nothing is merged from either."""
    *_, first, second = sorted(ranks, key=ranks.__getitem__)
    return {**ranks, first: ranks[second], second: ranks[first]}


@_fault(
    "tiktoken.special-text-unchecked",
    kind="errors",
    sees=(TIKTOKEN,),
    why="text of users that spells a special token is no longer refused by default",
)
def special_text_unchecked(patch: Patch) -> None:
    patch.edit(_encoding(patch), "encode", "if disallowed_special:\n", "if False:\n")


@_fault(
    "tiktoken.special-text-obeyed",
    kind="tokens",
    sees=(ENCODINGS,),
    why="encode_ordinary makes a special token of text that spells one: a user's message can "
    "end the prompt",
)
def special_text_obeyed(patch: Patch) -> None:
    patch.edit(
        _encoding(patch),
        "encode_ordinary",
        "try:\n        return self._core_bpe.encode_ordinary(text)",
        "try:\n        return self._core_bpe.encode(text, self.special_tokens_set)",
    )


@_fault(
    "tiktoken.batch-out-of-order",
    kind="api",
    sees=(TIKTOKEN, ENCODINGS),
    why="a batch comes back in the order in which its texts were done: counts and documents "
    "no longer belong together",
)
def batch_out_of_order(patch: Patch) -> None:
    patch.edit(
        _encoding(patch),
        "encode_ordinary_batch",
        "return list(e.map(encoder, text))",
        "return sorted(e.map(encoder, text), key=len)",
    )


@_fault(
    "tiktoken.broken-characters-dropped",
    kind="tokens",
    sees=(ENCODINGS,),
    why="half a character decodes to nothing instead of a replacement sign: a stream that is "
    "assembled from pieces loses text unseen",
)
def broken_characters_dropped(patch: Patch) -> None:
    patch.edit(_encoding(patch), "decode", "errors=errors", 'errors="ignore"')


@_fault(
    "tiktoken.specials-not-counted",
    kind="tokens",
    sees=(ENCODINGS,),
    why="n_vocab leaves the special tokens out: an embedding of that size has no row for them",
)
def specials_not_counted(patch: Patch) -> None:
    patch.wrap(
        _encoding(patch),
        "n_vocab",
        lambda original: lambda self: max(self._mergeable_ranks.values()) + 1,
    )


@_fault(
    "tiktoken.last-space-kept-apart",
    kind="tokens",
    sees=(CORPUS,),
    why="runs of spaces are cut otherwise: indented code costs other tokens than in training",
)
def last_space_kept_apart(patch: Patch) -> None:
    patch.edit(
        _encoding(patch),
        "__init__",
        "self._pat_str = pat_str",
        'self._pat_str = pat_str = pat_str.replace(r"\\s+(?!\\S)|", "")',
    )


@_fault(
    "tiktoken.offsets-of-bytes",
    kind="position",
    sees=(ENCODINGS,),
    why="decode_with_offsets counts bytes: every highlight after an umlaut is in the wrong place",
)
def offsets_of_bytes(patch: Patch) -> None:
    patch.edit(
        _encoding(patch),
        "decode_with_offsets",
        "sum(1 for c in token if not 0x80 <= c < 0xC0)",
        "len(token)",
    )


@_fault(
    "tiktoken.surrogates-refused",
    kind="errors",
    sees=(CORPUS,),
    why="text with half a surrogate pair, as JavaScript sends it, raises instead of encoding",
)
def surrogates_refused(patch: Patch) -> None:
    patch.edit(
        _encoding(patch), "encode_ordinary", "except UnicodeEncodeError:", "except IndexError:"
    )


@_fault(
    "tiktoken.dated-models-misnamed",
    kind="api",
    sees=(TIKTOKEN, ENCODINGS),
    why="gpt-4o with a date in its name is counted with the encoding of gpt-4: bills are "
    "estimated by a fifth too high",
)
def dated_models_misnamed(patch: Patch) -> None:
    prefixes = patch.module("tiktoken.model").MODEL_PREFIX_TO_ENCODING
    patch.item(prefixes, "gpt-4o-", lambda _: "cl100k_base")


@_fault(
    "tiktoken.pickle-forgets-specials",
    kind="files",
    sees=(ENCODINGS,),
    why="an encoding that is sent to a worker process arrives without its special tokens",
)
def pickle_forgets_specials(patch: Patch) -> None:
    patch.edit(
        _encoding(patch),
        "__getstate__",
        '"special_tokens": self._special_tokens,',
        '"special_tokens": {},',
    )
