"""`harness subjects`: what there is to test, and fetching it before a run."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import subjects
from harness.commands import given
from harness.report import files
from harness.subjects.conversion import convert
from harness.vocabulary.errors import ExitCode, HarnessError, NoEvidence, UsageError
from harness.vocabulary.places import cache_dir, home
from harness.vocabulary.subjects import Subject


@dataclass(frozen=True)
class State:
    """`here`, `not here`, `ready`, `verified`, or with a reason `no evidence` or `wrong`."""

    subject: Subject
    state: str
    directory: Path | None = None
    digest: str = ""
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.subject.name,
            "source": self.subject.source,
            "abilities": sorted(self.subject.abilities),
            "licence": self.subject.licence,
            "default": self.subject.default,
            "state": self.state,
            "reason": self.reason or None,
            "directory": str(self.directory) if self.directory else None,
            "digest": self.digest or None,
        }


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "subjects", help="list, fetch and verify the models and tokenizers under test"
    )
    actions = parser.add_subparsers(dest="action", required=True)
    for name, run, help in (
        ("list", run_list, "the subjects there are, and which are in the cache"),
        ("prepare", run_prepare, "fetch, check and convert subjects (default: the default ones)"),
        ("verify", run_verify, "hash the files of subjects in the cache again"),
    ):
        action = actions.add_parser(name, help=help, description=help)
        if name != "list":
            action.add_argument("names", nargs="*", metavar="NAME", help="NAME or NAME=PATH")
        given.once(action).add_argument(
            "--subjects-file", metavar="FILE", type=given.path, help="a registry of your own"
        )
        action.add_argument(
            "--json", metavar="FILE", type=given.path, help="write the result here as well"
        )
        action.set_defaults(run=run)
    _add_convert(actions)


def _add_convert(actions: Any) -> None:
    help = "turn a GGUF file of your own into a folder for --subject NAME=FOLDER"
    parser = actions.add_parser("convert", help=help, description=help)
    parser.add_argument("gguf", metavar="FILE.gguf", type=given.path)
    parser.add_argument("folder", metavar="FOLDER", type=given.path)
    parser.set_defaults(run=run_convert)


def run_list(args: argparse.Namespace) -> int:
    """Print every subject of the registry with its source, abilities and state."""
    files.check_writable(None, args.json)
    registry = _registry(args)
    return _report([_look(subject) for subject in registry.values()], args.json)


def run_prepare(args: argparse.Namespace) -> int:
    """Prepare the named subjects, all of them, then end with the heaviest error."""
    return _each(args, _prepare)


def run_verify(args: argparse.Namespace) -> int:
    """Hash every file of the named subjects again, whatever its stamp says."""
    return _each(args, _verify)


def _registry(args: argparse.Namespace) -> Mapping[str, Subject]:
    return subjects.read_registry(home(), given.subjects_file(args.subjects_file))


def _each(args: argparse.Namespace, action: Any) -> int:
    files.check_writable(None, args.json)
    chosen = subjects.select(_registry(args), [given.subject(name) for name in args.names])
    states = []
    errors = []
    for subject in chosen:
        try:
            states.append(action(subject))
        except HarnessError as error:
            states.append(_failed(subject, error))
            errors.append(error)
    _report(states, args.json)
    return _finish(errors)


def _finish(errors: Sequence[HarnessError]) -> int:
    """Wrong bytes weigh more than no evidence; the heaviest error is raised, to be worded once."""
    for error in sorted(errors, key=lambda error: error.exit_code):
        raise error
    return int(ExitCode.NOTHING_CHANGED)


def _look(subject: Subject) -> State:
    try:
        found = subjects.prepared(subject)
    except HarnessError as error:
        return _failed(subject, error)
    if found is None:
        return State(subject, "not here")
    return State(subject, "here", found.directory, found.digest)


def _failed(subject: Subject, error: HarnessError) -> State:
    state = "no evidence" if isinstance(error, NoEvidence) else "wrong"
    return State(subject, state, reason=error.what)


def _prepare(subject: Subject) -> State:
    found = subjects.prepare(subject, conversion_python, lambda text: print(text, flush=True))
    return State(subject, "ready", found.directory, found.digest)


def _verify(subject: Subject) -> State:
    found = subjects.verify(subject)
    if found is None:
        raise NoEvidence(
            f"subject {subject.name!r} is not in the cache: there is nothing to verify",
            where=f"source {subject.source!r}",
            next=f"harness subjects prepare {subject.name}",
        )
    return State(subject, "verified", found.directory, found.digest)


def run_convert(args: argparse.Namespace) -> int:
    """Convert a GGUF file by the conversion stack; the folder appears whole or not at all."""
    if not args.gguf.is_file():
        raise UsageError(
            "there is no such file",
            where=str(args.gguf),
            allowed="a GGUF file",
            next="harness subjects convert FILE.gguf FOLDER",
        )
    if args.folder.exists():
        raise UsageError(
            "the folder exists already",
            where=str(args.folder),
            allowed="one that does not",
            next=f"harness subjects convert {args.gguf} {args.folder}-2, or remove the folder",
        )
    parent = args.folder.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    print("building the conversion stack", flush=True)
    python = conversion_python()
    print("converting to safetensors", flush=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".converting.") as scratch:
        result = Path(scratch) / "result"
        convert(python, args.gguf.absolute(), result, args.folder.name)
        result.replace(args.folder)
    print(f"--subject {args.folder.name}={args.folder}")
    return int(ExitCode.NOTHING_CHANGED)


def conversion_python() -> Path:
    """The python of the conversion stack, built if need be.

    Raises NoEvidence where network or disk do not suffice, StackError where it cannot be built.
    """
    from harness import stacks

    try:
        return stacks.build(stacks.resolve_stack("conversion", home=home())).python
    except (stacks.IndexUnreachable, stacks.NoSpace) as error:
        raise NoEvidence(
            error.what, where=error.where, allowed=error.allowed, next=error.next
        ) from error


def _report(states: Sequence[State], file: Path | None) -> int:
    width = max((len(state.subject.name) for state in states), default=0)
    for state in states:
        entry = state.subject
        star = "*" if entry.default else " "
        abilities = ", ".join(sorted(entry.abilities))
        print(f"{star} {entry.name:<{width}}  {entry.source:<7}  {state.state}  ({abilities})")
    print(f"* selected by default; cache: {cache_dir() / 'subjects'}")
    if file is not None:
        files.write_data({"subjects": [state.as_json() for state in states]}, file)
    return int(ExitCode.NOTHING_CHANGED)
