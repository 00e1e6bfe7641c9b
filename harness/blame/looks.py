"""What to look into for a change: the model or tokenizer that its behaviour is about. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from harness.vocabulary.cells import PRECISIONS, Cell
from harness.vocabulary.errors import NoEvidence, UsageError
from harness.vocabulary.gated import ObservationVerdict
from harness.vocabulary.located import Into, Look
from harness.vocabulary.subjects import Subject

_TINY = re.compile(r"architectures/[^\[]*\[(?P<name>[^\[\]]+)\]")
"""Behaviours of the tiny architectures: the type is what they are parametrised by."""

_PRECISION = re.compile(rf"_in_({'|'.join(PRECISIONS)})\b")
"""How a behaviour of a tiny architecture says that it is not in float32."""


@dataclass(frozen=True)
class Known:
    """What there is to look into.

    `subjects` are the registered ones by name, `folders` those that the user named, `drawn` the
    folders of the tiny architectures, `subjects_file` the user's own registry; `text` is what
    they are to read in place of the fixed prompt.
    """

    subjects: Mapping[str, Subject]
    folders: Mapping[str, str] = field(default_factory=dict)
    drawn: Mapping[str, str] = field(default_factory=dict)
    subjects_file: str = ""
    text: str = ""


@dataclass(frozen=True)
class Changed:
    """A change to locate: its behaviour, its cell, and what both sides observed."""

    behaviour: str
    cell: Cell
    observations: tuple[ObservationVerdict, ...] = ()


def lookable(changes: Iterable[Changed], known: Known) -> Changed | None:
    """The first of `changes` that can be looked into: it stands for all."""
    for change in changes:
        with suppress(NoEvidence, UsageError):
            look_for(change.behaviour, change.cell, known)
            return change
    return None


def look_for(behaviour: str, cell: Cell, known: Known) -> Look:
    """What to look into for a change of `behaviour` in `cell`.

    A cell of a subject is looked into as it is; a behaviour of a tiny architecture in the folder
    of that one. Raises NoEvidence for any other: its code makes what it is about itself; and
    UsageError for a text that the model cannot read.
    """
    if cell.subject in known.subjects:
        return look_into(cell, known)
    name = _drawn(behaviour, known)
    if name:
        check_reads_text(behaviour, known)
        found = _PRECISION.search(behaviour)
        precision = found[1] if found else "float32"
        return Look(f"{name}={known.drawn[name]}", ("model",), precision)
    raise NoEvidence(
        f"{behaviour} makes its own objects: there is no model or tokenizer of its cell to look "
        "into",
        where=f"cell {cell.id}",
        allowed="a behaviour in a cell of a subject, or of a tiny architecture",
        next="harness locate --subject NAME=PATH looks into a folder, without any behaviour",
    )


def _drawn(behaviour: str, known: Known) -> str:
    """The tiny architecture that a behaviour is about; "" where it is about none."""
    tiny = _TINY.match(behaviour)
    return tiny["name"] if tiny and tiny["name"] in known.drawn else ""


def check_reads_text(behaviour: str, known: Known) -> None:
    """Raise UsageError where there is a text to read, and the model has no tokenizer for it."""
    if known.text and _drawn(behaviour, known):
        raise UsageError(
            "a tiny architecture has no tokenizer: it is given fixed numbers, and no text",
            where="--text",
            allowed="with --text: --subject, or a behaviour in a cell of a subject",
            next="leave --text out",
        )


def look_into(cell: Cell, known: Known) -> Look:
    """What there is in a subject's cell: the tokenizer, the model, or both."""
    subject = known.subjects[cell.subject]
    parts: dict[Into, bool] = {
        "tokenizer": "tokenizer" in subject.abilities,
        "model": subject.is_model and cell.precision is not None,
    }
    look = Look(
        known.folders.get(subject.name, subject.name),
        tuple(part for part, there in parts.items() if there),
        text=known.text,
        subjects_file=known.subjects_file,
    )
    if cell.precision is None or cell.device is None:
        return look
    return replace(look, precision=cell.precision, device=cell.device)
