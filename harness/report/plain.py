"""Making foreign text safe to print: no escape sequences, no control or unpaired characters."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)", re.DOTALL)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """`text` without terminal escapes; what no XML or UTF-8 file may hold becomes U+FFFD.

    Bidirectional overrides become U+FFFD too: they would reorder what stands around them.
    """
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    return _REORDERING.sub("\ufffd", _UNPRINTABLE.sub("\ufffd", text))


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def clip(text: str, length: int) -> str:
    """The first `length` characters of `text`, with an ellipsis for what is left out."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
