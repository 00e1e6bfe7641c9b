"""`harness claims`: which claims of the documents hold under a stack."""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from harness import stacks
from harness.commands import asked, given
from harness.commands.publishing import tell
from harness.commands.reading import read_record
from harness.ledger import decide
from harness.report import files
from harness.report.ledger import html, jsonform, markdown, terminal
from harness.running.claims import Book, Found, book_of, run_claims
from harness.running.progress import ShownProgress
from harness.vocabulary.claims import Claim, ClaimVerdict
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.places import home

REFERENCE = "reference"


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "claims",
        help="which claims of the documents hold",
        description="Check what documents claim of the libraries, and show documented and "
        "observed side by side. With --stack, also what that stack says otherwise than the "
        "reference. Exit codes: 0 the ledger was made, 1 under --stack a claim no longer holds, "
        "2 wrong usage, 3 a stack cannot be built, 4 nothing could be checked.",
    )
    given.once(parser)
    parser.add_argument(
        "--stack", metavar="STACK", help=f"{asked.STACK}; default: {REFERENCE} alone"
    )
    parser.add_argument(
        "--record",
        type=given.path,
        metavar="FILE",
        help="judge a run record (pytest --record=FILE) and run nothing",
    )
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="EXPR",
        help="only claims whose id begins so (pipeline, tl.cache), or fits a pattern with *",
    )
    asked.add_making(parser)
    asked.add_cells(parser)
    asked.add_running(parser)
    parser.add_argument(
        "--report",
        type=given.path,
        metavar="DIR",
        help="write claims.json, claims.html, claims.md",
    )
    parser.add_argument("--json", type=given.path, metavar="FILE", help="write the ledger as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the claims as asked, print the ledger, write the files."""
    files.check_writable(args.report, args.json)
    if args.record is not None and args.stack is not None:
        raise UsageError(
            "--record and --stack do not go together",
            where="harness claims",
            allowed="a run record to judge, or a stack to run under",
            next=f"harness claims --record={args.record}",
        )
    book = book_of(home())
    wanted = given.words(args.select, "--select", "the beginnings of claims' ids")
    book = replace(book, claims=_selected(book.claims, wanted))
    found = _judged(args.record, book) if args.record else _run(args, book)
    return ExitCode.INTERRUPTED if found is None else _publish(found, args)


def _selected(claims: Sequence[Claim], expressions: Sequence[str]) -> tuple[Claim, ...]:
    """The claims that any expression names; all of them without expressions."""
    chosen = [c for c in claims if any(_matches(c.id, e) for e in expressions) or not expressions]
    if chosen:
        return tuple(chosen)
    first = sorted({claim.id.partition(".")[0] for claim in claims})
    close = given.near(expressions[0].partition(".")[0], first)
    raise UsageError(
        "no claim matches",
        where=f"--select {','.join(expressions)}",
        allowed=f"the beginning of a claim's id, or a pattern with *: {', '.join(first)}",
        next=f"--select {close or first[0]}",
    )


def _matches(claim: str, expression: str) -> bool:
    if "*" in expression:
        return fnmatch.fnmatchcase(claim, expression)
    return claim == expression or claim.startswith(f"{expression.rstrip('.')}.")


def _judged(path: Path, book: Book) -> Found:
    return Found(decide(str(path), book.claims, book.checkers, read_record(path).outcomes))


def _run(args: argparse.Namespace, book: Book) -> Found | None:
    """Run what checks the claims; None where Ctrl-C ended it."""
    stacks.check_backend(args.torch_backend)
    chosen = asked.chosen_subjects(args)
    del args.select
    request = asked.request_of(args, chosen, REFERENCE, args.stack or "")
    progress = ShownProgress(Console(stderr=True))
    world = asked.world_of(args, chosen, progress)
    try:
        with progress:
            return run_claims(request, world, book)
    except KeyboardInterrupt:
        world.processes.stop()
        print(asked.interrupted(progress, request.cache), file=sys.stderr)
        return None


def _publish(found: Found, args: argparse.Namespace) -> int:
    against = REFERENCE if args.stack else ""
    shown = (found.ledger, found.changes, against)

    def data() -> str:
        return json.dumps(jsonform.to_json(*shown), indent=1, allow_nan=False) + "\n"

    forms = {
        "claims.json": data,
        "claims.html": lambda: html.to_html(*shown),
        "claims.md": lambda: markdown.to_markdown(*shown),
    }

    def show(console: Console) -> None:
        terminal.render(found.ledger, console, found.changes, against)
        for note in found.notes:
            console.print(f"note: {note}", markup=False, soft_wrap=True)

    return tell(
        _code(found),
        show,
        lambda: files.write_forms(forms, args.report) if args.report else None,
        lambda: files.write_text(args.json, data()) if args.json else None,
    )


def _code(found: Found) -> int:
    if all(entry.verdict is ClaimVerdict.UNCHECKED for entry in found.ledger.entries):
        return ExitCode.INCONCLUSIVE
    lost = any(change.baseline.verdict is ClaimVerdict.HOLDS for change in found.changes)
    return ExitCode.CHANGED if lost else ExitCode.NOTHING_CHANGED
