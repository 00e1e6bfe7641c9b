"""Reading the cases of the museum from the text of their file."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from harness.vocabulary.cells import PRECISIONS
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.museum import UNIMPORTABLE, Case
from harness.vocabulary.stacks import LIBRARIES
from harness.vocabulary.verdicts import Verdict

KINDS: tuple[str, ...] = (
    *(each.value for each in Verdict if each not in (Verdict.SAME, Verdict.UNKNOWN)),
    UNIMPORTABLE,
)
_TEXTS = ("package", "what", "baseline", "candidate", "why", "where")
_LISTS = ("select", "kinds", "shows", "precisions")
_ID = re.compile(r"[a-z0-9]+([-.][a-z0-9]+)*")


class MuseumError(HarnessError):
    """The file of cases is damaged, or a case is not what one must be."""


def read_cases(text: str, where: str) -> tuple[Case, ...]:
    """The cases of a file: one TOML table a case, by its id. Raises MuseumError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MuseumError(
            f"the cases cannot be read: {error}",
            where=where,
            allowed="a TOML file with a table a case",
            next=f"mend that line of {where}",
        ) from None
    if not tables:
        raise MuseumError(
            "there is no case",
            where=where,
            allowed="a TOML file with a table a case",
            next=f"git checkout -- {where}",
        )
    return tuple(_case(name, table, where) for name, table in tables.items())


def _case(name: str, table: Any, where: str) -> Case:
    place = f"{where}, [{name}]"
    if not _ID.fullmatch(name):
        raise _wrong(
            f"{name!r} is no id of a case",
            place,
            "lower-case words joined by - or .",
            '["transformers-5.0.0-chat-template"]',
        )
    if not isinstance(table, dict):
        raise _wrong(
            f"{name} is no table", place, "a table a case", f"put {name} below a [table] of a case"
        )
    _check_fields(table, place)
    texts = {field: _text(table, field, place) for field in _TEXTS}
    lists = {field: _list(table, field, place) for field in _LISTS}
    _check_package(texts["package"], place)
    _check_words(lists["kinds"], KINDS, "verdict", place)
    _check_words(lists["precisions"], PRECISIONS, "precision", place)
    if not lists["select"]:
        raise _wrong("select is empty", place, "the behaviours that must see it", 'select = ["…"]')
    if lists["shows"] and not lists["kinds"]:
        raise _wrong(
            "shows is given without kinds",
            place,
            "nothing to show where nothing may change",
            "take out shows, or name the kinds",
        )
    return Case(
        id=name,
        **texts,
        select=lists["select"],
        kinds=lists["kinds"],
        shows=lists["shows"],
        precisions=lists["precisions"],
    )


def _check_fields(table: Mapping[str, Any], place: str) -> None:
    allowed = (*_TEXTS, *_LISTS)
    for field in table:
        if field not in allowed:
            close = difflib.get_close_matches(field, allowed, n=1)
            meant = f"{close[0]} = …" if close else f"take out {field}"
            if isinstance(table[field], dict):
                meant = 'put an id with dots in quotes: ["transformers-5.0.0-chat-template"]'
            raise _wrong(f"unknown field {field!r}", place, ", ".join(allowed), meant)


def _text(table: Mapping[str, Any], field: str, place: str) -> str:
    value = table.get(field)
    if not isinstance(value, str) or not value.strip():
        problem = "is missing" if value is None else "is no text"
        raise _wrong(f"{field} {problem}", place, "a text that is not empty", f'{field} = "…"')
    return value.strip()


def _list(table: Mapping[str, Any], field: str, place: str) -> tuple[str, ...]:
    value = table.get(field, [])
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise _wrong(f"{field} is no list of texts", place, "a list of texts", f'{field} = ["…"]')
    return tuple(value)


def _check_words(words: tuple[str, ...], allowed: tuple[str, ...], noun: str, place: str) -> None:
    for word in words:
        if word not in allowed:
            close = difflib.get_close_matches(word.lower(), allowed, n=1)
            raise _wrong(
                f"{word!r} is no {noun} that a case can name",
                place,
                ", ".join(allowed),
                f'"{close[0]}"' if close else f"take out {word!r}",
            )


def _check_package(package: str, place: str) -> None:
    """Any package may have a case; one whose name is nearly a library's is a slip."""
    close = difflib.get_close_matches(package.lower(), LIBRARIES, n=1, cutoff=0.85)
    if close and package not in LIBRARIES:
        raise _wrong(
            f"no library is called {package!r}",
            f"{place}, package",
            f"{', '.join(LIBRARIES)}, or another package",
            f'package = "{close[0]}"',
        )


def _wrong(what: str, where: str, allowed: str, next: str) -> MuseumError:
    return MuseumError(what, where=where, allowed=allowed, next=next)
