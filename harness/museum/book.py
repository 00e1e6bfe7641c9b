"""Reading the cases of the museum from the text of their file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from harness.vocabulary.cells import PRECISIONS
from harness.vocabulary.museum import Case
from harness.vocabulary.stacks import LIBRARIES
from harness.vocabulary.tables import Form, TableError, place, read_tables, text_of
from harness.vocabulary.verdicts import UNIMPORTABLE, Verdict

KINDS: tuple[str, ...] = (
    *(each.value for each in Verdict if each not in (Verdict.SAME, Verdict.UNKNOWN)),
    UNIMPORTABLE,
)
_TEXTS = ("package", "what", "baseline", "candidate", "why", "where")
_LISTS = ("select", "kinds", "shows", "precisions")
FORM = Form("the cases", "case", "transformers-5.0.0-chat-template", (*_TEXTS, *_LISTS))
_ID = re.compile(r"[a-z0-9]+([-.][a-z0-9]+)*")


def read_cases(text: str, where: str) -> tuple[Case, ...]:
    """The cases of a file: one TOML table a case, by its id. Raises TableError."""
    tables = read_tables(text, where, FORM)
    if not tables:
        raise _wrong("there is no case", where, FORM.allowed, f"git checkout -- {where}")
    return tuple(_case(name, table, place(where, name)) for name, table in tables.items())


def _case(name: str, table: Mapping[str, Any], place: str) -> Case:
    if not _ID.fullmatch(name):
        raise _wrong(
            f"{name!r} is no id of a case",
            place,
            "lower-case words joined by - or .",
            f'["{FORM.id}"]',
        )
    texts = {field: text_of(table, field, place) for field in _TEXTS}
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


def _wrong(what: str, where: str, allowed: str, next: str) -> TableError:
    return TableError(what, where=where, allowed=allowed, next=next)
