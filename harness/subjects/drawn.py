"""The tiny models of fixtures/architectures, with drawn weights: an index, and checked files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.subjects.hashing import sha256_of
from harness.vocabulary.errors import FixtureError

PLACE = Path("fixtures") / "architectures"
INDEX = PLACE / "index.json"


@dataclass(frozen=True)
class Drawn:
    """One entry of index.json. `sha256` of each file in its folder, by name."""

    name: str
    model_type: str
    head: str
    sha256: Mapping[str, str]

    @property
    def decodes(self) -> bool:
        return self.head == "seq2seq-lm"


def read_drawn(home: Path) -> dict[str, Drawn]:
    """Every entry by its name. Raises FixtureError where the index is missing or damaged."""
    try:
        entries = json.loads((home / INDEX).read_text(encoding="utf-8"))
        return {name: _entry(name, fields) for name, fields in entries.items()}
    except OSError as error:
        raise _wrong(INDEX, error.strerror or str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _wrong(INDEX, f"{type(error).__name__}: {error}") from None


def _entry(name: str, fields: Mapping[str, Any]) -> Drawn:
    return Drawn(name, fields["model_type"], fields["head"], dict(fields["sha256"]))


def drawn_folder(home: Path, drawn: Drawn) -> Path:
    """The folder of a model, its bytes checked. Raises FixtureError for a file that is another."""
    folder = PLACE / drawn.name
    for name, sha256 in drawn.sha256.items():
        file = home / folder / name
        if not file.is_file():
            raise _wrong(folder / name, "it is missing")
        got = sha256_of(file)
        if got != sha256:
            why = f"{file.stat().st_size} bytes with sha256 {got}"
            raise _wrong(folder / name, why, f"sha256 {sha256}, as {INDEX} says")
    return home / folder


def _wrong(file: Path, why: str, allowed: str = "") -> FixtureError:
    return FixtureError(
        f"a tiny model's file is damaged: {why}",
        where=str(file),
        allowed=allowed or "what python fixtures/architectures/make.py writes",
        next=f"git checkout -- {file}",
    )
