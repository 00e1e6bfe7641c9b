"""Reading accepted changes from the text of their file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from harness.gate.accepted import NO_EVIDENCE
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.verdicts import Verdict

VERDICTS: Mapping[str, Verdict] = {
    each.value: each for each in Verdict if each not in NO_EVIDENCE | {Verdict.SAME}
}
_NEEDED = ("behaviour", "verdict", "until", "reason", "owner")
_FIELDS = (*_NEEDED, "cell")
_BOUND = {"<", "<=", "==", "===", "~="}
"""Without one of these a requirement has no version at which it ends."""


class AcceptedError(HarnessError):
    """The file of accepted changes is damaged, or an entry is not what one must be."""


def read_accepted(text: str, where: str) -> tuple[Accepted, ...]:
    """The entries of a file: one TOML table an entry, by its id. Raises AcceptedError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AcceptedError(
            f"the accepted changes cannot be read: {error}",
            where=where,
            allowed="a TOML file with a table an entry",
            next=f"mend that line of {where}",
        ) from None
    return tuple(_entry(name, table, where) for name, table in tables.items())


def _entry(name: str, table: Any, where: str) -> Accepted:
    place = f"{where}, [{name}]"
    if not isinstance(table, dict):
        raise AcceptedError(
            f"{name} stands outside of any entry",
            where=where,
            allowed="a table an entry",
            next=f'put {name} below the ["id"] of an entry',
        )
    _check_fields(table, place)
    texts = {field: _text(table, field, place) for field in _NEEDED}
    until = _bound(texts["until"], place)
    return Accepted(
        id=name,
        behaviour=texts["behaviour"],
        verdict=_verdict(texts["verdict"], place),
        reason=texts["reason"],
        owner=texts["owner"],
        package=canonicalize_name(until.name),
        versions=str(until.specifier),
        cell=_text(table, "cell", place) if "cell" in table else "*",
        file=where,
    )


def _check_fields(table: Mapping[str, Any], place: str) -> None:
    for field, value in table.items():
        if field not in _FIELDS:
            close = difflib.get_close_matches(field, _FIELDS, n=1)
            meant = f"{close[0]} = …" if close else f"take out {field}"
            if isinstance(value, dict):
                meant = 'put an id with dots in quotes: ["sentencepiece-0.2.3-protos"]'
            raise AcceptedError(
                f"unknown field {field!r}", where=place, allowed=", ".join(_FIELDS), next=meant
            )


def _text(table: Mapping[str, Any], field: str, place: str) -> str:
    value = table.get(field)
    if isinstance(value, str) and value.strip():
        return " ".join(value.split())
    raise AcceptedError(
        f"{field} {'is missing' if value is None else 'is no text, or empty'}",
        where=place,
        allowed=f"texts: {', '.join(_NEEDED)}, and cell if not all",
        next=f'{field} = "…"',
    )


def _verdict(word: str, place: str) -> Verdict:
    if word in VERDICTS:
        return VERDICTS[word]
    close = difflib.get_close_matches(word.lower(), VERDICTS, n=1)
    raise AcceptedError(
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
    raise AcceptedError(
        f"{text!r} never ends" if plain else f"{text!r} is no bound",
        where=f"{place}, until",
        allowed="a package and the versions up to which the change is accepted",
        next=f'until = "{name}<…": the release at which somebody shall look again',
    )
