"""The closing summary: cells, observations, what was skipped and why, where the time went."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.plugin.faulting import fault_words
from harness.plugin.options import SETTINGS
from harness.plugin.outcomes import RECORDER
from harness.plugin.selection import DESELECTED
from harness.vocabulary.noise import OTHER_RELEASES
from harness.vocabulary.records import Outcome, Record

_BEGUN = time.time()


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    recorder = config.stash.get(RECORDER, None)
    record = recorder.read() if recorder is not None else None
    if record is None or recorder is None:
        return
    terminalreporter.section("harness")
    if fault := fault_words(config):
        terminalreporter.write_line(f"fault: {fault}; nothing here is what the library does")
    for line in lines(record, seconds_since_start(), config.stash.get(DESELECTED, Counter())):
        terminalreporter.write_line(line)
    settings = config.stash[SETTINGS]
    if recorder.lost is not None:
        terminalreporter.write_line(str(recorder.lost), red=True)
    elif settings.record is not None:
        terminalreporter.write_line(f"run record: {settings.record}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """End the record. A run in which nothing was measured, or whose record is cut off, is no
    success."""
    recorder = session.config.stash.get(RECORDER, None)
    record = recorder.read() if recorder is not None else None
    if record is None or recorder is None:
        return
    recorder.close(whole=exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED))
    if recorder.lost is not None:
        session.exitstatus = pytest.ExitCode.INTERRUPTED
    if session.exitstatus != pytest.ExitCode.OK:
        return
    if not any(outcome.status in ("held", "failed", "raised") for outcome in record.outcomes):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def lines(record: Record, seconds: float, deselected: Counter[str]) -> list[str]:
    """What the summary says of a record. `seconds` is the time in all."""
    outcomes = record.outcomes
    cells = sorted({outcome.cell for outcome in outcomes})
    observations = sum(len(outcome.observations) for outcome in outcomes)
    work = sum(outcome.work for outcome in outcomes)
    counts = Counter(_word(outcome) for outcome in outcomes)
    text = [
        f"{len(outcomes)} behaviours in {len(cells)} cells, {observations} observations: "
        + (", ".join(f"{count} {word}" for word, count in counts.most_common()) or "none"),
    ]
    if not counts["held"] + counts["failed"] + counts["raised"]:
        text.append("nothing was measured: that is no success")
    text += _reasons("skipped", Counter(o.reason for o in outcomes if o.status == "skipped"))
    text += _reasons("absent", Counter(o.reason for o in outcomes if o.status == "absent"))
    text += _reasons("unknown", Counter(o.reason for o in outcomes if o.status == "unknown"))
    text += _reasons("left out", deselected)
    unrecorded = sum(line.endswith("no snapshot yet") for o in outcomes for line in o.snapshot)
    if unrecorded:
        text.append(f"{unrecorded} observations have no snapshot: --snapshot-update records them")
    borrowed = sum(outcome.borrowed for outcome in outcomes)
    if borrowed:
        text.append(f"snapshots: {borrowed} borrowed from another device")
    text += _noise(record)
    if work:
        text.append(
            f"time: {seconds:.1f} s in all, {work:.1f} s of it loading subjects and calling the "
            f"libraries under test (ratio {seconds / work:.2f})"
        )
    return text


def _noise(record: Record) -> list[str]:
    """How the noise of the numbers is known."""
    noises = [o.noise for outcome in record.outcomes for o in outcome.observations if o.noise]
    borrowed = sum(noise.borrowed for noise in noises)
    bounds = sum(noise.provenance.startswith("bound") for noise in noises)
    measured = [noise for noise in noises if noise.provenance.startswith("measured")]
    others = sum(noise.provenance.endswith(OTHER_RELEASES) for noise in measured)
    known = [f"{len(measured)} measured"] if noises else []
    known += [f"{others} of them{OTHER_RELEASES[1:]}: as good"] if others else []
    known += [f"{borrowed} borrowed from another class of machine"] if borrowed else []
    known += [f"{bounds} not measured (harness calibrate)"] if bounds else []
    return [f"noise: {', '.join(known)}"] if known else []


def _word(outcome: Outcome) -> str:
    return "raised as documented" if outcome.expected else outcome.status


def _reasons(title: str, reasons: Counter[str]) -> list[str]:
    return [f"{title}: {count} x {reason}" for reason, count in reasons.most_common()]


def seconds_since_start() -> float:
    """Wall time since this process began, the interpreter's own start included."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
        return uptime - started
    except (OSError, ValueError, IndexError):
        return time.time() - _BEGUN
