"""The accepted changes that a gate goes by: the project's own, or those of `--accepted`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.commands import given
from harness.gate.acceptedfile import AcceptedError, read_accepted
from harness.gate.selection import NothingMatches, Written, check_expressions
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.places import home

OWN = "fixtures/accepted.toml"

_ALLOWED = f"a TOML file with a table an entry, as {OWN} describes it"


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

    Raises AcceptedError, also for an entry whose behaviour no test that is `written` can be.
    """
    path, where = args.accepted, str(args.accepted)
    if path is None:
        path, where = home() / OWN, OWN
        if not path.exists():
            return ()
    entries = read_accepted(_text(path, where), where)
    tests = written() if entries else ()
    for entry in entries:
        _check_behaviour(entry, tests)
    return entries


def _text(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is no UTF-8: {error}"
        raise AcceptedError(
            f"the accepted changes cannot be read: {reason}",
            where=where,
            allowed=_ALLOWED,
            next=f"mend it, or leave --accepted out to go by {OWN}",
        ) from None


def _check_behaviour(entry: Accepted, written: Sequence[Written]) -> None:
    try:
        check_expressions(written, [entry.behaviour])
    except NothingMatches as error:
        raise AcceptedError(
            error.what,
            where=f"{entry.file}, [{entry.id}], behaviour",
            allowed=error.allowed,
            next=f"behaviour = {json.dumps(error.suggestion)}, or take out [{entry.id}]",
        ) from None
