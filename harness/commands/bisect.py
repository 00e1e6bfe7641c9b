"""`harness bisect`: in which release of a package a behaviour changed."""

from __future__ import annotations

import argparse
import re
import shlex
from contextlib import nullcontext
from typing import Any

from harness import stacks
from harness.commands import asked, blaming, given
from harness.commands.publishing import say, tell
from harness.commands.written import written_behaviours
from harness.gate.selection import check_expressions
from harness.report import files
from harness.report.blame import bisected
from harness.running.bisecting import BisectAsked, run_bisect
from harness.running.blaming_progress import BlameProgress
from harness.running.blaming_sources import Source
from harness.running.progress import ProgressConsole, ShownProgress
from harness.stacks import list_releases
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.places import home

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
"""What PEP 508 allows as the name of a package."""


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "bisect",
        help="in which release of a package a behaviour changed",
        description="Lay the releases of PACKAGE over a stack, and find those in which behaviours "
        "turn. Exit codes: 0 every history was found, or that nothing changes, 2 wrong usage, "
        "3 an end cannot be built, 4 inconclusive.",
    )
    given.once(parser)
    parser.add_argument("package", metavar="PACKAGE")
    parser.add_argument(
        "--behaviour",
        action="append",
        required=True,
        metavar="ID",
        help="a behaviour's id, a file of them, or a pattern ('*utf8*'); repeatable",
    )
    parser.add_argument(
        "--cell", action="append", default=[], metavar="ID", help="only in this cell; repeatable"
    )
    parser.add_argument(
        "--good", metavar="V", help="the older end (default: the first release of its major)"
    )
    parser.add_argument("--bad", metavar="V", help="the newer end (default: the stack's version)")
    parser.add_argument(
        "--scan",
        action="store_true",
        help="probe every minor version, for what came and went; so too where both ends are the "
        "same",
    )
    blaming.add_pre(parser)
    parser.add_argument(
        "--source",
        type=given.path,
        metavar="DIR",
        help="search the commits of this source tree of PACKAGE, by first parents: --good and "
        "--bad are commits, branches or tags (--bad HEAD, unless told)",
    )
    parser.add_argument("--stack", default="reference", metavar="STACK", help=asked.STACK)
    asked.add_making(parser)
    asked.add_cells(parser, "broad")
    asked.add_running(parser)
    parser.add_argument("--json", type=given.path, metavar="FILE", help="write the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Bisect as asked, print the histories, write the file."""
    _check_package(args)
    files.check_writable(None, args.json)
    stacks.check_backend(args.torch_backend)
    chosen = asked.chosen_subjects(args)
    request = asked.request_of(
        args,
        chosen,
        args.stack,
        args.stack,
        confirm=0,
        select=args.behaviour,
        selected_by="--behaviour",
    )
    check_expressions(written_behaviours(home()), request.select, "--behaviour")
    progress = ShownProgress(ProgressConsole(), alone=True)
    world = asked.world_of(args, chosen, progress, alone=True)
    source = _source(args, progress)
    wanted = BisectAsked(
        package=args.package,
        listener=BlameProgress(progress),
        releases=list_releases,
        good=args.good,
        bad=args.bad,
        cells=tuple(given.words(args.cell, "--cell", "the id of a cell, as a report has it")),
        pre=args.pre,
        scan=args.scan,
        torch_backend=args.torch_backend,
        source=source,
    )
    try:
        with source.tree.offered() if source else nullcontext(), progress:
            report = run_bisect(wanted, request, world)
    except KeyboardInterrupt:
        world.processes.stop()
        say(asked.interrupted(progress, args))
        return int(ExitCode.INTERRUPTED)
    return tell(
        bisected.exit_code(report),
        lambda console: bisected.render(report, console),
        lambda: files.write_data(bisected.to_json(report), args.json) if args.json else None,
    )


def _source(args: argparse.Namespace, progress: ShownProgress) -> Source | None:
    """The commits of `--source`; None without it. Raises UsageError."""
    if args.source is None:
        return None
    again = f"harness bisect {args.package} --source {args.source}"
    if args.good is None or args.pre:
        raise UsageError(
            "--pre is of releases, and commits are none" if args.pre else "--good is missing",
            where=f"--source {args.source}",
            allowed="--good and --bad: commits, branches or tags",
            next=f"{again} --good {args.good or 'TAG'} …",
        )
    found = stacks.commits(args.source, args.good, args.bad or "HEAD")
    return Source(stacks.SourceTree(args.source, args.package, progress.say), found)


def _check_package(args: argparse.Namespace) -> None:
    """Raise UsageError where PACKAGE is more than the name of one, or less."""
    if _NAME.fullmatch(args.package):
        return
    begins = _NAME.match(args.package)
    name = begins[0] if begins else "PACKAGE"
    pinned = re.search(r"==\s*([^\s,;]+)", args.package)
    bad = f" --bad {pinned[1]}" if pinned and args.bad is None else ""
    raise UsageError(
        f"{args.package!r} is not the name of a package",
        where=f"harness bisect {shlex.quote(args.package)}",
        allowed="a name alone: --good V and --bad V say between which of its releases to look",
        next=f"harness bisect {name}{bad} …",
    )
