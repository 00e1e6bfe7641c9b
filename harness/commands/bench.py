"""`harness bench`: what two arms cost, load, generation, memory and tokenizers, with a verdict."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from harness import stacks, subjects
from harness.commands import asked, given
from harness.commands.bench_arms import VARIED, Arms, arms_of, attention, fail_on
from harness.commands.bench_stored import check_not_stored
from harness.commands.measuring import SUBJECT, physical_cores, prepare, worker_memory
from harness.commands.publishing import say, tell
from harness.report import files
from harness.report.bench import benchmarkform, csvform, jsonform, terminal
from harness.report.bench.forms import forms
from harness.running.benching import Bench, BenchRequest
from harness.running.benching_task import Budget
from harness.running.benching_tasks import (
    FAMILIES,
    check_patterns,
    check_together,
    may_read_vocabularies,
    named_tasks,
)
from harness.running.progress import ProgressConsole, ShownProgress
from harness.vocabulary.costs import BenchReport
from harness.vocabulary.errors import ExitCode
from harness.vocabulary.places import home


def add(subparsers: Any) -> None:
    """Register the command's parser."""
    parser = subparsers.add_parser(
        "bench",
        help="what two stacks, precisions, devices or subjects cost: time and memory",
        description="Measure two arms in turns, in fresh processes, beside a control, until "
        "every quantity is decided or the budget is spent. Without --candidate and --vary the "
        "baseline is compared with itself. Exit codes: 0 measured, 1 a verdict to fail on or "
        "something that only the candidate cannot do, 2 wrong usage, 3 a stack cannot be "
        "built, 4 nothing was measured, or nothing but inconclusive.",
    )
    given.once(parser)
    _add_arms(parser)
    _add_measuring(parser)
    asked.add_making(parser)
    _add_reports(parser)
    parser.set_defaults(run=run)


def _add_arms(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--baseline", default="reference", metavar="STACK", help=asked.STACK)
    parser.add_argument("--candidate", metavar="STACK", help=asked.STACK)
    parser.add_argument(
        "--vary",
        metavar="WHAT=A,B",
        help=f"compare the first with each other value of one of: {', '.join(VARIED)}",
    )
    parser.add_argument("--subject", metavar="NAME[=PATH]", help=f"default: {SUBJECT}")
    parser.add_argument(
        "--subjects-file", type=given.path, metavar="FILE", help="a registry of your own"
    )
    parser.add_argument("--precision", metavar="P", help="default: float32")
    parser.add_argument("--device", metavar="D", help="default: cpu")
    parser.add_argument(
        "--attention", default="", metavar="A", help="implementation (default: the library's own)"
    )
    parser.add_argument(
        "--plant", metavar="WHAT=HOW", help="slow the candidate down on purpose: decode=1.10"
    )


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--task",
        action="append",
        default=[],
        metavar="T,T",
        help=f"{', '.join(FAMILIES)}, or one of those of several, tokenizers.tiktoken (default: "
        "all between stacks, else load, model and memory)",
    )
    parser.add_argument(
        "--quantity",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only quantities that fit ('model/decode*'); repeatable",
    )
    parser.add_argument(
        "--budget",
        type=given.seconds,
        default=60.0,
        metavar="S",
        help="seconds of a task and comparison, beyond the two generations of processes that any "
        "verdict needs (default: 60)",
    )
    parser.add_argument(
        "--threads", type=given.threads, metavar="N", help="default: the physical cores"
    )
    parser.add_argument(
        "--trials", type=given.count, default=1, metavar="N", help="compare so often (default: 1)"
    )
    parser.add_argument(
        "--worker-timeout",
        type=given.seconds,
        default=600.0,
        metavar="S",
        help="end a worker that says nothing for so long (default: 600)",
    )
    parser.add_argument(
        "--memory-limit", type=given.size, metavar="SIZE", help="most memory of a worker, e.g. 4GiB"
    )


def _add_reports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fail-on", metavar="V,V", help="what exits 1 (default: slower,heavier; none with --vary)"
    )
    parser.add_argument(
        "--report", type=given.path, metavar="DIR", help="write bench.html and all other forms"
    )
    for option, form in (
        ("--json", "the report with every sample"),
        ("--csv", "a line a sample"),
        ("--benchmark-json", "for pytest-benchmark compare"),
    ):
        parser.add_argument(option, type=given.path, metavar="FILE", help=form)


def run(args: argparse.Namespace) -> int:
    """Measure as asked, print the report, write the files."""
    others = {"--csv": args.csv, "--benchmark-json": args.benchmark_json}
    files.check_writable(args.report, args.json, others)
    stacks.check_backend(args.torch_backend)
    args.attention = args.attention and attention(args.attention)
    registry = subjects.read_registry(home(), given.subjects_file(args.subjects_file))
    arms = arms_of(args, SUBJECT if SUBJECT in registry else "")
    check_not_stored(arm.stack for arm in (arms.baseline, *arms.candidates))
    named = list(dict.fromkeys(a.subject for a in (arms.baseline, *arms.candidates) if a.subject))
    chosen = tuple(subjects.select(registry, named)) if named else ()
    request = _request(args, arms)
    progress = ShownProgress(ProgressConsole(), "tasks", "verdict")
    args.subject = named
    world = asked.world_of(args, chosen, progress)
    vocabularies = may_read_vocabularies(request.tasks, request.patterns, len(request.stacks) > 1)
    world = replace(
        world,
        prepare=lambda: prepare(
            request.tasks, chosen, registry, progress.say, vocabularies=vocabularies
        ),
    )
    bench = Bench(request, world)
    try:
        with progress:
            report = bench.run()
    except KeyboardInterrupt:
        world.interrupt()
        return _interrupted(bench, progress, args)
    return _publish(report, args)


def _request(args: argparse.Namespace, arms: Arms) -> BenchRequest:
    patterns = tuple(given.words(args.quantity, "--quantity", "patterns of TASK/NAME"))
    check_patterns(patterns)
    tasks = named_tasks(given.words(args.task, "--task", ", ".join(FAMILIES)))
    check_together(tasks, patterns, args.plant or "")
    return BenchRequest(
        arms.baseline,
        arms.candidates,
        tasks,
        patterns,
        Budget(args.budget, silence=args.worker_timeout),
        args.threads or physical_cores(),
        args.trials,
        args.memory_limit or worker_memory(),
        args.subjects_file,
        fail_on(args.fail_on, args.vary is not None),
    )


def _interrupted(bench: Bench, progress: ShownProgress, args: argparse.Namespace) -> int:
    """Tell what was finished; the code says that it is not all."""
    done = f"{progress.done} of {progress.total} {progress.unit} were finished"
    if progress.done:
        report = bench.report(f"interrupted: {done}")
        _publish(replace(report, exit_code=int(ExitCode.INTERRUPTED)), args)
    say(f"interrupted: {done if progress.total else 'before anything was measured'}")
    return int(ExitCode.INTERRUPTED)


def _publish(report: BenchReport, args: argparse.Namespace) -> int:
    def forms_of() -> None:
        if args.report is not None:
            files.write_forms(forms(report), args.report)

    def json() -> None:
        if args.json is not None:
            files.write_text(args.json, jsonform.text(report))

    def csv() -> None:
        if args.csv is not None:
            files.write_text(args.csv, csvform.to_csv(report), "--csv")

    def benchmarks() -> None:
        if args.benchmark_json is not None:
            text = benchmarkform.text(report, datetime.now(UTC))
            files.write_text(args.benchmark_json, text, "--benchmark-json")

    return tell(
        report.exit_code,
        lambda console: terminal.render(report, console),
        forms_of,
        json,
        csv,
        benchmarks,
    )
