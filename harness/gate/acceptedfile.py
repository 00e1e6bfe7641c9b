"""Reading accepted changes from the text of their file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from harness.gate.accepted import NO_EVIDENCE
from harness.gate.acceptedbound import read_bound
from harness.vocabulary.accepted import KINDS, Accepted, Kind
from harness.vocabulary.costs import CostVerdict
from harness.vocabulary.tables import Form, TableError, place, read_tables, text_of
from harness.vocabulary.verdicts import UNIMPORTABLE, Verdict

VERDICTS: Mapping[Kind, tuple[str, ...]] = {
    "behaviour": tuple(each.value for each in Verdict if each not in {Verdict.SAME, *NO_EVIDENCE}),
    "quantity": (
        *(each.value for each in CostVerdict if each not in {CostVerdict.SAME, *NO_EVIDENCE}),
        Verdict.GONE.value,
    ),
    "package": (UNIMPORTABLE,),
}
"""What can be accepted of each kind."""

_ANY = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"

_FREE = ("until", "reason", "owner")
FORM = Form(
    "the accepted changes",
    "entry",
    "sentencepiece-0.2.3-protos",
    (*KINDS, "verdict", *_FREE, "cell"),
)


def read_accepted(text: str, where: str) -> tuple[Accepted, ...]:
    """The entries of a file: one TOML table an entry, by its id. Raises TableError."""
    tables = read_tables(text, where, FORM)
    return tuple(_entry(name, table, where) for name, table in tables.items())


def _entry(name: str, table: Mapping[str, Any], where: str) -> Accepted:
    here = place(where, name)
    kind = _kind(table, here)
    verdict = text_of(table, "verdict", here, ", ".join(VERDICTS[kind]))
    texts = {field: " ".join(text_of(table, field, here).split()) for field in (kind, *_FREE)}
    until = read_bound(texts["until"], here, texts[kind])
    return Accepted(
        id=name,
        named=canonicalize_name(texts[kind]) if kind == "package" else texts[kind],
        verdict=_verdict(verdict, kind, here),
        reason=texts["reason"],
        owner=texts["owner"],
        package=canonicalize_name(until.name),
        versions=str(until.specifier),
        cell=text_of(table, "cell", here) if "cell" in table else "*",
        file=where,
        kind=kind,
    )


def _kind(table: Mapping[str, Any], place: str) -> Kind:
    """What the entry names. A package has no cell."""
    named = [kind for kind in KINDS if kind in table]
    given = [*named, "cell"] if "package" in named and "cell" in table else named
    if len(given) == 1:
        return named[0]
    raise TableError(
        f"{' and '.join(given)} in one entry" if given else f"{_ANY} is missing",
        where=place,
        allowed="behaviour or quantity, with a cell if not all; or package",
        next="make an entry of each" if given else 'behaviour = "…"',
    )


def _verdict(word: str, kind: Kind, place: str) -> str:
    if word in VERDICTS[kind]:
        return word
    close = difflib.get_close_matches(word.lower(), VERDICTS[kind], n=1)
    raise TableError(
        f"{word!r} is no verdict on a {kind} that can be accepted",
        where=f"{place}, verdict",
        allowed=", ".join(VERDICTS[kind]),
        next=f'verdict = "{close[0]}"' if close else f"take out the entry {place}",
    )
