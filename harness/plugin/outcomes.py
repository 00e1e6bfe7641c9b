"""How each behaviour ended: imports first, snapshots last, every step in the record."""

from __future__ import annotations

import importlib
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness.plugin import machine
from harness.plugin.ends import OWN_FILES, SnapshotDiffers, classify, is_due, without_traceback
from harness.plugin.faulting import fault_of
from harness.plugin.fixtures import bench_of
from harness.plugin.marks import Requirements
from harness.plugin.noise import KnownNoise
from harness.plugin.observing import Observe
from harness.plugin.options import SETTINGS
from harness.plugin.recording import Recorder
from harness.plugin.reproducing import reproduce
from harness.plugin.selection import CELL, NEEDS, behaviour_id
from harness.plugin.witness import Witness
from harness.vocabulary.errors import RecordError
from harness.vocabulary.observations import Observation
from harness.vocabulary.records import (
    Header,
    Outcome,
    Status,
    header_line,
    import_line,
    observation_line,
    outcome_line,
    start_line,
)
from harness.vocabulary.stacks import import_name

LINES = "harness_lines"
"""Attribute of a report that carries a worker's record lines to the controller."""

RECORDER = pytest.StashKey[Recorder]()
IMPORTED = pytest.StashKey[dict[str, BaseException | None]]()


@dataclass
class Progress:
    """What is known of the behaviour that is running. `status` None until something decided it."""

    begun: float = field(default_factory=time.perf_counter)
    work_before: float = 0.0
    status: Status | None = None
    reason: str = ""
    expected: bool = False
    observe: Observe | None = None
    witness: Witness | None = None


PROGRESS = pytest.StashKey[Progress]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    settings = config.stash.get(SETTINGS, None)
    if settings is None or settings.list_cells is not None:
        return
    worker = hasattr(config, "workerinput")
    config.stash[IMPORTED] = {}
    try:
        config.stash[RECORDER] = Recorder(None if worker else settings.record)
    except RecordError as error:
        raise pytest.UsageError(str(error)) from None
    if not worker and getattr(config.option, "numprocesses", None):
        _controller["recorder"] = config.stash[RECORDER]


def pytest_sessionstart(session: pytest.Session) -> None:
    recorder = session.config.stash.get(RECORDER, None)
    if recorder is None or hasattr(session.config, "workerinput"):
        return
    settings = session.config.stash[SETTINGS]
    digests = {
        entry.name: found.digest
        for entry in settings.subjects
        if (found := bench_of(session.config).look(entry)) is not None
    }
    recorder.add(
        header_line(
            Header(
                machine.versions(),
                machine.hardware(),
                machine.kernels(settings.threads, settings.batch),
                digests,
                fault=fault_of(session.config),
            )
        )
    )
    if recorder.lost is not None:
        raise pytest.UsageError(str(recorder.lost))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    recorder = item.config.stash[RECORDER]
    item.stash[PROGRESS] = Progress(work_before=bench_of(item.config).work)
    recorder.add(start_line(behaviour_id(item), item.stash[CELL].id))
    result = yield
    if recorder.lost is not None:
        item.session.shouldstop = recorder.lost.what
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Imports, then fixtures: all of it loads or calls libraries."""
    with bench_of(item.config).working():
        for package in packages_of(item):
            _import(item, package)
        return (yield)


def packages_of(item: pytest.Item) -> list[str]:
    """The packages a behaviour calls: those it requires, and those its fixtures load with."""
    wanted: Requirements = item.stash[NEEDS]
    packages = list(wanted.packages)
    fixtures = set(getattr(item, "fixturenames", ()))
    if fixtures & {"model", "hf_tokenizer", "load", "reference_logits", "bridge", "hooked"}:
        packages += ["torch", "transformers"]
    if fixtures & {"bridge", "hooked"}:
        packages.append("transformer-lens")
    if item.stash[CELL].precision in ("int8", "nf4", "fp4") and "model" in fixtures:
        packages.append("bitsandbytes")
    return list(dict.fromkeys(packages))


def _import(item: pytest.Item, package: str) -> None:
    if machine.installed(package) is None:
        item.stash[PROGRESS].status = "absent"
        item.stash[PROGRESS].reason = f"{package} is not in this stack"
        pytest.skip(item.stash[PROGRESS].reason)
    imported = item.config.stash[IMPORTED]
    if package not in imported:
        imported[package] = _try_import(item, package)
    error = imported[package]
    if error is not None:
        raise error


def _try_import(item: pytest.Item, package: str) -> BaseException | None:
    caught: BaseException | None = None
    with bench_of(item.config).working():
        try:
            importlib.import_module(import_name(package))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            caught = error
    text = f"{type(caught).__name__}: {caught}" if caught is not None else ""
    item.config.stash[RECORDER].add(import_line(package, text))
    return caught


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """The behaviour itself; then what its snapshots say, if nothing else went wrong."""
    __tracebackhide__ = True
    progress = item.stash[PROGRESS]
    try:
        with bench_of(item.config).working():
            result = yield
    finally:
        if progress.observe is not None:
            bench_of(item.config).work -= progress.observe.seconds
    if progress.witness is not None and progress.witness.fails:
        raise SnapshotDiffers(progress.witness.text())
    return result


@pytest.fixture
def observe(request: pytest.FixtureRequest, snapshot: Any) -> Observe:
    """Takes what the behaviour measured: `observe.exact`, `.numeric`, `.tokens`, `.cost`."""
    item: pytest.Item = request.node
    progress = item.stash[PROGRESS]
    noise = KnownNoise(item)
    witness = Witness(item, snapshot, noise)
    recorder = item.config.stash[RECORDER]
    behaviour, cell = behaviour_id(item), item.stash[CELL]

    def emit(observation: Observation) -> None:
        witness.see(observation)
        recorder.add(observation_line(behaviour, cell.id, observation))

    progress.witness = witness
    progress.observe = Observe(cell, emit, item.stash[NEEDS].claims, noise)
    return progress.observe


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    progress = item.stash[PROGRESS]
    if call.excinfo is not None and progress.status is None:
        progress.status, progress.reason = classify(call.excinfo.value)
    if call.excinfo is not None and isinstance(call.excinfo.value, OWN_FILES):
        report.longrepr = without_traceback(call.excinfo)
    if call.when in ("setup", "call"):
        _expect_removed(item, report, progress)
    differs = call.excinfo is not None and isinstance(call.excinfo.value, SnapshotDiffers)
    if progress.witness is not None and call.when == "call" and report.failed and not differs:
        report.sections.append(("where and how to reproduce", progress.witness.heading()))
    if call.when == "teardown":
        _finish(item, report, progress)
    return report


def _expect_removed(item: pytest.Item, report: pytest.TestReport, progress: Progress) -> None:
    """Under a release since which a behaviour is documented to raise, it must."""
    due = next((until for until in item.stash[NEEDS].until if is_due(until)), None)
    if due is None:
        return
    since = f"{due.reason} (since {due.package} {due.version})"
    if progress.status == "raised":
        progress.expected = True
        report.outcome = "skipped"
        report.wasxfail = since
    elif report.when == "call" and progress.status is None:
        progress.status, progress.reason = "failed", f"expected to raise: {since}"
        report.outcome = "failed"
        report.longrepr = progress.reason


def _finish(item: pytest.Item, report: pytest.TestReport, progress: Progress) -> None:
    observations = tuple(progress.observe.made) if progress.observe is not None else ()
    outcome = Outcome(
        behaviour=behaviour_id(item),
        cell=item.stash[CELL].id,
        status=progress.status or "held",
        reason=progress.reason[:2000],
        claims=item.stash[NEEDS].claims,
        observations=observations,
        snapshot=tuple(progress.witness.lines()) if progress.witness is not None else (),
        seconds=round(time.perf_counter() - progress.begun, 6),
        work=round(bench_of(item.config).work - progress.work_before, 6),
        reproduce=reproduce(item),
        expected=progress.expected,
        tier=item.stash[NEEDS].tier,
        borrowed=progress.witness.borrowed if progress.witness is not None else 0,
    )
    recorder = item.config.stash[RECORDER]
    recorder.add(outcome_line(outcome))
    if hasattr(item.config, "workerinput"):
        setattr(report, LINES, recorder.take())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    lines = getattr(report, LINES, None)
    controller = _controller.get("recorder")
    if lines and controller is not None:
        for line in lines:
            controller.add(line)


_controller: dict[str, Recorder] = {}
"""The controller's recorder: pytest_runtest_logreport is not told the config."""
