"""TOML files with a table an entry, by its id: what every such file must be."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.vocabulary.errors import HarnessError


class TableError(HarnessError):
    """A file of tables is damaged, or an entry is not what one must be."""


@dataclass(frozen=True)
class Form:
    """A kind of file: what it holds in words, what one of them is called, an id as an example,
    and the fields that an entry may have."""

    what: str
    one: str
    id: str
    fields: Sequence[str]

    @property
    def allowed(self) -> str:
        return f"a TOML file with a table for each {self.one}"


def read_tables(text: str, where: str, form: Form) -> dict[str, dict[str, Any]]:
    """The tables of a file by id, with no field but those of `form`. Raises TableError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableError(
            f"{form.what} cannot be read: {error}",
            where=where,
            allowed=form.allowed,
            next=f"mend that line of {where}",
        ) from None
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise TableError(
                f"{name} stands outside of any {form.one}",
                where=where,
                allowed=form.allowed,
                next=f"put {name} below the [id] of a table",
            )
        for field, value in table.items():
            if field not in form.fields:
                raise _unknown(field, value, place(where, name), form)
    return tables


def place(where: str, name: str) -> str:
    """Where an entry stands, in an error."""
    return f"{where}, [{name}]"


def text_of(
    table: Mapping[str, Any], field: str, place: str, allowed: str = "a text that is not empty"
) -> str:
    """The text that an entry must have; `allowed` says what it may be. Raises TableError."""
    value = table.get(field)
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise TableError(
        f"{field} {'is missing' if value is None else 'is no text, or empty'}",
        where=place,
        allowed=allowed,
        next=f'{field} = "…"',
    )


def _unknown(field: str, value: object, place: str, form: Form) -> TableError:
    close = difflib.get_close_matches(field, form.fields, n=1)
    meant = f"{close[0]} = …" if close else f"take out {field}"
    if isinstance(value, dict):
        meant = f'put an id with dots in quotes: ["{form.id}"]'
    return TableError(
        f"unknown field {field!r}", where=place, allowed=", ".join(form.fields), next=meant
    )
