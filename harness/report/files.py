"""Writing a report to disk: each file whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path

from harness.report.html import to_html
from harness.report.jsonform import to_json
from harness.report.junit import to_junit
from harness.report.markdown import to_markdown
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.verdicts import GateReport


class ReportError(HarnessError):
    """A report cannot be written where it was asked for."""


def write(report: GateReport, directory: Path) -> tuple[Path, ...]:
    """Write `gate.json`, `gate.html`, `gate.md` and `gate.xml` into `directory`, made if missing.

    Returns their paths. Raises ReportError if a file cannot be written; earlier ones stay.
    """
    texts = {
        "gate.json": json_text(report),
        "gate.html": to_html(report),
        "gate.md": to_markdown(report),
        "gate.xml": to_junit(report),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return tuple(_replace(directory / name, text) for name, text in texts.items())
    except OSError as error:
        raise _report_error(error, directory, "--report") from error


def check_writable(directory: Path | None, json_file: Path | None) -> None:
    """Raise ReportError now for a place that could not be written after the gate."""
    for folder, path, option in (
        (directory, directory, "--report"),
        (json_file.parent if json_file else None, json_file, "--json"),
    ):
        if folder is None or path is None:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if path.is_dir() and option == "--json":
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not path.exists() or path.is_dir():
                with tempfile.NamedTemporaryFile(dir=folder):
                    pass
        except OSError as error:
            raise _report_error(error, path, option) from error


def write_json(report: GateReport, path: Path) -> Path:
    """Write the report's JSON to `path`. Raises ReportError if that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _replace(path, json_text(report))
    except OSError as error:
        raise _report_error(error, path, "--json") from error


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


def _report_error(error: OSError, path: Path, option: str) -> ReportError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    reason = f"the report cannot be written: {error.strerror}"
    return ReportError(
        "no space left for the report" if full else reason,
        where=str(path),
        allowed="a writable folder with some megabytes free",
        next="free some space" if full else f"{option} somewhere that can be written",
    )
