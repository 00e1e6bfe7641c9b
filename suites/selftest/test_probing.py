"""Single runs under the stacks of a search: what is kept of them, and what is found again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.gate.plan import Conditions
from harness.gate.world import Built, Ended, Request, Stopped
from harness.running.cells import CellRunner
from harness.running.cellstore import RECORD, CellStore
from harness.running.probing import Prober, Run
from harness.running.progress import ProgressConsole, ShownProgress
from harness.running.sides import Standing
from harness.vocabulary.blame import Key
from harness.vocabulary.cells import Cell
from harness.vocabulary.records import (
    Header,
    Outcome,
    end_line,
    header_line,
    outcome_line,
    start_line,
)
from harness.vocabulary.stacks import Lock

LIB = Cell("lib")
ONE, TWO = ((f"lib/test_lib.py::test_{name}", LIB.id) for name in ("one", "two"))
LOCK = Lock("old", (("lib", "1.0"),))


class Recorded:
    """Processes that leave a record with these lines; interrupted, they end by Ctrl-C."""

    def __init__(self, *lines: str, interrupted: bool = False) -> None:
        self.lines = [header_line(Header({}, {}, {}, {})), *lines]
        self.interrupted = interrupted
        self.started = 0

    def run(
        self,
        command: list[str],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        log: Path,
        timeout: float,
        memory_limit: int | None,
    ) -> Ended:
        self.started += 1
        Path(command[command.index("--record") + 1]).write_text("".join(self.lines))
        if self.interrupted:
            raise Stopped
        return Ended("exited", "exit code 0", 0)

    def stop(self) -> None:
        """Nothing runs on."""


def held(*keys: Key) -> list[str]:
    """The lines of behaviours that hold."""
    ended = ((start_line(*key), outcome_line(Outcome(*key, "held"))) for key in keys)
    return [line for lines in ended for line in lines]


def cells(
    directory: Path, processes: Recorded, sources: Callable[[], str] = lambda: "as they were"
) -> CellRunner:
    return CellRunner(
        Request("old", "new"),
        directory,
        CellStore(directory / "cells"),
        processes,
        ShownProgress(ProgressConsole()),
        {},
        sources,
    )


def prober(directory: Path, processes: Recorded) -> Prober:
    runner = cells(directory, processes)
    conditions = Conditions("as they were", {}, {}, {}, 1)
    standing = Standing("candidate", (), conditions, runner, runner.store)
    return Prober(standing, {LIB.id: LIB})


def run(*keys: Key) -> Run:
    return Run(LOCK, Built(Path("python"), "3.13"), keys, 0)


def test_what_runs_under_another_stack_is_keyed_by_the_sources_that_the_gate_began_with(
    tmp_path: Path,
) -> None:
    sources = ["as they were"]
    gate = cells(tmp_path, Recorded(), lambda: sources[-1])
    assert gate.as_keyed()
    sources.append("edited")
    probe = replace(gate, built={})
    assert not probe.as_keyed()
    assert gate.notes == [
        "the suites or the harness changed while the gate ran: its results are not kept"
    ]


def test_what_ended_before_an_interrupt_need_not_run_again(tmp_path: Path) -> None:
    broken = prober(tmp_path, Recorded(*held(ONE), start_line(*TWO), interrupted=True))
    with pytest.raises(Stopped):
        broken.run(run(ONE, TWO))
    assert prober(tmp_path, Recorded()).lacks(LOCK, [ONE, TWO], 0) == (TWO,)


def test_what_was_kept_and_is_damaged_runs_again(tmp_path: Path) -> None:
    processes = Recorded(*held(ONE), end_line(1))
    prober(tmp_path, processes).run(run(ONE))
    (entry,) = tmp_path.glob(f"cells/*/{RECORD}")
    entry.write_text(entry.read_text().replace("held", "failed"))
    again = prober(tmp_path, processes)
    assert again.lacks(LOCK, [ONE], 0) == (ONE,)
    again.run(run(ONE))
    assert again.find(LOCK, [ONE], 0)[ONE].status == "held"
    assert prober(tmp_path, processes).lacks(LOCK, [ONE], 0) == ()
