"""`harness compare`: two run records against each other, without running anything."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from harness.commands.gate import publish
from harness.gate.exitcode import parse_fail_on
from harness.gate.recorded import compare_records
from harness.vocabulary.errors import RecordError
from harness.vocabulary.records import Record, parse


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two run records without running anything",
        description="Compare two run records, as `pytest --record FILE` writes them. Exit codes "
        "are those of `harness gate`.",
    )
    parser.add_argument("baseline", type=Path, metavar="RECORD")
    parser.add_argument("candidate", type=Path, metavar="RECORD")
    parser.add_argument("--fail-on", metavar="V,V", help="what exits 1, as for `harness gate`")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write the reports there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare the two records, print the report, write the files."""
    begun = time.monotonic()
    fail_on = parse_fail_on(args.fail_on)
    sides = [(str(path), _read(path)) for path in (args.baseline, args.candidate)]
    report = compare_records(sides[0], sides[1], fail_on, lambda: time.monotonic() - begun)
    return publish(report, args)


def _read(path: Path) -> Record:
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        why = error.strerror or str(error)
        raise RecordError(
            f"the run record cannot be read: {why}", where=str(path), next="pytest --record FILE"
        ) from None
    except UnicodeDecodeError:
        raise RecordError(
            "not a run record: it is no text",
            where=str(path),
            allowed="JSON Lines written by `pytest --record FILE`",
        ) from None
