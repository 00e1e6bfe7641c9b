"""Single runs under the stacks of a search: what is kept of them, and what is found again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.gate.plan import Conditions
from harness.gate.world import Built, Ended, Places, Request, Stopped, World
from harness.running.blaming_stacks import MixedStacks
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
BUILT = Built(Path("python"), "3.13")


class Recorded:
    """Processes that leave a record with these lines; interrupted, they end by Ctrl-C."""

    def __init__(self, *lines: str, interrupted: bool = False) -> None:
        self.lines = [header_line(Header({}, {}, {}, {})), *lines]
        self.interrupted = interrupted
        self.started = 0
        self.stopped = False

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
        self.stopped = True


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
    return Prober(standing, {LIB.id: LIB}, processes.stop)


def run(*keys: Key) -> Run:
    return Run(LOCK, lambda: BUILT, keys, 0)


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


def test_an_environment_is_built_while_another_run_goes_on(tmp_path: Path) -> None:
    """Each of the two builds ends only when the other has begun."""
    processes = Recorded(*held(ONE, TWO), end_line(2))
    both = threading.Barrier(2, timeout=30)

    def build() -> Built:
        both.wait()
        return BUILT

    own = prober(tmp_path, processes)
    makings = [own.begin(Run(LOCK, build, (key,), 0)) for key in (ONE, TWO)]
    while makings:
        own.wait(makings)
        for making in [each for each in makings if each.future.done()]:
            makings.remove(making)
            own.finish(making)
    assert own.find(LOCK, [ONE, TWO], 0).keys() == {ONE, TWO}


def test_of_a_stack_that_does_not_install_nothing_is_known(tmp_path: Path) -> None:
    processes = Recorded(*held(ONE), end_line(1))
    own = prober(tmp_path, processes)
    own.run(Run(LOCK, lambda: None, (ONE,), 0))
    assert (processes.started, own.made) == (0, 0)
    assert own.lacks(LOCK, [ONE], 0) == (ONE,)
    own.run(run(ONE))
    assert own.lacks(LOCK, [ONE], 0) == ()


def test_an_interrupt_ends_the_builds_that_runs_wait_for(tmp_path: Path) -> None:
    """Wherever it is heard, while one stack is built and another run waits for its turn."""
    ended, processes = threading.Event(), Recorded()

    def build() -> Built:
        assert ended.wait(30)
        raise Stopped

    own = replace(prober(tmp_path, processes), interrupt=ended.set)
    makings = []

    def search() -> None:
        with own.searching():
            makings.extend(own.begin(Run(LOCK, build, (key,), 0)) for key in (ONE, TWO))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search()
    assert [each.future.done() for each in makings] == [True, True]
    assert (ended.is_set(), processes.stopped, processes.started) == (True, True, 0)


def test_what_a_search_gave_up_is_waited_for_and_found_again(tmp_path: Path) -> None:
    """The run that it did not wait for was not there when it was asked for first."""
    processes = Recorded(*held(ONE), end_line(1))
    own = prober(tmp_path, processes)
    began = threading.Event()

    def build() -> Built:
        began.wait(30)
        return BUILT

    with own.searching():
        assert own.lacks(LOCK, [ONE], 0) == (ONE,)
        own.begin(Run(LOCK, build, (ONE,), 0))
        began.set()
    assert own.lacks(LOCK, [ONE], 0) == ()
    assert own.find(LOCK, [ONE], 0)[ONE].status == "held"


class Slow(MixedStacks):
    """Stacks that take until `finish` is set to be built."""

    def __init__(self, directory: Path) -> None:
        places = Places(directory, directory, directory)
        world = SimpleNamespace(places=places, interrupt=self.interrupted)
        super().__init__(LOCK, None, cast(World, world), None)
        self.begun, self.finish, self.count = threading.Event(), threading.Event(), 0

    def interrupted(self) -> None:
        self.finish.set()

    def _build(self, lock: Lock) -> Built:
        self.count += 1
        self.begun.set()
        assert self.finish.wait(30)
        return BUILT


def test_a_stack_is_made_by_one_and_the_others_wait_for_it(tmp_path: Path) -> None:
    stacks = Slow(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(stacks.build, LOCK) for _ in range(2)]
        assert stacks.begun.wait(30)
        stacks.finish.set()
        assert [each.result(30) for each in asked] == [BUILT, BUILT]
    assert (stacks.count, stacks.made) == (1, 1)


def test_after_an_interrupt_nothing_is_said_of_a_stack_and_none_is_begun(tmp_path: Path) -> None:
    stacks = Slow(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(stacks.build, LOCK) for _ in range(2)]
        assert stacks.begun.wait(30)
        stacks.interrupt()
        for each in asked:
            with pytest.raises(Stopped):
                each.result(30)
    assert (stacks.count, stacks.stands(LOCK)) == (1, False)
