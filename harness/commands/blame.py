"""`harness blame`: what brought the changes of a gate, from its report or from its options."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from harness import __version__
from harness.commands import blaming, gate, given
from harness.commands.publishing import publish
from harness.gate.plan import SIDES, Side
from harness.report.blame import terminal
from harness.report.jsonform import FORMAT
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.gated import GateReport

_OWN = (
    *("parallel", "cell_timeout", "memory_limit", "no_cache"),
    *("report", "json", "reproduce", "pre"),
)
"""What is asked of the search itself, and not of the gate that it is about."""

_INSTEAD = ("fail_on", "accepted")
"""By what a gate is judged: as it was then, unless something else is asked for now."""

_WRITTEN = "what harness gate --report DIR or --json FILE wrote"
_AGAIN = "harness gate --candidate STACK --json gate.json"


class _Again(argparse.ArgumentParser):
    """Reads the command in a report, which nobody typed: what it does not understand is raised."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


@dataclass(frozen=True)
class _Gated:
    """What a gate was asked, what failed it, and the packages of its sides, as its report says."""

    command: list[str]
    fail_on: str | None
    pins: Mapping[Side, Mapping[str, str]]


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
    then: _Gated | None = None
    if args.gate is not None:
        _check_alone(args)
        then = _read(args.gate)
        args = _as_gated(args, then)
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
    if then is not None:
        report = replace(report, notes=(*report.notes, *_moved_since(report, then)))
    return publish(report, args.report, args.json, args.reproduce, terminal.render)


def _check_alone(args: argparse.Namespace) -> None:
    """Raise UsageError where options say of the gate what its report says."""
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


def _as_gated(args: argparse.Namespace, then: _Gated) -> argparse.Namespace:
    """The arguments with which the gate of `args.gate` ran, and what is asked of the search."""
    parser = given.once(_Again(prog="harness gate", allow_abbrev=False, add_help=False))
    _add_gate(parser)
    try:
        again = parser.parse_args(then.command)
    except ValueError as error:
        raise _damaged(args.gate, str(error)) from None
    if again.candidate is None:
        raise _damaged(args.gate, "it names no candidate")
    for name in _OWN:
        setattr(again, name, vars(args)[name])
    again.fail_on = args.fail_on or then.fail_on
    again.accepted = args.accepted or again.accepted
    again.typed = args.typed
    return again


def _read(path: Path) -> _Gated:
    """What the report of a gate says of how it was gated. Raises UsageError."""
    fields = _fields(path)
    written = fields.get("format", FORMAT) if isinstance(fields, dict) else FORMAT
    if written != FORMAT:
        raise _unusable(
            f"the report of the gate is of format {written!r}",
            path,
            allowed=f"format {FORMAT}, as harness {__version__} writes it",
        )
    try:
        command, fail_on = fields["command"], fields["fail_on"]
        pins: dict[Side, dict[str, str]] = {side: dict(fields[side] or {}) for side in SIDES}
    except (ValueError, KeyError, TypeError):
        raise _damaged(path) from None
    lists = isinstance(command, list) and isinstance(fail_on, list)
    if not lists or not command or not all(isinstance(w, str) for w in (*command, *fail_on)):
        raise _damaged(path)
    return _Gated(command, ",".join(fail_on) or None, pins)


def _fields(path: Path) -> Any:
    """What the file at `path` holds as JSON. Raises UsageError."""
    inside = path / "gate.json"
    if inside.is_file():
        raise _unusable("this is the folder of a report", path, next=f"harness blame {inside}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unusable(f"the report of the gate cannot be read: {error.strerror}", path) from None
    except ValueError as error:
        raise _unusable(f"the report of the gate is cut off, or no JSON: {error}", path) from None


def _moved_since(report: GateReport, then: _Gated) -> Iterator[str]:
    """Where a stack is another one now: it is the one that was searched."""
    for side, lock in zip(SIDES, (report.baseline, report.candidate), strict=True):
        old, new = then.pins[side], lock.versions if lock is not None else {}
        moved = [
            f"{name} {old.get(name, 'absent')} → {new.get(name, 'gone')}"
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
        if moved and old and new:
            yield f"the {side} is not that of the gate any more: {', '.join(moved)}"


def _damaged(path: Path, why: str = "") -> UsageError:
    return _unusable(
        "this is no report of a gate that says how it was gated" + (f": {why}" if why else ""),
        path,
        allowed=f"{_WRITTEN}; harness compare ran nothing",
        next="harness blame --baseline STACK --candidate STACK",
    )


def _unusable(what: str, path: Path, allowed: str = _WRITTEN, next: str = _AGAIN) -> UsageError:
    return UsageError(what, where=str(path), allowed=allowed, next=next)
