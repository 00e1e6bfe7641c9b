"""The same measures that a benchmark's worker takes turns with, under pytest-benchmark.

What one process can measure only once (imports, the first load, memory) is not here: `harness
bench` has it. The numbers are of this process and this machine: two releases are compared by
`harness bench`, one machine with itself over time by `--benchmark-json` and `pytest-benchmark
compare`.
"""

from __future__ import annotations

import gc
import itertools
import math
import time
from pathlib import Path

import pytest

from harness.plugin.options import SETTINGS
from harness.plugin.selection import CELL
from harness.speed.task import Asked, open_task
from harness.speed.tokenizing import STAND_INS, reads
from harness.vocabulary.costs import Arm
from harness.vocabulary.errors import UsageError

FOLDER = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """No garbage collection while a call is timed, as in a worker; and not every combination."""
    ours = [item for item in items if item.path.is_relative_to(FOLDER)]
    for item in ours:
        item.add_marker(pytest.mark.benchmark(disable_gc=True))
    dropped = [item for item in ours if not _is_wanted(item)]
    if dropped:
        items[:] = [item for item in items if item not in dropped]
        config.hook.pytest_deselected(items=dropped)


def _is_wanted(item):
    """float32 unless precisions are asked for; a library on vocabularies that it can read.

    Without subjects asked for, on one vocabulary each.
    """
    settings, cell = item.config.stash[SETTINGS], item.stash[CELL]
    library = item.callspec.params.get("library")
    if library is None:
        return bool(item.config.option.precision) or cell.precision == "float32"
    entry = next(entry for entry in settings.subjects if entry.name == cell.subject)
    return reads(library, entry) and (settings.selected or entry.name == STAND_INS[library])


@pytest.fixture(scope="session")
def held():
    """The one task that is open, by its cell: each is as large as a model."""
    return {}


@pytest.fixture
def take(request, benchmark, held):
    """`take(task, name, group)`: the task is opened, its quantity called and timed.

    pytest-benchmark shows what is of one group in one table.
    """
    settings = request.config.stash[SETTINGS]
    cell = request.node.stash[CELL]
    extra = request.config.option.subjects_file or ""

    def run(task, name, group):
        asked = Asked(task, _arm(request.config, cell), settings.threads, subjects_file=extra)
        if (task, cell) not in held:
            held.clear()
            gc.collect()
            held[task, cell] = _open(asked)
        measure = _named(held[task, cell], asked.quantity(name))
        benchmark.group = group
        benchmark.extra_info.update(_facts(measure.quantity, asked))
        _time(benchmark, measure, request.config.option)

    return run


def _open(asked):
    """The open task; skips where this stack or precision has no such thing."""
    try:
        return open_task(asked)
    except (ImportError, UsageError) as error:
        pytest.skip(str(error).partition("\n")[0])


def _arm(config, cell):
    """What this environment measures; a folder of the user's own is named with its path."""
    given = {name.partition("=")[0]: name for name in config.option.subject}
    return Arm(
        name=cell.id,
        stack="installed",
        subject=given.get(cell.subject, cell.subject),
        precision=cell.precision or "float32",
        device=cell.device or "cpu",
    )


def _named(opened, quantity):
    """The measure of that quantity; skips with the task's own reason where it misses it."""
    for missing in opened.missed:
        if missing.quantity in ("", quantity):
            pytest.skip(missing.reason)
    found = {measure.quantity.id: measure for measure in opened.measures}
    assert quantity in found, f"{quantity} is not among {', '.join(found)}"
    return found[quantity]


def _facts(quantity, asked):
    """What the JSON says of a benchmark beside its times."""
    return {
        "task": asked.task,
        "quantity": quantity.id,
        "unit": quantity.unit,
        "work": quantity.work,
        "amount": quantity.amount,
        "subject": asked.arm.subject,
        "precision": asked.arm.precision,
        "device": asked.arm.device,
        "threads": asked.threads,
    }


def _time(benchmark, measure, option):
    """Calls without preparation as pytest-benchmark times them; else each with its own."""

    def call():
        measure.call()
        if measure.settle is not None:
            measure.settle()

    before = _every(measure.stretch, measure.prepare)
    rounds = 1
    if benchmark.enabled:
        before()
        call()  # a first call makes what later ones find
        before()
        begun = time.perf_counter()
        call()
        enough = float(option.benchmark_max_time) / (time.perf_counter() - begun)
        rounds = max(int(option.benchmark_min_rounds), math.ceil(enough))
        before = _every(measure.stretch, measure.prepare)
    gc.collect()
    if measure.stretch:
        benchmark.pedantic(call, setup=before, rounds=rounds, warmup_rounds=1)
    else:
        before()
        benchmark(call)


def _every(stretch, prepare):
    """What prepares before the first call and after every `stretch`; nothing to do without."""
    turns = itertools.count()

    def before():
        number = next(turns)
        if prepare is not None and (number == 0 or (stretch and number % stretch == 0)):
            prepare()

    return before
