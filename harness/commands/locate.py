"""`harness locate`: the module, the tokenizer's stage or the token where two stacks part."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

from harness import stacks, subjects
from harness.blame.looks import Known, check_reads_text, look_into
from harness.commands import asked, given
from harness.commands.publishing import say, tell
from harness.commands.written import written_behaviours
from harness.gate.selection import check_expressions
from harness.report import files
from harness.report.located import html, jsonform, markdown, terminal
from harness.running.locating_session import locate_behaviour, locate_subject
from harness.running.progress import ProgressConsole, ShownProgress
from harness.subjects.drawn import INDEX, PLACE, read_drawn
from harness.vocabulary.cells import Cell
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.located import Located, Look
from harness.vocabulary.places import home
from harness.vocabulary.subjects import Subject


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "locate",
        help="the module, tokenizer stage or token where two stacks part",
        description="Look inside the model and the tokenizer of a behaviour that changed, or of "
        "--subject, under two stacks, and name the first module or stage that parts beyond "
        "noise. Exit codes: 0 they part nowhere, 1 they do, 2 wrong usage, 3 a stack cannot be "
        "built, 4 nothing could be looked into.",
    )
    given.once(parser)
    parser.add_argument("--candidate", required=True, metavar="STACK", help=asked.STACK)
    parser.add_argument("--baseline", default="reference", metavar="STACK", help=asked.STACK)
    parser.add_argument(
        "--behaviour", metavar="ID", help="of a behaviour, as the gate's report has it"
    )
    parser.add_argument("--cell", metavar="ID", help="its cell (default: the one furthest moved)")
    parser.add_argument("--text", default="", help="what the model or tokenizer is to read")
    asked.add_making(parser)
    asked.add_cells(parser, tier="broad")
    asked.add_running(parser)
    parser.add_argument(
        "--report",
        type=given.path,
        metavar="DIR",
        help="write located.json, located.html, located.md",
    )
    parser.add_argument("--json", type=given.path, metavar="FILE", help="write the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look as asked, print what was found, write the files."""
    files.check_writable(args.report, args.json)
    stacks.check_backend(args.torch_backend)
    _check_together(args)
    chosen = asked.chosen_subjects(args)
    select = [args.behaviour] if args.behaviour else []
    request = asked.request_of(
        args,
        chosen,
        args.baseline,
        args.candidate,
        confirm=1,
        select=select,
        selected_by="--behaviour",
    )
    progress = ShownProgress(ProgressConsole())
    world = asked.world_of(args, chosen, progress)
    known = replace(known_of(args, chosen), text=args.text)
    check_reads_text(args.behaviour or "", known)
    try:
        with progress:
            if args.behaviour:
                found = locate_behaviour(request, world, known, args.cell or "")
            else:
                found = locate_subject(request, world, _look(args, known))
    except KeyboardInterrupt:
        world.processes.stop()
        say(asked.interrupted(progress, args, lost="what was looked into is not kept"))
        return int(ExitCode.INTERRUPTED)
    return _publish(found, args)


def known_of(args: argparse.Namespace, chosen: tuple[Subject, ...]) -> Known:
    """What there is to look into here; `args` are those of `asked.add_cells`."""
    here = home()
    drawn = read_drawn(here) if (here / INDEX).is_file() else {}
    file = given.subjects_file(args.subjects_file)
    registry = subjects.read_registry(here, file)
    return Known(
        {**registry, **{each.name: each for each in chosen}},
        {name.partition("=")[0]: name for name in args.subject if "=" in name},
        {name: str(here / PLACE / name) for name in drawn},
        str(file.absolute()) if file else "",
    )


def _check_together(args: argparse.Namespace) -> None:
    """Raise UsageError unless the options say what to look into."""
    if args.behaviour:
        check_expressions(written_behaviours(home()), [args.behaviour], "--behaviour")
    elif len(args.subject) != 1:
        raise UsageError(
            "nothing to look into" if not args.subject else "more than one subject",
            where="harness locate",
            allowed="--behaviour ID, or one --subject NAME[=PATH]",
            next="harness gate lists the behaviours that changed, by ID",
        )
    elif args.cell:
        raise UsageError(
            "--cell belongs to a behaviour",
            where=f"--cell {args.cell}",
            allowed="with --subject: --precision and --device",
            next="leave --cell out, or name the --behaviour",
        )
    else:
        _check_one(given.precisions(args.precision), "--precision")
        _check_one(given.devices(args.device), "--device")


def _check_one(values: list[str], option: str) -> None:
    """Raise UsageError where a subject would be looked into in several cells."""
    if len(values) > 1:
        raise UsageError(
            f"{option} names {len(values)}, and one cell is looked into",
            where=f"{option} {','.join(values)}",
            allowed="one",
            next=f"{option} {values[0]}",
        )


def _look(args: argparse.Namespace, known: Known) -> Look:
    """The cell of the one subject that was named."""
    cell = Cell(args.subject[0].partition("=")[0])
    if known.subjects[cell.subject].is_model:
        precisions, devices = given.precisions(args.precision), given.devices(args.device)
        cell = Cell(cell.subject, (precisions or ["float32"])[0], (devices or ["cpu"])[0])
    return look_into(cell, known)


def _publish(found: Located | None, args: argparse.Namespace) -> int:
    if found is None:
        say(f"{args.behaviour} did not change: there is nothing to locate")
        return int(ExitCode.NOTHING_CHANGED)
    sides = (args.baseline, args.candidate)

    def data() -> str:
        return json.dumps(jsonform.to_json(found, sides), indent=1, allow_nan=False) + "\n"

    forms = {
        "located.json": data,
        "located.html": lambda: html.to_html(sides, found),
        "located.md": lambda: markdown.to_markdown(found),
    }
    return tell(
        _code(found),
        lambda console: terminal.render(found, console),
        lambda: files.write_forms(forms, args.report) if args.report else None,
        lambda: files.write_text(args.json, data()) if args.json else None,
    )


def _code(found: Located) -> int:
    if found.found or (found.behaviour and found.looked):
        return ExitCode.CHANGED
    return ExitCode.NOTHING_CHANGED if found.looked else ExitCode.INCONCLUSIVE
