"""The costs of a gate, from what its options say."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from harness import subjects
from harness.commands import given
from harness.commands.measuring import SUBJECT, physical_cores, prepare, worker_memory
from harness.gate.costing import Part, Wanted
from harness.running.benching_task import Budget
from harness.running.benching_tasks import FAMILIES, named_tasks
from harness.running.costing import CostsAsked
from harness.vocabulary.errors import UsageError
from harness.vocabulary.places import home
from harness.vocabulary.subjects import Subject

_BUDGET = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options on whether costs are compared, and which."""
    parser.add_argument(
        "--bench",
        action="store_true",
        help="compare costs too, after the behaviours: time and memory of what the libraries that "
        "moved can have changed, a thread a physical core",
    )
    parser.add_argument(
        "--bench-budget",
        type=given.seconds,
        metavar="S",
        help=f"seconds of a task, as in harness bench (default: {_BUDGET:g})",
    )
    parser.add_argument(
        "--bench-task",
        action="append",
        default=[],
        metavar="T,T",
        help=f"compare these whatever moved: {', '.join(FAMILIES)}, or one of those of several, "
        "tokenizers.tiktoken",
    )


def costs_of(
    args: argparse.Namespace, chosen: tuple[Subject, ...], say: Callable[[str], None]
) -> CostsAsked | None:
    """What the options ask of costs; None without `--bench`. Raises UsageError."""
    if not args.bench:
        _check_alone(args)
        return None
    registry = subjects.read_registry(home(), given.subjects_file(args.subjects_file))
    wanted = _wanted(args, chosen, registry)
    named = tuple(dict.fromkeys(each for each in (wanted.subject, *wanted.models) if each))
    read = tuple(subjects.select(registry, named)) if named else ()

    def ready(part: Part) -> Mapping[str, str]:
        name = part.subject.partition("=")[0]
        theirs = tuple(each for each in read if each.name == name)
        vocabularies = any(task.startswith("tokenizers.") for task in part.tasks)
        return prepare(part.tasks, theirs, registry, say, vocabularies=vocabularies)

    return CostsAsked(
        wanted,
        ready,
        Budget(args.bench_budget or _BUDGET),
        physical_cores(),
        args.memory_limit or worker_memory(),
        args.subjects_file,
    )


def _check_alone(args: argparse.Namespace) -> None:
    budget = "" if args.bench_budget is None else f"{args.bench_budget:g}"
    for option, value in (
        ("--bench-budget", budget),
        ("--bench-task", ",".join(args.bench_task)),
    ):
        if value:
            raise UsageError(
                f"{option} without --bench",
                where=f"{option} {value}",
                allowed="with --bench, which compares costs after the behaviours",
                next=f"harness gate --bench {option} {value} …",
            )


def _wanted(
    args: argparse.Namespace, chosen: tuple[Subject, ...], registry: Mapping[str, Subject]
) -> Wanted:
    """The cells that the gate names, else the usual subject's."""
    usual = SUBJECT if SUBJECT in registry else ""
    able = {subject.name for subject in chosen if "causal-lm" in subject.abilities}
    models = [each for each in args.subject if each.partition("=")[0] in able]
    words = given.words(args.bench_task, "--bench-task", ", ".join(FAMILIES))
    return Wanted(
        subject=next(iter((*models, *args.subject)), usual),
        models=tuple(models) if args.subject else (usual,),
        precisions=tuple(given.precisions(args.precision)),
        devices=tuple(given.devices(args.device)) or ("cpu",),
        tasks=named_tasks(words, "--bench-task"),
    )
