"""What each stage of a tokenizer makes of a text, in the order in which they work.

The stages are those of the tokenizers library (normaliser, pre-tokenizer, model,
post-processor); `description` before them says how the library describes itself, `decoder`
after them what becomes of the ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from harness.vocabulary.captures import Stage

_Stages = Iterator[tuple[str, Any]]


def stages(native: Any, format: str, texts: Mapping[str, str]) -> Iterator[Stage]:
    """Every stage on every one of `texts`, which are named.

    `native` is a transformers tokenizer, a `tiktoken.Encoding` or a `SentencePieceProcessor`,
    as `format` says. A stage that raises is told with the error as its value.
    """
    of: Callable[[Any, str], _Stages] = _BY_FORMAT[format]
    if format == "transformers":
        native = getattr(native, "backend_tokenizer", native)
        yield from (Stage(name, "", value) for name, value in described(native))
        of = _fast if hasattr(native, "pre_tokenizer") else _slow
    for name, text in texts.items():
        for stage, value in of(native, text):
            yield Stage(stage, name, value)


def described(native: Any) -> _Stages:
    """The parts of a fast tokenizer as its own JSON has them, the vocabulary as a hash."""
    if not hasattr(native, "to_str"):
        return
    whole = json.loads(native.to_str())
    for part in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
        yield f"description of {part}", whole.get(part)
    model = dict(whole.get("model") or {})
    for part in ("vocab", "merges"):
        if part in model:
            model[part] = hashlib.sha256(json.dumps(model[part]).encode()).hexdigest()[:16]
    yield "description of model", model
    yield "description of added tokens", whole.get("added_tokens")


def _fast(native: Any, text: str) -> _Stages:
    normal = _tried(lambda: native.normalizer.normalize_str(text) if native.normalizer else text)
    yield "normaliser", normal
    if isinstance(normal, str) and native.pre_tokenizer:
        pieces = _tried(lambda: native.pre_tokenizer.pre_tokenize_str(normal))
        yield "pre-tokenizer", [[piece, *span] for piece, span in pieces]
    bare = _tried(lambda: native.encode(text, add_special_tokens=False))
    if isinstance(bare, dict):
        yield "model", bare
        return
    yield "model", [[token, number] for token, number in zip(bare.tokens, bare.ids, strict=True)]
    whole = native.encode(text)
    yield "post-processor", {"ids": whole.ids, "types": whole.type_ids}
    yield "decoder", _tried(lambda: native.decode(bare.ids, skip_special_tokens=False))


def _slow(native: Any, text: str) -> _Stages:
    """A transformers tokenizer that the tokenizers library has no part in."""
    pieces = _tried(lambda: native.tokenize(text))
    yield "model", pieces
    yield "post-processor", _tried(lambda: list(native(text)["input_ids"]))


def _tiktoken(native: Any, text: str) -> _Stages:
    # The library's own engine for the same pattern is compiled in, and splits unseen.
    pieces = import_module("regex").findall(native._pat_str, text)
    yield "pre-tokenizer", pieces
    ids = native.encode_ordinary(text)
    yield "model", ids
    yield "decoder", native.decode(ids)


def _sentencepiece(native: Any, text: str) -> _Stages:
    if hasattr(native, "normalize"):
        yield "normaliser", _tried(lambda: native.normalize(text))
    pieces = native.encode(text, out_type=str)
    yield (
        "model",
        [[piece, number] for piece, number in zip(pieces, native.encode(text), strict=True)],
    )
    yield "post-processor", native.encode(text, add_bos=True, add_eos=True)
    yield "decoder", native.decode(native.encode(text))


def _tried(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        return {"raised": type(error).__name__}


_BY_FORMAT: Mapping[str, Callable[[Any, str], _Stages]] = {
    "transformers": _slow,
    "tiktoken": _tiktoken,
    "sentencepiece": _sentencepiece,
}
