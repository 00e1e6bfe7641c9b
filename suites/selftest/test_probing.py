"""Single runs under the stacks of a search: what is kept of them, and what is found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.gate.world import Request
from harness.running.cells import CellRunner
from harness.running.cellstore import CellStore
from harness.running.processes import LocalProcesses
from harness.running.progress import ProgressConsole, ShownProgress


def test_what_runs_under_another_stack_is_keyed_by_the_sources_that_the_gate_began_with(
    tmp_path: Path,
) -> None:
    sources = ["as they were"]
    gate = CellRunner(
        Request("old", "new"),
        tmp_path,
        CellStore(tmp_path / "cells"),
        LocalProcesses(),
        ShownProgress(ProgressConsole()),
        {},
        lambda: sources[-1],
    )
    assert gate.as_keyed()
    sources.append("edited")
    probe = replace(gate, built={})
    assert not probe.as_keyed()
    assert gate.notes == [
        "the suites or the harness changed while the gate ran: its results are not kept"
    ]
