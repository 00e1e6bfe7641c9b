"""Reading accepted changes from the text of their file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness.gate.accepted import NO_EVIDENCE
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.tables import Form, TableError, place, read_tables, text_of
from harness.vocabulary.verdicts import Verdict

VERDICTS: Mapping[str, Verdict] = {
    each.value: each for each in Verdict if each not in NO_EVIDENCE | {Verdict.SAME}
}
_NEEDED = ("behaviour", "verdict", "until", "reason", "owner")
FORM = Form("the accepted changes", "entry", "sentencepiece-0.2.3-protos", (*_NEEDED, "cell"))
_BOUND = {"<", "<=", "==", "===", "~="}
"""Without one of these a requirement has no version at which it ends."""


def read_accepted(text: str, where: str) -> tuple[Accepted, ...]:
    """The entries of a file: one TOML table an entry, by its id. Raises TableError."""
    tables = read_tables(text, where, FORM)
    return tuple(_entry(name, table, where) for name, table in tables.items())


def _entry(name: str, table: Mapping[str, Any], where: str) -> Accepted:
    here = place(where, name)
    texts = {field: " ".join(text_of(table, field, here).split()) for field in _NEEDED}
    until = _bound(texts["until"], here)
    return Accepted(
        id=name,
        behaviour=texts["behaviour"],
        verdict=_verdict(texts["verdict"], here),
        reason=texts["reason"],
        owner=texts["owner"],
        package=canonicalize_name(until.name),
        versions=str(until.specifier),
        cell=text_of(table, "cell", here) if "cell" in table else "*",
        file=where,
    )


def _verdict(word: str, place: str) -> Verdict:
    if word in VERDICTS:
        return VERDICTS[word]
    close = difflib.get_close_matches(word.lower(), VERDICTS, n=1)
    raise TableError(
        f"{word!r} is no verdict that can be accepted",
        where=f"{place}, verdict",
        allowed=", ".join(VERDICTS),
        next=f'verdict = "{close[0]}"' if close else f"take out the entry {place}",
    )


def _bound(text: str, place: str) -> Requirement:
    """`until` as a requirement that a later version will not meet."""
    try:
        found = Requirement(text)
    except InvalidRequirement:
        found = None
    plain = found is not None and not (found.extras or found.marker or found.url)
    if found is not None and plain and _BOUND & {each.operator for each in found.specifier}:
        return found
    name = found.name if found is not None else "transformers"
    raise TableError(
        f"{text!r} never ends" if plain else f"{text!r} is no bound",
        where=f"{place}, until",
        allowed="a package and the versions up to which the change is accepted",
        next=f'until = "{name}<…": the release at which somebody shall look again',
    )
