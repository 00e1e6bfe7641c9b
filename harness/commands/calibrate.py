"""`harness calibrate`: how far numbers move where nothing changed, measured and kept."""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from harness import stacks
from harness.calibration import kept
from harness.calibration.conditions import Condition, so_many, usual
from harness.calibration.spreads import (
    Calibration,
    Run,
    calibrate,
    check_alike,
    condition_of,
    freedom,
)
from harness.commands import asked, given
from harness.commands.publishing import say, tell
from harness.commands.reading import read_record, refuse_fault
from harness.commands.written import written_behaviours
from harness.gate.selection import check_expressions
from harness.report import calibration as words
from harness.report import files
from harness.running.calibrating import run_conditions
from harness.running.conditions import hardware
from harness.running.progress import ProgressConsole, ShownProgress
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.noise import factor
from harness.vocabulary.places import home


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "calibrate",
        help="measure how far numbers move where nothing changed",
        description="Run the same behaviours of one stack with other thread counts and kernel "
        "levels and again, and measure how far each number moves. Exit codes: 0 measured, 1 "
        "something that should be equal is not, 2 wrong usage, 3 the stack cannot be built, 4 "
        "nothing was measured.",
    )
    given.once(parser)
    parser.add_argument("--stack", default="reference", metavar="STACK", help=asked.STACK)
    parser.add_argument(
        "--from",
        dest="records",
        action="append",
        default=[],
        type=given.path,
        metavar="RECORD",
        help="run nothing: take these run records, one a condition; repeatable",
    )
    asked.add_making(parser)
    asked.add_cells(parser)
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="EXPR",
        help="only these behaviours, as for `harness gate`; repeatable",
    )
    asked.add_running(parser, threads=False)
    parser.add_argument(
        "--runs", type=given.count, metavar="N", help="default: every condition, and one repeat"
    )
    parser.add_argument(
        "--update", action="store_true", help="keep what was measured, beside the snapshots"
    )
    parser.add_argument("--json", type=given.path, metavar="FILE", help="write all of it as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure as asked, print what moved, keep it where told."""
    files.check_writable(None, args.json)
    runs = _recorded(args.records) if args.records else _run(args)
    if runs is None:
        return int(ExitCode.INTERRUPTED)
    check_alike(runs)
    if None in map(factor, freedom(run.condition for run in runs)):
        raise UsageError(
            f"{len(runs)} runs of these kinds say too little of the noise",
            where=", ".join(str(run.condition) for run in runs),
            allowed="two numbers of threads at each of three kernel levels",
            next="harness calibrate without --runs runs all that it needs",
        )
    found = calibrate(runs)
    written = _keep(found, home() / "snapshots") if args.update else None
    return _publish(found, args.json, written)


def _recorded(paths: Sequence[Path]) -> tuple[Run, ...]:
    """The runs that these records are of. Raises RecordError, UsageError."""
    runs: list[Run] = []
    for path in paths:
        record = read_record(path)
        refuse_fault(record, path, "its numbers moved by more than noise")
        condition = condition_of(record.header, [run.condition for run in runs])
        runs.append(Run(condition, record.header, {o.key: o for o in record.outcomes}))
    return tuple(runs)


def _run(args: argparse.Namespace) -> tuple[Run, ...] | None:
    """A run under each condition; None where Ctrl-C ended it."""
    stacks.check_backend(args.torch_backend)
    conditions = _conditions(args.runs)
    chosen = asked.chosen_subjects(args)
    request = asked.request_of(args, chosen, args.stack, "", confirm=0, select=args.select)
    check_expressions(written_behaviours(home()), request.select)
    progress = ShownProgress(ProgressConsole(), alone=True)
    world = asked.world_of(args, chosen, progress, alone=True)
    try:
        with progress:
            return run_conditions(request, world, conditions)
    except KeyboardInterrupt:
        world.processes.stop()
        say(asked.interrupted(progress, args))
        return None


def _conditions(runs: int | None) -> tuple[Condition, ...]:
    instructions = hardware("")["instructions"].split()
    return so_many(usual(os.cpu_count() or 1, instructions), runs)


def _keep(found: Calibration, snapshots: Path) -> tuple[Path, ...]:
    """Write each file of noise whole or not at all; one that holds nothing any more goes.

    Returns the files that are now other than before.
    """

    def read(path: str) -> str | None:
        file = snapshots / path
        return file.read_text(encoding="utf-8") if file.is_file() else None

    changed: list[Path] = []
    today = datetime.date.today().isoformat()
    for path, text in kept.texts(found, today, read).items():
        file = snapshots / path
        if read(path) == text:
            continue
        changed.append(file)
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            files.write_text(file, text)
    return tuple(changed)


def _publish(found: Calibration, json_file: Path | None, written: tuple[Path, ...] | None) -> int:
    """Print what was measured; `written` are the files of noise that changed, None if none may."""

    def show(console: Console) -> None:
        words.render(found, console)
        if written is not None:
            words.render_kept([(str(file), file.is_file()) for file in written], console)

    code = ExitCode.NOTHING_CHANGED
    if found.differing:
        code = ExitCode.CHANGED
    elif not found.numbers:
        code = ExitCode.INCONCLUSIVE
    return tell(
        code,
        show,
        lambda: files.write_data(words.to_json(found), json_file) if json_file else None,
    )
