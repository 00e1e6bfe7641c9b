"""What a subject's bytes are: hashes of files, and the stamp that says they were checked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.vocabulary.errors import SubjectError
from harness.vocabulary.subjects import File

STAMP = ".checked.json"


@dataclass(frozen=True)
class Seen:
    """A file as it was when its sha256 was computed: bytes and nanoseconds."""

    size: int
    modified: int
    sha256: str


def sha256_of(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(files: Iterable[File]) -> str:
    """sha256 over the names and hashes of `files`: the identity of a subject's bytes."""
    lines = sorted(f"{file.sha256}  {file.name}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def check_file(path: Path, sha256: str, subject: str, next: str) -> None:
    """Raise SubjectError unless `path` is there and has this sha256."""
    if not path.is_file():
        raise SubjectError(
            f"subject {subject!r}: {path.name} is missing", where=str(path), next=next
        )
    got = sha256_of(path)
    if got != sha256:
        raise SubjectError(
            f"subject {subject!r}: {path.name} is not the file that its entry names "
            f"({path.stat().st_size} bytes)",
            where=str(path),
            allowed=f"sha256 {sha256}; got {got}",
            next=next,
        )


def look(path: Path, known: Mapping[str, Seen], name: str) -> Seen:
    """The file as it is now; hashed only if size or time differ from what is `known`."""
    status = path.stat()
    seen = known.get(name)
    if seen is not None and (seen.size, seen.modified) == (status.st_size, status.st_mtime_ns):
        return seen
    return Seen(status.st_size, status.st_mtime_ns, sha256_of(path))


def read_stamp(path: Path) -> dict[str, Seen]:
    """What `path` says was checked; nothing where it is missing or damaged."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: Seen(*fields) for name, fields in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_stamp(path: Path, seen: Mapping[str, Seen]) -> None:
    """Write `seen`, whole or not at all."""
    entries = {name: [item.size, item.modified, item.sha256] for name, item in seen.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(entries), encoding="utf-8")
    unfinished.replace(path)
