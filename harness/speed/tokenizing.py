"""How fast a library makes ids of text, and text of ids: short, long, many, and one at its worst.

Each library on a vocabulary of its own kind: the subject's where that has one, else one that
comes along. The same bytes for all. Libraries remember words that they split before, so that
what is measured is a process that has read some text already.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.speed.subject import subject
from harness.speed.task import Asked, Measure, Opened
from harness.speed.texts import long_text, short_texts
from harness.subjects import Prepared, load_tokenizer
from harness.vocabulary.costs import Quantity
from harness.vocabulary.errors import SubjectError, UsageError
from harness.vocabulary.subjects import Subject

RUN = 40_000
"""Length of the run of one character: one piece to most patterns, so that merging it all takes
tiktoken 0.12.0, which is quadratic in it, half a second, and 0.13.0 a hundredth of that."""


@dataclass(frozen=True)
class Codec:
    """What a library makes of text, special tokens aside: ids of one, ids of many, text of ids."""

    encode: Callable[[str], list[int]]
    encode_batch: Callable[[Sequence[str]], object]
    decode: Callable[[list[int]], str]


def open_task(asked: Asked) -> Opened:
    """The task `tokenizers.LIBRARY`. Raises HarnessError without a vocabulary to read."""
    _let_run(asked.threads)
    codec = _CODECS[asked.of](vocabulary(asked), asked.threads)
    return Opened(measures(asked, codec))


def measures(asked: Asked, codec: Codec) -> tuple[Measure, ...]:
    """What is measured of a codec; a call's work is the bytes of its text."""
    text, short, run = long_text(), short_texts(), "a" * RUN
    lines = text.splitlines()
    ids = codec.encode(text)

    def encode_short() -> None:
        for each in short:
            codec.encode(each)

    calls: Mapping[str, tuple[Callable[[], object], int]] = {
        "encode.short": (encode_short, size(*short)),
        "encode.long": (lambda: codec.encode(text), size(text)),
        "encode.repeated": (lambda: codec.encode(run), size(run)),
        "encode.batch": (lambda: codec.encode_batch(lines), size(*lines)),
        "decode.long": (lambda: codec.decode(ids), size(text)),
    }
    return tuple(
        Measure(Quantity(asked.quantity(name), "s", work="byte", amount=float(amount)), call)
        for name, (call, amount) in calls.items()
    )


def size(*texts: str) -> int:
    """Bytes of all texts in UTF-8."""
    return sum(len(text.encode()) for text in texts)


def vocabulary(asked: Asked) -> Prepared:
    """The arm's subject where the library reads its format, else the one that stands in.

    Raises UsageError instead where none may stand in.
    """
    if asked.arm.subject:
        found = subject(asked)
        if reads(asked.of, found.entry):
            return found
        if asked.own:
            raise UsageError(
                f"{asked.of} does not read the vocabulary of {found.entry.name}",
                where="--subject",
                allowed=f"a tokenizer of format {' or '.join(sorted(_FORMATS[asked.of]))}",
            )
    return subject(replace(asked, arm=replace(asked.arm, subject=STAND_INS[asked.of])))


def reads(library: str, entry: Subject) -> bool:
    """Whether the library reads the vocabulary of such a subject."""
    return "tokenizer" in entry.abilities and entry.format in _FORMATS[library]


STAND_INS: Mapping[str, str] = {
    "tokenizers": "smollm2-135m-instruct",
    "transformers": "smollm2-135m-instruct",
    "tiktoken": "cl100k",
    "sentencepiece": "mistral-sentencepiece",
}
"""The subject whose vocabulary each library reads where the arm's is of another kind."""

_FORMATS: Mapping[str, frozenset[str]] = {
    "tokenizers": frozenset({"transformers", "gguf"}),
    "transformers": frozenset({"transformers", "gguf"}),
    "tiktoken": frozenset({"tiktoken"}),
    "sentencepiece": frozenset({"sentencepiece"}),
}


def _let_run(threads: int) -> None:
    """Runs are offline and without threads of tokenizers' own; here they are what is measured."""
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    os.environ["RAYON_NUM_THREADS"] = str(threads)


def _of_tokenizers(found: Prepared, threads: int) -> Codec:
    from tokenizers import Tokenizer

    file = found.directory / "tokenizer.json"
    if not file.is_file():
        raise SubjectError(
            f"subject {found.entry.name!r} has no file that tokenizers reads",
            where=str(found.directory),
            allowed=file.name,
        )
    tokenizer = Tokenizer.from_file(str(file))
    return Codec(
        encode=lambda text: list(tokenizer.encode(text, add_special_tokens=False).ids),
        encode_batch=lambda texts: [
            each.ids for each in tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ],
        decode=lambda ids: str(tokenizer.decode(ids, skip_special_tokens=False)),
    )


def _of_transformers(found: Prepared, threads: int) -> Codec:
    loaded = load_tokenizer(found)
    native: Any = loaded.native
    native.model_max_length = 10**12  # no warning that the text is too long for the model
    return Codec(
        encode=loaded.encode,
        encode_batch=lambda texts: native(list(texts), add_special_tokens=False)["input_ids"],
        decode=loaded.decode,
    )


def _of_tiktoken(found: Prepared, threads: int) -> Codec:
    loaded = load_tokenizer(found)
    native: Any = loaded.native
    return Codec(
        encode=native.encode_ordinary,
        encode_batch=lambda texts: native.encode_ordinary_batch(list(texts), num_threads=threads),
        decode=native.decode,
    )


def _of_sentencepiece(found: Prepared, threads: int) -> Codec:
    loaded = load_tokenizer(found)
    native: Any = loaded.native
    return Codec(
        encode=lambda text: native.encode(text, out_type=int),
        encode_batch=lambda texts: native.encode(list(texts), out_type=int, num_threads=threads),
        decode=native.decode,
    )


_CODECS: Mapping[str, Callable[[Prepared, int], Codec]] = {
    "tokenizers": _of_tokenizers,
    "transformers": _of_transformers,
    "tiktoken": _of_tiktoken,
    "sentencepiece": _of_sentencepiece,
}
