"""Whether anything can be what an accepted change names: misspelt, it would never match. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from packaging.utils import canonicalize_name

from harness.gate.selection import Written
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.cells import NO_PACKAGE, PRECISIONS, Cell, cell_of, lacks
from harness.vocabulary.subjects import Subject
from harness.vocabulary.tables import TableError, place

_DEVICES = ("cpu", "cuda", "cuda:0", "mps")
"""Of the numbered ones the first stands for all: how many there are differs by machine."""


@dataclass(frozen=True)
class Nameable:
    """What there is to be named: tests, subjects, packages that tests call; `cells` beside those
    of subjects and packages. Without tests nothing is known of cells and packages either."""

    tests: Sequence[Written] = ()
    subjects: Sequence[Subject] = ()
    packages: Collection[str] = ()
    cells: Collection[str] = ()


def check_place(entry: Accepted, known: Nameable) -> None:
    """Raise TableError where the cell, or the package, of `entry` is one that nothing has."""
    if not known.tests:
        return
    if entry.kind == "package":
        _check_package(entry, known)
        return
    cells = (*(_of_costs(known) if entry.kind == "quantity" else _of_behaviours(known)),)
    pattern = re.sub(r"cuda:\d+", "cuda:0", entry.cell)
    if not any(fnmatchcase(cell, pattern) for cell in cells):
        raise _unknown_cell(entry, cells, known.subjects)


def _check_package(entry: Accepted, known: Nameable) -> None:
    packages = sorted({canonicalize_name(each) for each in known.packages})
    if any(fnmatchcase(each, entry.named) for each in packages):
        return
    close = _near(entry.named, packages)
    meant = f"package = {json.dumps(close[0])}, or " if close else ""
    raise TableError(
        f"no test calls a package {entry.named!r}{_listed(close)}",
        where=f"{place(entry.file, entry.id)}, package",
        allowed=", ".join(packages),
        next=f"{meant}take out [{entry.id}]",
    )


def _unknown_cell(entry: Accepted, cells: Sequence[str], subjects: Iterable[Subject]) -> TableError:
    close = _near(entry.cell, (*cells, *_patterns(cells)))
    a_part = "" if entry.kind == "quantity" else "; SUBJECT of a tokenizer; a library"
    meant = f"cell = {json.dumps(close[0])}; " if close else ""
    return TableError(
        f"no cell is {entry.cell!r}{_listed(close)}",
        where=f"{place(entry.file, entry.id)}, cell",
        allowed=f"SUBJECT-PRECISION-DEVICE{a_part}; or a pattern with *. "
        f"Subjects: {', '.join(dict.fromkeys(each.name for each in subjects))}",
        next=f"{meant}a model of your own is known by --subject NAME=PATH or --subjects-file FILE",
    )


def _of_behaviours(known: Nameable) -> Iterator[str]:
    yield from (*known.packages, NO_PACKAGE, *known.cells)
    for subject in known.subjects:
        yield subject.name
        yield from _of_model(subject.name) if subject.is_model else ()


def _of_costs(known: Nameable) -> Iterator[str]:
    """Costs that are about no subject, as an import's, may have none."""
    for name in ("", *(subject.name for subject in known.subjects)):
        yield from _of_model(name)


def _of_model(name: str) -> Iterator[str]:
    for precision in PRECISIONS:
        for device in _DEVICES:
            if not lacks(precision, device):
                yield Cell(name, precision, device).id


def _patterns(cells: Iterable[str]) -> Iterator[str]:
    """Patterns that fit several of `cells`."""
    for cell in map(cell_of, cells):
        if cell.precision is not None:
            yield f"{cell.subject}-*"
            yield f"*-{cell.precision}-*"
            yield f"*-{cell.precision}-{cell.device}"


def _near(word: str, names: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, dict.fromkeys(names), n=3, cutoff=0.55)


def _listed(close: Sequence[str]) -> str:
    return f"; near: {', '.join(close)}" if close else ""
