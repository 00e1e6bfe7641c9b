"""`harness gate`: the same behaviours under two stacks, a verdict for each, one exit code."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

import harness
from harness import subjects
from harness.commands.subjects import conversion_python
from harness.gate.exitcode import parse_fail_on
from harness.gate.processes import LocalProcesses
from harness.gate.progress import ShownProgress
from harness.gate.session import run_gate
from harness.gate.stacks import RealStacks
from harness.gate.world import Places, Request, World
from harness.report import files, terminal
from harness.vocabulary.cells import PRECISIONS, check_device, check_precision, lacks
from harness.vocabulary.errors import ExitCode, NoEvidence, UsageError
from harness.vocabulary.places import cache_dir, home
from harness.vocabulary.subjects import Subject
from harness.vocabulary.verdicts import FAILS_A_GATE, GateReport


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "gate",
        help="what changes for your models between two stacks",
        description="Run the same behaviours under a baseline and a candidate stack, and say "
        "what changed. Exit codes: 0 nothing, 1 something, 2 wrong usage, 3 a stack cannot be "
        "built, 4 inconclusive.",
    )
    _add_stacks(parser)
    _add_selection(parser)
    _add_running(parser)
    _add_reports(parser)
    parser.set_defaults(run=run)


def _add_stacks(parser: argparse.ArgumentParser) -> None:
    stack = "a name, a file of pins, or specifiers over the reference"
    parser.add_argument("--candidate", required=True, metavar="STACK", help=stack)
    parser.add_argument("--baseline", default="reference", metavar="STACK", help=stack)
    parser.add_argument(
        "--no-downgrade", action="store_true", help="no library may go back behind the reference"
    )
    parser.add_argument(
        "--torch-backend", metavar="B", help="torch's build, as uv has it: cpu, auto, cu126, …"
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--subject", action="append", default=[], metavar="NAME[=PATH]", help="repeatable"
    )
    parser.add_argument("--subjects-file", type=Path, metavar="FILE", help="a registry of your own")
    parser.add_argument(
        "--precision", action="append", default=[], metavar="A,B", help=", ".join(PRECISIONS)
    )
    parser.add_argument("--device", action="append", default=[], metavar="D", help="default: cpu")
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="EXPR",
        help="only behaviours whose id begins so, or fits a pattern with *; repeatable",
    )


def _add_running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--parallel", type=_count, default=_default_parallel(), metavar="N", help="cells at a time"
    )
    parser.add_argument(
        "--threads", type=_count, default=1, metavar="N", help="threads of a cell (default: 1)"
    )
    parser.add_argument(
        "--confirm",
        type=int,
        choices=range(10),
        default=2,
        metavar="N",
        help="how often to repeat what is not the same (default: 2)",
    )
    parser.add_argument(
        "--cell-timeout", type=_seconds, default=900.0, metavar="S", help="default: 900"
    )
    parser.add_argument(
        "--memory-limit", type=_size, metavar="SIZE", help="most memory of a cell, e.g. 4GiB"
    )
    parser.add_argument("--no-cache", action="store_true", help="run cells that were run before")


def _add_reports(parser: argparse.ArgumentParser) -> None:
    usual = ",".join(sorted(verdict.value for verdict in FAILS_A_GATE))
    parser.add_argument("--fail-on", metavar="V,V", help=f"what exits 1 (default: {usual})")
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write gate.json, gate.html, gate.md, gate.xml"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON")


def run(args: argparse.Namespace) -> int:
    """Gate as asked, print the report, write the files."""
    fail_on = parse_fail_on(args.fail_on)
    files.check_writable(args.report, args.json)
    chosen = _subjects(args)
    request = request_of(args, chosen)
    progress = ShownProgress(Console(stderr=True))
    world = _world(args, chosen, progress)
    try:
        with progress:
            report = run_gate(request, world, fail_on)
    except KeyboardInterrupt:
        world.processes.stop()
        print(_interrupted(progress, request.cache), file=sys.stderr)
        return int(ExitCode.INTERRUPTED)
    return publish(report, args)


def _interrupted(progress: ShownProgress, kept: bool) -> str:
    finished = f"{progress.done} of {progress.total} cells are finished"
    if not kept:
        return f"interrupted: {finished}, and --no-cache keeps none of them"
    return f"interrupted: {finished} and kept; the same command goes on from there"


def publish(report: GateReport, args: argparse.Namespace) -> int:
    """Print the report and write what `--report` and `--json` ask for; returns its exit code."""
    terminal.render(report, Console())
    if getattr(args, "report", None):
        files.write(report, args.report)
    if args.json:
        files.write_json(report, args.json)
    return report.exit_code


def request_of(args: argparse.Namespace, chosen: tuple[Subject, ...]) -> Request:
    """The arguments as a gate's request. Raises UsageError where they do not go together."""
    return Request(
        baseline=args.baseline,
        candidate=args.candidate,
        options=_plugin_options(args),
        subjects={name.partition("=")[0]: name for name in args.subject},
        registry=_registry_digest(chosen),
        select=tuple(part for text in args.select for part in text.split(",") if part),
        parallel=args.parallel,
        threads=args.threads,
        confirm=args.confirm,
        cell_timeout=args.cell_timeout,
        memory_limit=args.memory_limit or _fair_share(args.parallel),
        cache=not args.no_cache,
    )


def _subjects(args: argparse.Namespace) -> tuple[Subject, ...]:
    return tuple(subjects.select(subjects.read_registry(home(), args.subjects_file), args.subject))


def _plugin_options(args: argparse.Namespace) -> tuple[str, ...]:
    """What chooses cells, as the plugin takes it; paths made absolute."""
    options: list[str] = []
    for name in args.subject:
        name, equals, path = name.partition("=")
        options += ["--subject", f"{name}={Path(path).expanduser().absolute()}" if equals else name]
    if args.subjects_file:
        options += ["--subjects-file", str(args.subjects_file.absolute())]
    precisions = [check_precision(name) for name in _split(args.precision)]
    devices = [check_device(name) for name in _split(args.device)]
    for device in devices:
        for precision in precisions:
            why = lacks(precision, device)
            if why:
                raise UsageError(why, where=f"--precision {precision} --device {device}")
    options += ["--precision", ",".join(precisions)] if precisions else []
    options += ["--device", ",".join(devices)] if devices else []
    return tuple(options)


def _registry_digest(chosen: tuple[Subject, ...]) -> str:
    entries = [
        sorted((key, repr(_plain(value))) for key, value in asdict(s).items()) for s in chosen
    ]
    return hashlib.sha256(repr(entries).encode()).hexdigest()


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _world(args: argparse.Namespace, chosen: tuple[Subject, ...], progress: ShownProgress) -> World:
    root = home()
    return World(
        stacks=RealStacks(
            root, progress.say, no_downgrade=args.no_downgrade, torch_backend=args.torch_backend
        ),
        processes=LocalProcesses(),
        prepare=lambda: _prepare(chosen, bool(args.subject), progress.say),
        listener=progress,
        places=Places(root, cache_dir(), Path(harness.__file__).resolve().parent),
        variables=dict(os.environ),
    )


def _prepare(
    chosen: tuple[Subject, ...], named: bool, say: Callable[[str], None]
) -> Mapping[str, str]:
    """The digest of each subject's files; a default one that is out of reach is left out."""
    digests: dict[str, str] = {}
    for subject in chosen:
        try:
            found = subjects.prepare(subject, conversion_python, say)
        except NoEvidence as error:
            if named:
                raise
            say(f"without {subject.name}: {error.what}")
        else:
            digests[subject.name] = found.digest
    return digests


def _split(values: list[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _default_parallel() -> int:
    return max(1, min(os.cpu_count() or 1, 8))


def _fair_share(parallel: int) -> int:
    """A cell's part of nine tenths of the memory, so that the kernel need not choose a victim."""
    return int(psutil.virtual_memory().total * 0.9 / parallel)


def _count(text: str) -> int:
    if text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if 0 < value < float("inf"):
        return value
    raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")


_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def _size(text: str) -> int:
    digits = text.rstrip("KMGiIBbkmg").strip()
    unit = text[len(digits) :].strip().upper()
    try:
        size = int(float(digits) * _UNITS[unit])
    except (ValueError, KeyError):
        size = 0
    if size > 0:
        return size
    raise argparse.ArgumentTypeError(f"{text!r} is no size such as 4GiB")
