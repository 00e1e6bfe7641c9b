"""`harness claims`: which claims of the documents hold under a stack."""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from harness import stacks
from harness.commands import asked, given
from harness.commands.publishing import say, tell
from harness.commands.reading import read_record, refuse_fault
from harness.ledger import decide
from harness.ledger.book import claims_file
from harness.report import files
from harness.report.ledger import html, jsonform, markdown, terminal
from harness.running.claims import Book, Found, book_of, run_claims
from harness.running.progress import ProgressConsole, ShownProgress
from harness.vocabulary.claims import Claim, ClaimVerdict
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.places import home

REFERENCE = "reference"
CONFIRM = 1
"""How often both stacks repeat what they say differently."""


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
        help="only claims whose id begins so (pipeline, tl.cache), or fits a pattern with *; "
        "repeatable",
    )
    asked.add_making(parser)
    asked.add_cells(parser, tier="broad")
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
    _check_together(args)
    book = book_of(home())
    wanted = given.words(args.select, "--select", "the beginnings of claims' ids")
    book = replace(book, claims=_selected(book.claims, wanted))
    found = _judged(args.record, book) if args.record else _run(args, book)
    return ExitCode.INTERRUPTED if found is None else _publish(found, args)


def _check_together(args: argparse.Namespace) -> None:
    """Raise UsageError for options that a run record leaves nothing to do."""
    if args.stack is not None and not args.stack.strip():
        raise UsageError(
            "--stack is empty", where='--stack ""', allowed=asked.STACK, next="leave --stack out"
        )
    if args.record is None:
        return
    idle = {"subject", "precision", "device"} & {
        name for name, value in vars(args).items() if value
    }
    idle |= args.__dict__.get("given", set()) - {"record", "report", "json"}
    idle |= {"no_cache", "no_downgrade"} & {name for name, value in vars(args).items() if value}
    if idle:
        named = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(idle))
        raise UsageError(
            f"--record runs nothing, so that {named} would be passed over",
            where="harness claims",
            allowed="with --record: --select, --report, --json",
            next=f"harness claims --record={args.record}",
        )


def _selected(claims: Sequence[Claim], expressions: Sequence[str]) -> tuple[Claim, ...]:
    """The claims that any expression names; all of them without expressions."""
    first = sorted({claim.id.partition(".")[0] for claim in claims})
    if not claims:
        raise UsageError(
            "this project has no claims",
            where=str(claims_file(home())),
            allowed="a list of entries with id, system, claim, expected",
            next="set HARNESS_HOME to a project that has them",
        )
    for expression in expressions:
        if not any(_matches(claim.id, expression) for claim in claims):
            close = given.near(expression.partition(".")[0], first)
            raise UsageError(
                f"no claim matches {expression!r}",
                where=f"--select {','.join(expressions)}",
                allowed=f"the beginning of a claim's id, or a pattern with *: {', '.join(first)}",
                next=f"--select {close or first[0]}",
            )
    return tuple(
        c for c in claims if not expressions or any(_matches(c.id, e) for e in expressions)
    )


def _matches(claim: str, expression: str) -> bool:
    if "*" in expression:
        return fnmatch.fnmatchcase(claim, expression)
    return claim == expression or claim.startswith(f"{expression.rstrip('.')}.")


def _judged(path: Path, book: Book) -> Found:
    record = read_record(path)
    refuse_fault(record, path, "it tells nothing of what documents claim")
    versions = record.header.versions
    return Found(decide(str(path), book.claims, book.checkers, record.outcomes, versions))


def _run(args: argparse.Namespace, book: Book) -> Found | None:
    """Run what checks the claims; None where Ctrl-C ended it."""
    stacks.check_backend(args.torch_backend)
    chosen = asked.chosen_subjects(args)
    request = asked.request_of(args, chosen, REFERENCE, args.stack or "", confirm=CONFIRM)
    progress = ShownProgress(ProgressConsole(), alone=args.stack is None)
    world = asked.world_of(args, chosen, progress, alone=args.stack is None)
    try:
        with progress:
            return run_claims(request, world, book)
    except KeyboardInterrupt:
        world.processes.stop()
        say(asked.interrupted(progress, args))
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
    lost = any(
        change.baseline.verdict is ClaimVerdict.HOLDS
        and change.candidate.verdict in (ClaimVerdict.WRONG, ClaimVerdict.OUTDATED)
        for change in found.changes
    )
    return ExitCode.CHANGED if lost else ExitCode.NOTHING_CHANGED
