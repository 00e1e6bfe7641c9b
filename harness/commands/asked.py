"""What commands that run behaviours are asked alike: options, and the world they run in."""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import psutil

import harness
from harness import subjects
from harness.commands import given
from harness.commands.cache import check_cache
from harness.commands.subjects import conversion_python
from harness.execution import end_children
from harness.gate.selection import SYNTAX
from harness.gate.world import Listener, Places, Request, World
from harness.running.processes import LocalProcesses
from harness.running.stacks import RealStacks
from harness.vocabulary.cells import PRECISIONS
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.places import cache_dir, home
from harness.vocabulary.subjects import Subject
from harness.vocabulary.tiers import DEFAULT, TIERS, Tier

STACK = "a name, a file of pins, or specifiers over the reference"


def add_making(parser: argparse.ArgumentParser) -> None:
    """Options on how stacks are made."""
    parser.add_argument(
        "--no-downgrade", action="store_true", help="no library may go back behind the reference"
    )
    parser.add_argument(
        "--torch-backend", metavar="B", help="torch's build, as uv has it: cpu, auto, cu126, …"
    )


def add_cells(parser: argparse.ArgumentParser, tier: Tier = DEFAULT) -> None:
    """Options that choose cells and behaviours; `tier` where none is asked for."""
    parser.add_argument(
        "--tier", choices=TIERS, default=tier, help=f"how much to run (default: {tier})"
    )
    parser.add_argument(
        "--subject", action="append", default=[], metavar="NAME[=PATH]", help="repeatable"
    )
    parser.add_argument(
        "--subjects-file", type=given.path, metavar="FILE", help="a registry of your own"
    )
    parser.add_argument(
        "--precision", action="append", default=[], metavar="A,B", help=", ".join(PRECISIONS)
    )
    parser.add_argument("--device", action="append", default=[], metavar="D", help="default: cpu")


def add_running(parser: argparse.ArgumentParser, threads: bool = True) -> None:
    """Options on how cells run; without `threads` where the command itself sets them."""
    parser.add_argument(
        "--parallel",
        type=given.count,
        default=_default_parallel(),
        metavar="N",
        help="cells at a time",
    )
    parser.set_defaults(threads=1)
    if threads:
        parser.add_argument(
            "--threads",
            type=given.threads,
            default=1,
            metavar="N",
            help="threads of a cell (default: 1)",
        )
    parser.add_argument(
        "--cell-timeout", type=given.seconds, default=900.0, metavar="S", help="default: 900"
    )
    parser.add_argument(
        "--memory-limit", type=given.size, metavar="SIZE", help="most memory of a cell, e.g. 4GiB"
    )
    parser.add_argument("--no-cache", action="store_true", help="run cells that were run before")


def chosen_subjects(args: argparse.Namespace) -> tuple[Subject, ...]:
    """The subjects that the options name. Raises UsageError."""
    args.subject = [given.subject(argument) for argument in args.subject]
    file = given.subjects_file(args.subjects_file)
    return tuple(subjects.select(subjects.read_registry(home(), file), args.subject))


def request_of(
    args: argparse.Namespace,
    chosen: tuple[Subject, ...],
    baseline: str,
    candidate: str,
    *,
    confirm: int,
    select: Sequence[str] = (),
    selected_by: str = "--select",
) -> Request:
    """The arguments as a request. Raises UsageError where they do not go together."""
    return Request(
        baseline=baseline,
        candidate=candidate,
        options=_plugin_options(args),
        subjects={name.partition("=")[0]: name for name in args.subject},
        registry=_registry_digest(chosen),
        select=tuple(given.words(select, selected_by, SYNTAX)),
        parallel=args.parallel,
        threads=args.threads,
        confirm=confirm,
        cell_timeout=args.cell_timeout,
        memory_limit=args.memory_limit or _fair_share(args.parallel),
        cache=not args.no_cache,
        tier=args.tier,
        selected_by=selected_by,
    )


def _plugin_options(args: argparse.Namespace) -> tuple[str, ...]:
    """What chooses cells, as the plugin takes it; paths made absolute."""
    options: list[str] = []
    for argument in args.subject:
        options += ["--subject", argument]
    if args.subjects_file:
        options += ["--subjects-file", str(args.subjects_file.absolute())]
    precisions, devices = given.precisions(args.precision), given.devices(args.device)
    given.check_together(precisions, devices)
    options += ["--precision", ",".join(precisions)] if precisions else []
    options += ["--device", ",".join(devices)] if devices else []
    options += ["--tier", args.tier]
    return tuple(options)


def _registry_digest(chosen: tuple[Subject, ...]) -> str:
    entries = [
        sorted((key, repr(_plain(value))) for key, value in asdict(s).items()) for s in chosen
    ]
    return hashlib.sha256(repr(entries).encode()).hexdigest()


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def world_of(
    args: argparse.Namespace,
    chosen: tuple[Subject, ...],
    progress: Listener,
    alone: bool = False,
) -> World:
    """The real world: uv's stacks, processes of this machine, subjects of the cache.

    `alone` where one stack runs, which is no baseline of any other. Raises UsageError where
    the cache cannot be written.
    """
    check_cache()
    root = home()
    made = RealStacks(
        root,
        progress.say,
        no_downgrade=args.no_downgrade,
        torch_backend=args.torch_backend,
        alone=alone,
    )

    def interrupt() -> None:
        made.stop()
        end_children()

    return World(
        stacks=made,
        processes=LocalProcesses(),
        prepare=lambda: prepare(chosen, bool(args.subject), progress.say),
        listener=progress,
        places=Places(root, cache_dir(), Path(harness.__file__).resolve().parent),
        variables=dict(os.environ),
        interrupt=interrupt,
    )


def prepare(
    chosen: tuple[Subject, ...], named: bool, say: Callable[[str], None]
) -> Mapping[str, str]:
    """The digest of each subject's files; a default one that is out of reach is left out."""
    digests: dict[str, str] = {}
    for subject in chosen:
        try:
            found = subjects.prepare(subject, conversion_python, say)
        except NoEvidence as error:
            if named or error.what.startswith("no space left"):
                raise
            say(f"without {subject.name}: {error.what}")
        else:
            digests[subject.name] = found.digest
    return digests


class Counted(Protocol):
    """What is finished of a command's work."""

    unit: str

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...


def interrupted(progress: Counted, args: argparse.Namespace, lost: str = "") -> str:
    """What a command says that Ctrl-C ended, and how it goes on; `lost` is what is not kept."""
    told = ["interrupted"]
    if progress.total:
        kept = ", and --no-cache keeps none of them" if args.no_cache else " and kept"
        finished = f"{progress.done} of {progress.total} {progress.unit} are finished"
        told = [f"interrupted: {finished}{kept}"]
    elif not lost:
        told = ["interrupted before anything ran", "what was downloaded and built whole is kept"]
    again = "to begin again" if args.no_cache else "to go on from here"
    return f"{'; '.join(filter(None, [*told, lost]))}\n{again}: {args.typed}"


def _default_parallel() -> int:
    return max(1, min(os.cpu_count() or 1, 8))


def _fair_share(parallel: int) -> int:
    """A cell's part of nine tenths of the memory, so that the kernel need not choose a victim."""
    return int(psutil.virtual_memory().total * 0.9 / parallel)
