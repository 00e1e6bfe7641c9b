"""The accepted changes that a gate goes by: the project's own, or those of `--accepted`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence

from harness.commands import given
from harness.commands.reading import read_text
from harness.gate.acceptedfile import FORM, read_accepted
from harness.gate.selection import NothingMatches, Written, check_expressions
from harness.running.benching_tasks import check_patterns
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import home
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


def accepted_of(
    args: argparse.Namespace, written: Callable[[], Sequence[Written]]
) -> tuple[Accepted, ...]:
    """What the file accepts; nothing where the project has none and none was named.

    Raises TableError, also for an entry that names no test that is `written` and no cost.
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
    tests = written() if any(entry.kind == "behaviour" for entry in entries) else ()
    for entry in entries:
        _check_named(entry, tests)
    return entries


def _check_named(entry: Accepted, written: Sequence[Written]) -> None:
    """Raise TableError where nothing can ever be what `entry` names."""
    try:
        if entry.kind == "behaviour":
            check_expressions(written, [entry.named])
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
