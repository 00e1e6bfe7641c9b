"""Reading the files that commands go by: run records, and files of tables."""

from __future__ import annotations

import json
from pathlib import Path

from harness.vocabulary.errors import RecordError, UsageError
from harness.vocabulary.records import Record, parse
from harness.vocabulary.tables import Form

_ALLOWED = "JSON Lines, as `pytest --record=FILE` writes them under one stack"
_NEXT = "pytest --record=run.jsonl, under each stack in question"


def read_text(path: Path, form: Form, where: str, *, next: str) -> str:
    """The text of a file of tables. Raises UsageError that says why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is no UTF-8: {error}"
        raise UsageError(
            f"{form.what} cannot be read: {reason}", where=where, allowed=form.allowed, next=next
        ) from None


def read_record(path: Path) -> Record:
    """The run record in `path`. Raises RecordError that says what the file is instead."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        why = error.strerror or str(error)
        raise RecordError(
            f"the run record cannot be read: {why}",
            where=str(path),
            allowed=_ALLOWED,
            next=_NEXT,
        ) from None
    except UnicodeDecodeError:
        raise RecordError(
            "not a run record: it is no text", where=str(path), allowed=_ALLOWED, next=_NEXT
        ) from None
    other = _something_else(text)
    if other:
        raise RecordError(
            f"not a run record: it is {other}", where=str(path), allowed=_ALLOWED, next=_NEXT
        )
    try:
        return parse(text, str(path))
    except RecordError as error:
        raise RecordError(
            error.what,
            where=error.where,
            allowed=error.allowed or _ALLOWED,
            next=error.next or _NEXT,
        ) from None


def refuse_fault(record: Record, path: Path, why: str) -> None:
    """Raise UsageError for a record of a run that had a fault; `why` it will not do here."""
    if record.header.fault:
        raise UsageError(
            f"the run had a fault in a library: {why}",
            where=f"{path}: {record.header.fault}",
            allowed="the record of a run without --fault",
            next="pytest --record=run.jsonl",
        )


def _something_else(text: str) -> str:
    """What a file is that people take for a run record; nothing where it may be one."""
    if text.lstrip().startswith("<"):
        return "a page or an XML file"
    try:
        content = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(content, dict) or content.get("type") == "header":
        return ""
    if "stack_verdict" in content:
        return "the report of a gate, which has compared two stacks already"
    return "a list of cells" if "cells" in content else ""
