"""`harness blame`: what brought the changes of a gate, from its report or from its options."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from harness.commands import blaming, gate, given
from harness.commands.publishing import publish
from harness.report.blame import terminal
from harness.vocabulary.errors import ExitCode, UsageError

_OWN = (
    *("parallel", "cell_timeout", "memory_limit", "no_cache"),
    *("report", "json", "reproduce", "pre"),
)
"""What is asked of the search itself, and not of the gate that it is about."""

_INSTEAD = ("fail_on", "accepted")
"""By what a gate is judged: as it was then, unless something else is asked for now."""


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "blame",
        help="which packages and releases brought the changes of a gate",
        description="Put each change of a gate on the smallest set of packages that brings it, "
        "and on a release of each. Of a gate that is finished, what it ran is found again. Exit "
        "codes are those of `harness gate`.",
    )
    given.once(parser)
    parser.add_argument(
        "gate",
        nargs="?",
        type=given.path,
        metavar="GATE.json",
        help="what --report or --json wrote",
    )
    _add_gate(parser)
    blaming.add_pre(parser)
    parser.set_defaults(run=run)


def _add_gate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--candidate", metavar="STACK", help="in place of a GATE.json")
    gate.add_options(parser)
    parser.set_defaults(blame=True, bench=False, bench_budget=None, bench_task=[])


def run(args: argparse.Namespace) -> int:
    """Search for blame, print what was found, write the reports of the gate with it."""
    if args.gate is not None:
        args = _as_gated(args)
    elif args.candidate is None:
        raise UsageError(
            "no gate to search",
            where="harness blame",
            allowed="the GATE.json that a gate wrote, or the gate's own --candidate and --baseline",
            next="harness blame GATE.json",
        )
    report = gate.gated(args)
    if report is None:
        return int(ExitCode.INTERRUPTED)
    return publish(report, args.report, args.json, args.reproduce, terminal.render)


def _as_gated(args: argparse.Namespace) -> argparse.Namespace:
    """The arguments with which the gate of `args.gate` ran, and what is asked of the search."""
    doubled = (
        sorted(args.given.difference(_OWN, _INSTEAD, {"gate"})) if hasattr(args, "given") else []
    )
    several = ("select", "subject", "precision", "device", "no_downgrade")
    doubled += [name for name in several if vars(args)[name]]
    if doubled:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in doubled)
        raise UsageError(
            f"{options} beside {args.gate}, which says what was gated",
            where=f"harness blame {args.gate} {options}",
            allowed="either the report of a gate, or the gate's own options",
            next=f"harness blame {args.gate}",
        )
    command, fail_on = _read(args.gate)
    parser = given.once(argparse.ArgumentParser(prog="harness gate", allow_abbrev=False))
    _add_gate(parser)
    try:
        again = parser.parse_args(command)
    except SystemExit:
        raise _damaged(args.gate) from None
    for name in _OWN:
        setattr(again, name, vars(args)[name])
    again.fail_on = args.fail_on or fail_on
    again.accepted = args.accepted or again.accepted
    again.typed = args.typed
    return again


def _read(path: Path) -> tuple[list[str], str | None]:
    """The options of the gate that wrote `path`, and what failed it."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        command, fail_on = fields["command"], fields["fail_on"]
    except OSError as error:
        raise UsageError(
            f"the report of the gate cannot be read: {error.strerror}",
            where=str(path),
            allowed="what harness gate --report DIR or --json FILE wrote",
            next="harness gate --candidate STACK --json gate.json",
        ) from None
    except (ValueError, KeyError, TypeError):
        raise _damaged(path) from None
    if not command or not all(isinstance(word, str) for word in (*command, *fail_on)):
        raise _damaged(path)
    return list(command), ",".join(fail_on) or None


def _damaged(path: Path) -> UsageError:
    return UsageError(
        "this is no report of a gate that says how it was gated",
        where=str(path),
        allowed="what harness gate --report DIR or --json FILE wrote; harness compare ran nothing",
        next="harness blame --baseline STACK --candidate STACK",
    )
