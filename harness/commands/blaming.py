"""What commands that search for blame are asked alike, and what a gate was asked, to ask again."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.commands.locate import known_of
from harness.running.blaming import BlameAsked
from harness.running.blaming_progress import BlameProgress
from harness.running.progress import ShownProgress
from harness.stacks import list_releases
from harness.vocabulary.subjects import Subject


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options on whether blame is searched for, and among which releases."""
    parser.add_argument(
        "--blame",
        action="store_true",
        help="put each change on the packages and the releases that brought it",
    )
    add_pre(parser)


def add_pre(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pre", action="store_true", help="search pre-releases too")


def blame_of(
    args: argparse.Namespace, progress: ShownProgress, chosen: tuple[Subject, ...]
) -> BlameAsked | None:
    """What the options ask of blame; None without `--blame`."""
    if not args.blame:
        return None
    return BlameAsked(
        BlameProgress(progress),
        list_releases,
        known_of(args, chosen),
        args.pre,
        args.torch_backend,
    )


def recorded(args: argparse.Namespace) -> tuple[str, ...]:
    """The options of `harness gate` that say what was gated, paths made absolute."""
    pairs = [
        ("--baseline", _stack(args.baseline)),
        ("--candidate", _stack(args.candidate)),
        ("--tier", args.tier),
        *(("--subject", subject) for subject in args.subject),
        *(("--precision", text) for text in args.precision),
        *(("--device", text) for text in args.device),
        *(("--select", text) for text in args.select),
        ("--threads", str(args.threads)),
        ("--confirm", str(args.confirm)),
    ]
    if args.subjects_file:
        pairs.append(("--subjects-file", str(args.subjects_file.absolute())))
    if args.accepted:
        pairs.append(("--accepted", str(args.accepted.absolute())))
    if args.torch_backend:
        pairs.append(("--torch-backend", args.torch_backend))
    flags = ("--no-downgrade",) if args.no_downgrade else ()
    return (*flags, *(word for pair in pairs for word in pair))


def _stack(argument: str) -> str:
    path = Path(argument)
    return str(path.absolute()) if path.is_file() else argument
