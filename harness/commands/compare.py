"""`harness compare`: two run records against each other, without running anything."""

from __future__ import annotations

import argparse
import time
from typing import Any

from harness.commands import given
from harness.commands.publishing import publish
from harness.commands.reading import read_record
from harness.gate.exitcode import parse_fail_on
from harness.gate.recorded import compare_records
from harness.report import files


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
    sides = [(str(path), read_record(path)) for path in (args.baseline, args.candidate)]
    report = compare_records(sides[0], sides[1], fail_on, lambda: time.monotonic() - begun)
    return publish(report, args.report, args.json)
