"""`harness sensitivity`: which small faults in the libraries the behaviours notice."""

from __future__ import annotations

import argparse
import json
from typing import Any

from rich.console import Console

from harness import stacks
from harness.commands import asked, given
from harness.commands.publishing import say, tell
from harness.faults import KINDS, Fault, all_faults, fault_named
from harness.report import files
from harness.report.sensitivity import jsonform, terminal
from harness.running.progress import ProgressConsole, ShownProgress
from harness.running.sensitivity import Bounds, run_sensitivity
from harness.sensitivity.choose import chosen
from harness.vocabulary.errors import ExitCode
from harness.vocabulary.faults import Sensitivity, Sight, Tried
from harness.vocabulary.stacks import LIBRARIES

REFERENCE = "reference"
FAULT_TIMEOUT = 180.0


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "sensitivity",
        help="which small faults in the libraries the behaviours notice",
        description="Put small faults one at a time into the libraries of a stack, run the "
        "behaviours that can see each, and say which were noticed. Exit codes: 0 the bounds are "
        "kept, 1 they are not, 2 wrong usage, 3 the stack cannot be built, 4 nothing was measured, "
        "or so much is unknown that they may not be kept.",
    )
    given.once(parser)
    parser.add_argument("--stack", default=REFERENCE, metavar="STACK", help=asked.STACK)
    _add_choosing(parser)
    parser.add_argument("--list", action="store_true", help="list the faults, run none")
    parser.add_argument(
        "--least",
        type=_part,
        default=0.95,
        metavar="PART",
        help="part of all faults that must be noticed (default: 0.95)",
    )
    parser.add_argument(
        "--least-library",
        type=_part,
        default=0.85,
        metavar="PART",
        help="part of the faults of each library that must be noticed (default: 0.85)",
    )
    asked.add_making(parser)
    asked.add_cells(parser, "broad")
    asked.add_running(parser)
    parser.add_argument(
        "--fault-timeout",
        type=given.seconds,
        default=FAULT_TIMEOUT,
        metavar="S",
        help=f"for the run of one fault (default: {FAULT_TIMEOUT:g})",
    )
    parser.add_argument("--json", type=given.path, metavar="FILE", help="write the result as JSON")
    parser.set_defaults(run=run)


def _add_choosing(parser: argparse.ArgumentParser) -> None:
    for option, metavar, allowed in (
        ("--fault", "ID", "the id of a fault"),
        ("--library", "L,L", ", ".join(LIBRARIES)),
        ("--kind", "K,K", ", ".join(KINDS)),
    ):
        parser.add_argument(
            option, action="append", default=[], metavar=metavar, help=f"{allowed}; repeatable"
        )


def _part(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if 0 <= value <= 1:
        return value
    raise argparse.ArgumentTypeError(f"{text!r} is no part from 0 to 1")


def run(args: argparse.Namespace) -> int:
    """Try the faults as asked, print what was noticed, write the file."""
    files.check_writable(None, args.json)
    faults = _chosen(args)
    if args.list:
        untried = [_untried(each) for each in faults]
        return tell(
            0,
            lambda console: terminal.listing(untried, console),
            lambda: files.write_data(jsonform.listed(untried), args.json) if args.json else None,
        )
    found = _run(args, faults)
    return int(ExitCode.INTERRUPTED) if found is None else _publish(found, args)


def _chosen(args: argparse.Namespace) -> tuple[Fault, ...]:
    ids = given.words(args.fault, "--fault", "ids of faults")
    for id in ids:
        fault_named(id)
    libraries = given.words(args.library, "--library", ", ".join(LIBRARIES))
    kinds = given.words(args.kind, "--kind", ", ".join(KINDS))
    return chosen(all_faults(), ids, libraries, kinds)


def _untried(each: Fault) -> Tried:
    return Tried(each.id, each.library, each.kind, each.why, Sight.UNKNOWN)


def _run(args: argparse.Namespace, faults: tuple[Fault, ...]) -> Sensitivity | None:
    """None where Ctrl-C ended it."""
    stacks.check_backend(args.torch_backend)
    subjects = asked.chosen_subjects(args)
    request = asked.request_of(args, subjects, args.stack, "", confirm=0)
    progress = ShownProgress(ProgressConsole(), "runs", alone=True)
    world = asked.world_of(args, subjects, progress, alone=True)
    bounds = Bounds(args.least, args.least_library)
    try:
        with progress:
            return run_sensitivity(request, world, faults, bounds, args.fault_timeout)
    except KeyboardInterrupt:
        world.processes.stop()
        say(asked.interrupted(progress, args))
        return None


def _publish(found: Sensitivity, args: argparse.Namespace) -> int:
    def show(console: Console) -> None:
        terminal.render(found, console)

    def write() -> None:
        if args.json is not None:
            data = json.dumps(jsonform.to_json(found), indent=1, allow_nan=False) + "\n"
            files.write_text(args.json, data)

    return tell(_code(found), show, write)


def _code(found: Sensitivity) -> int:
    if found.total.share is None:
        return int(ExitCode.INCONCLUSIVE)
    if not found.met:
        return int(ExitCode.CHANGED)
    return int(ExitCode.NOTHING_CHANGED if found.surely_met else ExitCode.INCONCLUSIVE)
