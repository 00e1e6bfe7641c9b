"""`harness museum`: released changes, and whether the gate finds each of them again."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from harness import museum, stacks
from harness.commands import asked, given
from harness.commands.publishing import say, tell
from harness.commands.reading import read_text
from harness.commands.written import written_behaviours
from harness.gate.selection import NothingMatches, check_expressions
from harness.report import files
from harness.report.museum import jsonform, markdown, terminal
from harness.running.museum import Plan, run_museum
from harness.running.museum_progress import MuseumProgress
from harness.running.progress import ProgressConsole
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.museum import Case, Museum
from harness.vocabulary.places import home
from harness.vocabulary.tiers import TIERS

CONFIRM = 1
"""How often both stacks repeat what is not the same."""


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "museum",
        help="find released changes again",
        description="Gate the two stacks of every case of fixtures/museum.toml, running only the "
        "behaviours that must see it. Exit codes: 0 every change was found and no case that must "
        "be silent was not, 1 otherwise, 2 wrong usage, 3 a stack cannot be built, 4 nothing was "
        "measured.",
    )
    given.once(parser)
    parser.add_argument("--case", action="append", default=[], metavar="ID", help="repeatable")
    parser.add_argument(
        "--package", action="append", default=[], metavar="P", help="its cases alone; repeatable"
    )
    parser.add_argument(
        "--tier",
        choices=TIERS,
        default=TIERS[-1],
        help="only behaviours of this tier (default: all; of what must be silent, those of a gate)",
    )
    parser.add_argument("--list", action="store_true", help="show the cases and run nothing")
    parser.add_argument(
        "--jobs",
        type=given.count,
        default=max(1, min(os.cpu_count() or 1, 8)),
        metavar="N",
        help="processes at a time",
    )
    parser.add_argument(
        "--torch-backend", metavar="B", help="torch's build, as uv has it: cpu, auto, cu126, …"
    )
    parser.add_argument("--no-cache", action="store_true", help="run cells that were run before")
    parser.add_argument(
        "--report", type=given.path, metavar="DIR", help="write museum.json, museum.md"
    )
    parser.add_argument("--json", type=given.path, metavar="FILE", help="write the result as JSON")
    parser.set_defaults(
        run=run,
        subject=[],
        subjects_file=None,
        precision=[],
        device=[],
        no_downgrade=False,
        threads=1,
        cell_timeout=900.0,
        memory_limit=None,
    )


def run(args: argparse.Namespace) -> int:
    """Answer the cases asked for, print what was found, write the files."""
    if args.list and args.report:
        raise UsageError(
            "--list answers no case, so that there is nothing to report",
            where=f"harness museum --list --report {args.report}",
            allowed="--json FILE: the list as JSON",
            next="harness museum --list --json cases.json",
        )
    files.check_writable(args.report, args.json)
    stacks.check_backend(args.torch_backend)
    cases = _chosen(args)
    if args.list:
        return tell(
            0,
            lambda console: terminal.render_list(cases, console),
            lambda: files.write_data(jsonform.listed(cases), args.json) if args.json else None,
        )
    found = _run(args, cases)
    return ExitCode.INTERRUPTED if found is None else _publish(found, args)


def _chosen(args: argparse.Namespace) -> tuple[Case, ...]:
    path = home() / "fixtures" / "museum.toml"
    text = read_text(
        path,
        museum.FORM,
        str(path),
        next=f"git checkout -- {path}, or set HARNESS_HOME to a project that has them",
    )
    cases = museum.read_cases(text, str(path))
    ids = given.words(args.case, "--case", "the id of a case: harness museum --list")
    packages = given.words(args.package, "--package", "a package that has cases")
    cases = museum.chosen(cases, ids, packages, str(path))
    _check_selected(cases, path)
    return cases


def _check_selected(cases: Sequence[Case], path: Path) -> None:
    """Raise UsageError where a case selects what no test of the suites can be."""
    written = written_behaviours(home())
    for case in cases:
        for expression in case.select:
            try:
                check_expressions(written, [expression])
            except NothingMatches as error:
                raise UsageError(
                    error.what,
                    where=f"{path}, [{case.id}], select",
                    allowed=error.allowed,
                    next=f"select = {json.dumps([error.suggestion])}",
                ) from None


def _run(args: argparse.Namespace, cases: tuple[Case, ...]) -> Museum | None:
    """Answer `cases`; None where Ctrl-C ended it."""
    at_once = min(args.jobs, len(cases))
    args.parallel = max(1, args.jobs // at_once)
    chosen = asked.chosen_subjects(args)
    template = asked.request_of(args, chosen, "", "", confirm=CONFIRM)
    progress = MuseumProgress(ProgressConsole(), len(cases))
    try:
        with progress:
            return run_museum(
                Plan(cases, template, at_once),
                lambda listener: asked.world_of(args, chosen, listener),
                progress,
            )
    except KeyboardInterrupt:
        say(asked.interrupted(progress, args))
        return None


def _publish(found: Museum, args: argparse.Namespace) -> int:
    def data() -> str:
        return json.dumps(jsonform.to_json(found), indent=1, allow_nan=False) + "\n"

    def show(console: Console) -> None:
        terminal.render(found, console)

    forms = {"museum.json": data, "museum.md": lambda: markdown.to_markdown(found)}
    return tell(
        found.exit_code,
        show,
        lambda: files.write_forms(forms, args.report) if args.report else None,
        lambda: files.write_text(args.json, data()) if args.json else None,
    )
