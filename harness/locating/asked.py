"""What a worker is asked to look into."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness import subjects
from harness.subjects import Prepared
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.places import home


@dataclass(frozen=True)
class Asked:
    """The cell, the input, and where the capture goes.

    `subject` is a registered name or NAME=PATH; `ids` are the model's input (made from `text`,
    or from the fixed prompts, where there are none); each of `threads` is a pass.
    """

    subject: str
    precision: str
    device: str
    out: Path
    ids: tuple[int, ...] = ()
    text: str = ""
    threads: tuple[int, ...] = (1, 2, 3)
    attention: str = ""
    subjects_file: str = ""

    @property
    def folder(self) -> Path | None:
        """The folder that the subject names itself."""
        path = self.subject.partition("=")[2]
        return Path(path) if path else None


def prepared(asked: Asked) -> Prepared:
    """The subject with its files; raises NoEvidence where they are not in the cache."""
    extra = Path(asked.subjects_file) if asked.subjects_file else None
    (entry,) = subjects.select(subjects.read_registry(home(), extra), [asked.subject])
    found = subjects.prepared(entry)
    if found is None:
        raise NoEvidence(
            f"{entry.name}: its files are not in the cache",
            next=f"harness subjects prepare {entry.name}",
        )
    return found
