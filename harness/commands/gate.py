"""`harness gate`: the same behaviours under two stacks, a verdict for each, one exit code."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import replace
from typing import Any

from harness import stacks
from harness.commands import accepting, asked, blaming, gate_costs, given
from harness.commands.publishing import publish, say
from harness.commands.written import written_behaviours
from harness.gate.exitcode import parse_fail_on
from harness.gate.selection import check_expressions
from harness.report import files
from harness.report.reproducers import named
from harness.running.progress import ProgressConsole, ShownProgress
from harness.running.session import Besides, Rules, run_gate
from harness.vocabulary.errors import ExitCode
from harness.vocabulary.gated import GateReport
from harness.vocabulary.places import home
from harness.vocabulary.verdicts import FAILS_A_GATE


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "gate",
        help="what changes for your models between two stacks",
        description="Run the same behaviours under a baseline and a candidate stack, and say "
        "what changed. Exit codes: 0 nothing, 1 something, 2 wrong usage, 3 a stack cannot be "
        "built, 4 inconclusive.",
    )
    given.once(parser)
    parser.add_argument("--candidate", required=True, metavar="STACK", help=asked.STACK)
    add_options(parser)
    blaming.add_options(parser)
    gate_costs.add_options(parser)
    parser.set_defaults(run=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `harness blame` is asked too, where it gates."""
    parser.add_argument("--baseline", default="reference", metavar="STACK", help=asked.STACK)
    asked.add_making(parser)
    asked.add_cells(parser)
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="EXPR",
        help="only this folder, file or id of behaviours (tokenizers, tokenizers/test_ids.py), or "
        "those that fit a pattern ('*utf8*'); repeatable",
    )
    asked.add_running(parser)
    parser.add_argument(
        "--confirm",
        type=int,
        choices=range(10),
        default=2,
        metavar="N",
        help="how often to repeat what is not the same (default: 2)",
    )
    _add_reports(parser)


def _add_reports(parser: argparse.ArgumentParser) -> None:
    usual = ",".join(sorted(verdict.value for verdict in FAILS_A_GATE))
    parser.add_argument("--fail-on", metavar="V,V", help=f"what exits 1 (default: {usual})")
    accepting.add_option(parser)
    parser.add_argument(
        "--report",
        type=given.path,
        metavar="DIR",
        help="write gate.json, gate.html, gate.md, gate.xml",
    )
    parser.add_argument(
        "--reproduce",
        type=given.path,
        metavar="DIR",
        help="write there, for each change, a script that shows it without the harness",
    )
    parser.add_argument("--json", type=given.path, metavar="FILE", help="write the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Gate as asked, print the report, write the files."""
    report = gated(args)
    if report is None:
        return ExitCode.INTERRUPTED
    return publish(report, args.report, args.json, args.reproduce)


def gated(args: argparse.Namespace) -> GateReport | None:
    """Gate as asked; None where Ctrl-C ended it before there were verdicts. Either is said."""
    fail_on = parse_fail_on(args.fail_on)
    files.check_writable(args.report, args.json, {"--reproduce": args.reproduce})
    stacks.check_backend(args.torch_backend)
    chosen = asked.chosen_subjects(args)
    request = asked.request_of(
        args, chosen, args.baseline, args.candidate, confirm=args.confirm, select=args.select
    )
    check_expressions(written_behaviours(home()), request.select)
    accepted = accepting.accepted_of(
        args, lambda: accepting.nameable_in(home(), chosen, args.subjects_file)
    )
    progress = ShownProgress(ProgressConsole())
    world = asked.world_of(args, chosen, progress)
    besides = Besides(
        blaming.blame_of(args, progress, chosen),
        gate_costs.costs_of(args, chosen, progress.say),
        chosen if args.reproduce is not None else None,
    )
    report: GateReport | None = None
    with suppress(KeyboardInterrupt), progress:
        report = run_gate(request, world, Rules(fail_on, accepted), besides)
    if report is None or report.exit_code == ExitCode.INTERRUPTED:
        world.processes.stop()
        if besides.costs is not None:
            world.interrupt()
        say(asked.interrupted(progress, args))
    if report is None:
        return None
    report = replace(report, command=blaming.recorded(args))
    return report if args.reproduce is None else named(report, args.reproduce)
