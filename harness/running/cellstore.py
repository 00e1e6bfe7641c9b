"""Results of cells on disk, each under its key: whole or not there."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.vocabulary.errors import RecordError
from harness.vocabulary.records import (
    Header,
    Outcome,
    Record,
    end_line,
    header_line,
    observation_line,
    outcome_line,
    parse,
)

RECORD = "record.jsonl"
SEAL = "sha256"


@dataclass(frozen=True)
class Damaged:
    """An entry that is there and cannot be believed."""

    path: Path
    reason: str


class CellStore:
    """`directory/<key>/` holds a whole record and its checksum; `running/` what is under way."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._running = directory / "running"

    def get(self, key: str) -> Record | Damaged | None:
        """The record kept under `key`, None if there is none, Damaged if it is not whole."""
        entry = self.directory / key
        if not entry.is_dir():
            return None
        try:
            data = (entry / RECORD).read_bytes()
            seal = (entry / SEAL).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            return Damaged(entry, f"cannot be read ({error})")
        if hashlib.sha256(data).hexdigest() != seal:
            return Damaged(entry, "its checksum does not match")
        try:
            return parse(data.decode("utf-8"), str(entry / RECORD))
        except (RecordError, UnicodeDecodeError) as error:
            return Damaged(entry, str(error))

    def has(self, key: str) -> bool:
        """Whether there is an entry, without reading it."""
        return (self.directory / key).is_dir()

    def open(self, key: str) -> Path:
        """A fresh folder for the files of a run of `key`, of this process alone."""
        self._running.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-{key[:16]}-", dir=self._running))

    def keep(self, key: str, work: Path, header: Header, outcomes: Collection[Outcome]) -> None:
        """Make the finished run the entry of `key`: it appears at once or not at all."""
        data = serialise(header, outcomes).encode("utf-8")
        _write(work / RECORD, data)
        _write(work / SEAL, hashlib.sha256(data).hexdigest().encode("ascii"))
        entry = self.directory / key
        try:
            work.rename(entry)
        except OSError:
            # Another gate kept the same result meanwhile: either one is good.
            if not entry.is_dir():
                raise
            self.drop(work)

    def drop(self, path: Path) -> None:
        shutil.rmtree(path, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what runs left that were killed before they could."""
        for work in self._running.glob("*-*-*"):
            owner = work.name.partition("-")[0]
            if owner.isdigit() and not psutil.pid_exists(int(owner)):
                self.drop(work)


def serialise(header: Header, outcomes: Collection[Outcome]) -> str:
    """A run as the text of one whole record, however many processes it took."""
    lines = [header_line(header)]
    for outcome in outcomes:
        lines += [observation_line(*outcome.key, each) for each in outcome.observations]
        lines.append(outcome_line(outcome))
    return "".join([*lines, end_line(len(outcomes))])


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
