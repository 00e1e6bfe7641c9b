"""Writing a report to disk: each file whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.report.html import to_html
from harness.report.jsonform import to_json
from harness.report.junit import to_junit
from harness.report.markdown import to_markdown
from harness.vocabulary.errors import ExitCode, HarnessError
from harness.vocabulary.gated import GateReport


class ReportError(HarnessError):
    """A report cannot be written where it was asked for."""


class NoSpaceForReport(ReportError):
    """The disk is full: there is nothing wrong with what was asked for."""

    exit_code = ExitCode.INCONCLUSIVE


def write(report: GateReport, directory: Path) -> tuple[Path, ...]:
    """Write `gate.json`, `gate.html`, `gate.md` and `gate.xml` into `directory`, made if missing.

    See `write_forms` for what it returns and raises.
    """
    forms = {
        "gate.json": lambda: json_text(report),
        "gate.html": lambda: to_html(report),
        "gate.md": lambda: to_markdown(report),
        "gate.xml": lambda: to_junit(report),
    }
    return write_forms(forms, directory)


def write_forms(
    forms: Mapping[str, Callable[[], str]], directory: Path, option: str = "--report"
) -> tuple[Path, ...]:
    """Write a file a form into `directory`, made if missing, as `option` asks; returns their paths.

    Raises ReportError naming the files that could not be written, after the others were.
    """
    written: list[Path] = []
    failed: list[Path] = []
    last: OSError | None = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _report_error(error, str(directory), option) from error
    for name, form in forms.items():
        path = directory / name
        try:
            written.append(_replace(path, form()))
        except OSError as error:
            failed.append(path)
            last = error
    if last is not None:
        raise _report_error(last, ", ".join(map(str, failed)), option) from last
    return tuple(written)


def check_writable(
    directory: Path | None, json_file: Path | None, others: Mapping[str, Path | None] | None = None
) -> None:
    """Raise ReportError now for a place that could not be written after the work.

    `others` are files by the option that names them.
    """
    places = {"--report": directory, "--json": json_file, **(others or {})}
    for option, path in places.items():
        if path is None:
            continue
        try:
            _check_folder(path) if option in _FOLDERS else _check_file(path)
        except OSError as error:
            raise _report_error(error, str(path), option) from error


_FOLDERS = ("--report", "--reproduce")


def _check_folder(folder: Path) -> None:
    """Leaves no folder behind: whether there will be a report is not known yet."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    finally:
        for each in missing:
            with suppress(OSError):
                each.rmdir()


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return
    _check_folder(path.resolve().parent)


def write_json(report: GateReport, path: Path) -> Path:
    """Write the report's JSON to `path`. Raises ReportError if that cannot be done."""
    return write_text(path, json_text(report))


def write_data(fields: Mapping[str, Any], path: Path) -> Path:
    """Write the result of another command as JSON. Raises ReportError as `write_json`."""
    return write_text(path, json.dumps(fields, indent=2) + "\n")


def write_text(path: Path, text: str, option: str = "--json") -> Path:
    """Write what `option` asks for. Raises ReportError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _replace(path, text)
    except OSError as error:
        raise _report_error(error, str(path), option) from error


def json_text(report: GateReport) -> str:
    return json.dumps(to_json(report), indent=1, allow_nan=False) + "\n"


def _replace(path: Path, text: str) -> Path:
    if path.exists() and not path.is_file():
        return _write_through(path, text)
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _write_through(path: Path, text: str) -> Path:
    """A pipe or `/dev/stdout` cannot be replaced, only written to."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return path


def _report_error(error: OSError, where: str, option: str) -> ReportError:
    what = "the scripts" if option == "--reproduce" else "the report"
    allowed = "a writable folder with some megabytes free"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceForReport(
            f"no space left for {what}",
            where=where,
            allowed=allowed,
            next=f"free some space, or {option} on another disk",
        )
    said = error.strerror
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        said = "a file is there, and no folder"
    return ReportError(
        f"{what} cannot be written: {said}",
        where=where,
        allowed=allowed,
        next=f"{option} somewhere that can be written",
    )
