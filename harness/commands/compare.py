"""`harness compare`: two run records against each other, without running anything."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.commands import accepting, given
from harness.commands.publishing import publish
from harness.commands.reading import read_record
from harness.gate.acceptednames import Nameable
from harness.gate.exitcode import parse_fail_on
from harness.gate.recorded import compare_records
from harness.report import files
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import home
from harness.vocabulary.records import Record


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two run records without running anything",
        description="Compare two run records, as `pytest --record FILE` writes them. Exit codes "
        "are those of `harness gate`, and accepted changes fail nothing here either. A record "
        "does not say what was left out of its run: only an entry for one behaviour by its whole "
        "id in one cell can match nothing.",
    )
    given.once(parser)
    parser.add_argument("baseline", type=given.path, metavar="RECORD")
    parser.add_argument("candidate", type=given.path, metavar="RECORD")
    parser.add_argument("--fail-on", metavar="V,V", help="what exits 1, as for `harness gate`")
    accepting.add_option(parser)
    parser.add_argument("--report", type=given.path, metavar="DIR", help="write the reports there")
    parser.add_argument("--json", type=given.path, metavar="FILE", help="write the report as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare the two records, print the report, write the files."""
    begun = time.monotonic()
    fail_on = parse_fail_on(args.fail_on)
    files.check_writable(args.report, args.json)
    sides = [(str(path), read_record(path)) for path in (args.baseline, args.candidate)]
    accepted = _accepted(args, [record for _, record in sides])
    report = compare_records(
        sides[0], sides[1], fail_on, lambda: time.monotonic() - begun, accepted
    )
    return publish(report, args.report, args.json)


def _accepted(args: argparse.Namespace, records: Sequence[Record]) -> tuple[Accepted, ...]:
    """What is accepted. Records may be compared where no project is: there, what was named."""
    project = _project()
    if project is None and args.accepted is None:
        return ()
    return accepting.accepted_of(
        args,
        lambda: accepting.nameable_in(project, records=records) if project else Nameable(),
    )


def _project() -> Path | None:
    try:
        return home()
    except UsageError:
        return None
