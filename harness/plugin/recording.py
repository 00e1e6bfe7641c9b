"""The run record while it is written: each line goes to disk as it happens."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TextIO

from harness.vocabulary.errors import RecordError
from harness.vocabulary.records import Record, end_line, parse


class Recorder:
    """Takes the lines of a run record; keeps them, and appends them to `path` if there is one.

    A worker of a distributed run has no path: its lines travel to the controller, behaviour
    by behaviour, through `take`. `lost` is why the file could not be written to its end, where
    that is so: what was written before stays readable, and nothing follows it.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        self._lines: list[str] = []
        self._taken = 0
        self._outcomes = 0
        self.lost: RecordError | None = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("w", encoding="utf-8")
            except OSError as error:
                raise RecordError(
                    f"the run record cannot be written: {error.strerror}",
                    where=f"--record={path}",
                    allowed="a file in a folder that can be written, on a disk with space left",
                    next="--record=run.jsonl",
                ) from None

    def add(self, line: str) -> None:
        self._lines.append(line)
        if self._file is not None:
            try:
                self._file.write(line)
                self._file.flush()
            except OSError as error:
                self._lose(error)
        self._outcomes += line.startswith('{"type":"outcome"')

    def _lose(self, error: OSError) -> None:
        assert self._file is not None
        self.lost = RecordError(
            f"the run record cannot be written any further: {error.strerror}",
            where=self._file.name,
            allowed=f"{self._outcomes} behaviours stand in it and can be read",
            next="free some space or name another --record, then give the same command",
        )
        with suppress(OSError):
            self._file.close()
        self._file = None

    def take(self) -> list[str]:
        """The lines added since the last call."""
        lines = self._lines[self._taken :]
        self._taken = len(self._lines)
        return lines

    def close(self, whole: bool) -> None:
        """End the record; one that was interrupted gets no `end` line."""
        if whole:
            self.add(end_line(self._outcomes))
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> Record | None:
        """The record so far; None before its header is written."""
        return parse("".join(self._lines), "this run") if self._lines else None
