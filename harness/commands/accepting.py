"""The accepted changes that a gate goes by: the project's own, or those of `--accepted`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from harness import subjects
from harness.commands import given
from harness.commands.reading import read_text
from harness.commands.written import required_packages, written_behaviours
from harness.gate.acceptedfile import FORM, read_accepted
from harness.gate.acceptednames import Nameable, check_place
from harness.gate.selection import NothingMatches, Written, check_expressions
from harness.running.benching_tasks import check_patterns
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import home
from harness.vocabulary.records import Record
from harness.vocabulary.stacks import LIBRARIES
from harness.vocabulary.subjects import Subject
from harness.vocabulary.tables import TableError, place

OWN = "fixtures/accepted.toml"


def add_option(parser: argparse.ArgumentParser) -> None:
    """Which file names the changes that are accepted."""
    parser.add_argument(
        "--accepted",
        type=given.path,
        metavar="FILE",
        help=f"changes that do not fail the gate, with reason, owner and bound (default: {OWN})",
    )


def accepted_of(args: argparse.Namespace, nameable: Callable[[], Nameable]) -> tuple[Accepted, ...]:
    """What the file accepts; nothing where the project has none and none was named.

    Raises TableError, also for an entry that names what nothing there is: a test, a cost, a cell
    or a package.
    """
    path, where = args.accepted, str(args.accepted)
    if path is None:
        path, where = home() / OWN, OWN
        if not path.exists():
            return ()
    text = read_text(
        path,
        FORM,
        where,
        next=f"mend it, or leave --accepted out to go by {OWN}",
    )
    entries = read_accepted(text, where)
    known = nameable() if entries else Nameable()
    for entry in entries:
        _check_named(entry, known.tests)
        check_place(entry, known)
    return entries


def nameable_in(
    root: Path,
    chosen: Sequence[Subject] = (),
    subjects_file: Path | None = None,
    records: Sequence[Record] = (),
) -> Nameable:
    """What entries can name in a project, for the subjects that were chosen or these records."""
    tests = written_behaviours(root)
    if not tests:
        return Nameable()
    registry = subjects.read_registry(root, subjects_file)
    imported = (package for record in records for package in record.header.imports)
    return Nameable(
        tests,
        (*registry.values(), *chosen),
        frozenset({*LIBRARIES, *required_packages(root), *imported}),
        frozenset(outcome.cell for record in records for outcome in record.outcomes),
    )


def _check_named(entry: Accepted, tests: Sequence[Written]) -> None:
    """Raise TableError where no test, or no cost, can ever be what `entry` names."""
    try:
        if entry.kind == "behaviour":
            check_expressions(tests, [entry.named])
        elif entry.kind == "quantity":
            check_patterns([entry.named])
    except UsageError as error:
        meant = error.suggestion if isinstance(error, NothingMatches) else "model/decode*"
        raise TableError(
            error.what,
            where=f"{place(entry.file, entry.id)}, {entry.kind}",
            allowed=error.allowed,
            next=f"{entry.kind} = {json.dumps(meant)}, or take out [{entry.id}]",
        ) from None
