"""`harness stacks`: the stacks there are, what moves in one, and what is kept of them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from harness import stacks
from harness.commands import given
from harness.report import files
from harness.stacks.arguments import REFERENCE, folder, names
from harness.vocabulary.errors import ExitCode, UsageError
from harness.vocabulary.places import home
from harness.vocabulary.stacks import LIBRARIES, Lock, Move


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser("stacks", help="list, show, build and prune stacks")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _action(actions, "list", _list, "the stacks that have a name, and what is kept")
    for action, run, text in (
        ("show", _show, "resolve a stack, and show what moves against the reference"),
        ("build", _build, "resolve a stack and build its environment"),
    ):
        command = _action(actions, action, run, text)
        command.add_argument("stack", metavar="STACK", help="a name, a file of pins or specifiers")
        command.add_argument("--torch-backend", metavar="B", help="torch's build: cpu, auto, cu126")
        command.add_argument("--no-downgrade", action="store_true", help="no library goes back")
    prune = _action(
        actions, "prune", _prune, "remove environments, and wheels of commits, that nobody uses"
    )
    prune.add_argument(
        "--older-than", type=given.days, metavar="DAYS", help="unused for so many days"
    )
    prune.add_argument(
        "--keep", type=given.count_or_none, metavar="N", help="all but the N last used of each"
    )
    prune.add_argument("--all", action="store_true", help="all that are not in use")


def _action(actions: Any, name: str, run: Any, text: str) -> Any:
    command = given.once(actions.add_parser(name, help=text, description=text))
    command.add_argument("--json", type=given.path, metavar="FILE", help="write the result as JSON")
    command.set_defaults(run=lambda args: _checked(run, args))
    return command


def _checked(run: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Run the action where its result can be written: nothing is removed or built before."""
    files.check_writable(None, args.json)
    return run(args)


def _list(args: argparse.Namespace) -> int:
    named = names(home())
    for name in named:
        print(f"{name:<16} {folder(home()) / f'{name}.txt'}")
    kept = stacks.list_environments()
    if kept:
        print(f"\n{'environment':<26} {'own disk':>9}  {'last used':<16}  stacks")
    for environment in kept:
        print(_kept_line(environment))
    wheels = stacks.list_wheels()
    if wheels:
        print(f"\n{'wheel of a commit':<52} {'disk':>9}  last used")
    for wheel in wheels:
        print(_wheel_line(wheel))
    fields = {
        "stacks": named,
        "environments": [_kept_fields(e) for e in kept],
        "wheels": [_wheel_fields(each) for each in wheels],
    }
    return _end(args, fields)


def _show(args: argparse.Namespace) -> int:
    lock = _resolve(args)
    moved = stacks.moves(stacks.resolve_stack(REFERENCE, home=home()), lock)
    for package in LIBRARIES:
        print(f"{package:<20} {lock.versions.get(package, 'absent')}")
    print(f"\n{len(lock.pins)} packages; {len(moved)} move against the reference")
    for move in moved:
        print(_move_line(move))
        if move.went_back and move.package in LIBRARIES and move.package not in args.stack:
            why = stacks.why_back(args.stack, move, home=home(), torch_backend=args.torch_backend)
            print(f"    because {why}")
    moves = [
        {
            "package": move.package,
            "from": move.baseline,
            "to": move.candidate,
            "went_back": move.went_back,
        }
        for move in moved
    ]
    return _end(args, {"stack": lock.name, "pins": lock.versions, "moved": moves})


def _build(args: argparse.Namespace) -> int:
    lock = _resolve(args)
    environment = stacks.build(
        lock, lambda line: print(line, flush=True), torch_backend=args.torch_backend
    )
    print(environment.python)
    fields = {"stack": lock.name, "pins": lock.versions, "python": str(environment.python)}
    return _end(args, fields)


def _prune(args: argparse.Namespace) -> int:
    if args.older_than is None and args.keep is None and not args.all:
        raise UsageError(
            "nothing was chosen to prune",
            where="harness stacks prune",
            allowed="--older-than DAYS, --keep N, --all",
            next="harness stacks prune --older-than 7",
        )
    rule = (args.older_than, args.keep, args.all)
    removed, wheels = stacks.prune(*rule), stacks.prune_wheels(*rule)
    for line in (*map(_kept_line, removed), *map(_wheel_line, wheels)):
        print(f"removed {line}")
    left, wheels_left = stacks.list_environments(), stacks.list_wheels()
    print(f"{len(removed)} removed, {len(left)} left")
    if wheels or wheels_left:
        print(f"of the wheels of commits {len(wheels)} removed, {len(wheels_left)} left")
    fields = {
        "removed": [_kept_fields(e) for e in removed],
        "left": [_kept_fields(e) for e in left],
        "wheels_removed": [_wheel_fields(each) for each in wheels],
        "wheels_left": [_wheel_fields(each) for each in wheels_left],
    }
    return _end(args, fields)


def _resolve(args: argparse.Namespace) -> Lock:
    stacks.check_backend(args.torch_backend)
    return stacks.resolve_stack(
        args.stack,
        home=home(),
        no_downgrade=args.no_downgrade,
        torch_backend=args.torch_backend,
    )


def _move_line(move: Move) -> str:
    back = "  (goes back)" if move.went_back else ""
    return f"  {move.package:<28} {move.baseline or 'absent'} -> {move.candidate or 'absent'}{back}"


def _kept_line(kept: stacks.Kept) -> str:
    size, when = f"{kept.bytes / 2**20:.0f} MiB", _when(kept.last_used)
    return f"{kept.directory.name:<26} {size:>9}  {when}  {', '.join(kept.stacks)}"


def _kept_fields(kept: stacks.Kept) -> dict[str, Any]:
    return {**asdict(kept), "directory": str(kept.directory)}


def _wheel_line(kept: stacks.KeptWheel) -> str:
    name, size = f"{kept.package} {kept.version}", f"{kept.bytes / 2**20:.1f} MiB"
    return f"{name:<52} {size:>9}  {_when(kept.last_used)}"


def _wheel_fields(kept: stacks.KeptWheel) -> dict[str, Any]:
    return {**asdict(kept), "file": str(kept.file)}


def _when(used: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(used))


def _end(args: argparse.Namespace, fields: dict[str, Any]) -> int:
    if args.json is not None:
        files.write_data(fields, args.json)
    return int(ExitCode.NOTHING_CHANGED)
