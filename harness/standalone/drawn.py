"""The tiny models of fixtures/architectures, of those files that a script brings along."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

PLACE = Path("fixtures") / "architectures"


@dataclass(frozen=True)
class Drawn:
    name: str
    model_type: str
    head: str

    @property
    def decodes(self) -> bool:
        return self.head == "seq2seq-lm"


def read_drawn(home: Path) -> dict[str, Drawn]:
    entries = json.loads((home / PLACE / "index.json").read_text(encoding="utf-8"))
    return {
        name: Drawn(name, fields["model_type"], fields["head"]) for name, fields in entries.items()
    }


def drawn_folder(home: Path, drawn: Drawn) -> Path:
    return home / PLACE / drawn.name
