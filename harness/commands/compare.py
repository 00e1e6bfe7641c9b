"""`harness compare`: two run records against each other, without running anything."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from harness.commands import given
from harness.commands.publishing import publish
from harness.gate.exitcode import parse_fail_on
from harness.gate.recorded import compare_records
from harness.report import files
from harness.vocabulary.errors import RecordError
from harness.vocabulary.records import Record, parse

_ALLOWED = "JSON Lines, as `pytest --record=FILE` writes them under one stack"
_NEXT = "pytest --record=run.jsonl, once under each of the two stacks"


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two run records without running anything",
        description="Compare two run records, as `pytest --record FILE` writes them. Exit codes "
        "are those of `harness gate`.",
    )
    given.once(parser)
    parser.add_argument("baseline", type=given.path, metavar="RECORD")
    parser.add_argument("candidate", type=given.path, metavar="RECORD")
    parser.add_argument("--fail-on", metavar="V,V", help="what exits 1, as for `harness gate`")
    parser.add_argument("--report", type=given.path, metavar="DIR", help="write the reports there")
    parser.add_argument("--json", type=given.path, metavar="FILE", help="write the report as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare the two records, print the report, write the files."""
    begun = time.monotonic()
    fail_on = parse_fail_on(args.fail_on)
    files.check_writable(args.report, args.json)
    sides = [(str(path), _read(path)) for path in (args.baseline, args.candidate)]
    report = compare_records(sides[0], sides[1], fail_on, lambda: time.monotonic() - begun)
    return publish(report, args.report, args.json)


def _read(path: Path) -> Record:
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
