"""A gate from two stack arguments to a report: joins what decides with what acts."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from harness.gate.compare import (
    Comparison,
    compare_runs,
    package_verdicts,
    questions,
    snapshot_note,
)
from harness.gate.exitcode import exit_code
from harness.gate.plan import (
    SIDES,
    Conditions,
    Plan,
    Side,
    Task,
    check_selected,
    confirming_tasks,
    digest,
    first_tasks,
    parse_plan,
    select,
)
from harness.gate.results import Listing, Results, SideRuns
from harness.gate.world import Request, StackFailure, World
from harness.running.cells import CellRunner
from harness.running.cellstore import CellStore
from harness.running.conditions import cell_environment, hardware, influences, sources_digest
from harness.running.crew import Crew, ended_by, wait_for_all
from harness.running.inside import inside_folder
from harness.running.progress import plural
from harness.vocabulary.cells import Cell
from harness.vocabulary.errors import HarnessError, NoEvidence
from harness.vocabulary.stacks import Lock
from harness.vocabulary.verdicts import FAILS_A_GATE, GateReport, Verdict

IDENTICAL = (
    "both stacks are the same {count} packages: this gate tests the machine and the harness, "
    "not an upgrade"
)


def run_gate(
    request: Request, world: World, fail_on: Collection[Verdict] = FAILS_A_GATE
) -> GateReport:
    """Gate `request.candidate` against `request.baseline`.

    A stack that cannot be made is a report, not an error. Raises HarnessError for what the
    user can mend, NoEvidence where disk space or every listing failed, KeyboardInterrupt
    after stopping what ran.
    """
    begun = time.monotonic()
    locks: dict[Side, Lock] = {}
    try:
        _resolve(request, world, locks)
        report = _Gate(request, world, locks, fail_on).run()
    except StackFailure as failure:
        report = _unbuilt(request, world, locks, failure)
    return replace(report, seconds=time.monotonic() - begun, fail_on=frozenset(fail_on))


def _resolve(request: Request, world: World, locks: dict[Side, Lock]) -> None:
    """Resolve both sides at once; those that resolve are in `locks` even where one does not."""
    arguments: dict[Side, str] = {"baseline": request.baseline, "candidate": request.candidate}
    with ThreadPoolExecutor(2, thread_name_prefix="resolve") as pool:
        asked = {
            side: pool.submit(world.stacks.resolve, side, argument)
            for side, argument in arguments.items()
        }
        with ended_by(world.interrupt, asked.values()):
            wait_for_all(asked.values())
    for side, future in sorted(asked.items(), key=lambda item: item[1].exception() is not None):
        locks[side] = future.result()


def _unbuilt(
    request: Request, world: World, locks: Mapping[Side, Lock], failure: StackFailure
) -> GateReport:
    moved = world.stacks.moves(locks["baseline"], locks["candidate"]) if len(locks) == 2 else ()
    return GateReport(
        baseline=locks.get("baseline"),
        candidate=locks.get("candidate"),
        moved=moved,
        stack_verdict=failure.verdict,
        stack_reason=f"the {failure.side}: {failure.error}",
        packages=(),
        behaviours=(),
        skipped=(),
        notes=world.stacks.notes(request, moved),
        exit_code=int(exit_code(failure.verdict, (), ())),
        seconds=0.0,
        baseline_name=request.baseline,
        candidate_name=request.candidate,
    )


class _Gate:
    """One gate whose two locks are known."""

    def __init__(
        self,
        request: Request,
        world: World,
        locks: Mapping[Side, Lock],
        fail_on: Collection[Verdict],
    ) -> None:
        self.request = request
        self.world = world
        self.locks = locks
        self.fail_on = fail_on
        self.store = CellStore(world.places.cache / "cells")
        environment = cell_environment(
            world.variables,
            home=world.places.home,
            cache=world.places.cache,
            inside=inside_folder(world.places.cache, world.places.package),
            threads=request.threads,
        )
        self.cells = CellRunner(
            request,
            world.places.home,
            self.store,
            world.processes,
            world.listener,
            environment,
            lambda: sources_digest(world.places.package, world.places.home),
        )
        self.results = Results()
        self.conditions: dict[Side, Conditions] = {}
        self.counting = threading.Lock()
        self.kept: dict[Side, tuple[int, int]] = {}

    def run(self) -> GateReport:
        self.store.sweep()
        self._run_both()
        comparison = self._compare()
        asked = questions(comparison, *self._outcomes())
        if asked and self.request.confirm:
            self._confirm(asked)
            comparison = self._compare()
        return self._report(comparison)

    def _run_both(self) -> None:
        """Run every cell of both sides; the baseline's may start while the candidate builds."""
        with ThreadPoolExecutor(3, thread_name_prefix="build") as pool:
            subjects = pool.submit(self.world.prepare)
            arriving = {side: pool.submit(self._arrive, side, subjects) for side in SIDES}
            with ended_by(self.world.interrupt, [subjects, *arriving.values()]):
                self.results.runs |= self._crew().run((), arriving)
        problems = [self.results.listings[side].problem for side in SIDES]
        if all(self.results.listings[side].plan is None for side in SIDES):
            raise NoEvidence(
                "the behaviours could be listed under neither stack",
                where="\n".join(problems),
                allowed="stacks with pytest and syrupy in them, in which `harness` imports",
                next="harness stacks build STACK prints the python to try it with",
            )

    def _crew(self) -> Crew:
        return Crew(self.cells, self.world.processes.stop, self.request.parallel)

    def _arrive(self, side: Side, subjects: Future[Mapping[str, str]]) -> tuple[Task, ...]:
        """Build one side's environment, list its cells, and return its tasks."""
        self.cells.built[side] = self.world.stacks.build(side, self.locks[side])
        self.conditions[side] = Conditions(
            sources=self.cells.keyed,
            hardware=hardware(self.cells.built[side].version),
            environment=influences(self.cells.environment),
            subjects=subjects.result(),
            threads=self.request.threads,
        )
        listing = self._list(side)
        self.results.listings[side] = listing
        tasks = first_tasks({side: listing.plan or ()}, self._digests(), self.conditions)
        self.world.listener.planned(len(tasks))
        self._tell_kept(side, tasks)
        return tasks

    def _tell_kept(self, side: Side, tasks: tuple[Task, ...]) -> None:
        """When both sides are known, how many of their cells need not run again."""
        kept = sum(self.store.has(task.key) for task in tasks) if self.request.cache else 0
        with self.counting:
            self.kept[side] = (kept, len(tasks))
            if len(self.kept) == len(SIDES) and any(kept for kept, _ in self.kept.values()):
                kept, total = (sum(counts) for counts in zip(*self.kept.values(), strict=True))
                self.world.listener.tell(f"{kept} of {total} cells are kept from before")

    def _digests(self) -> dict[Side, str]:
        return {side: lock.digest for side, lock in self.locks.items()}

    def _list(self, side: Side) -> Listing:
        whole, problem = self._whole_plan(side)
        if whole is None:
            return Listing(None, problem)
        plan = select(whole, self.request.select)
        check_selected(plan, whole, self.request.select)
        return Listing(plan, problem)

    def _whole_plan(self, side: Side) -> tuple[Plan | None, str]:
        """What the plugin lists under `side`, kept from before if it is; and what went wrong."""
        kept = self.store.directory / "plans" / f"{self._plan_key(side)}.json"
        plan = _read_plan(kept) if self.request.cache else None
        if plan is not None:
            return plan, ""
        work = self.store.open("list")
        try:
            text, problem = self.cells.list_cells(side, work)
            if not text:
                return None, problem
            plan = parse_plan(text, f"the {side}")
            if not problem:
                kept.parent.mkdir(parents=True, exist_ok=True)
                (work / "cells.json").replace(kept)
            return plan, problem
        finally:
            self.store.drop(work)

    def _plan_key(self, side: Side) -> str:
        conditions = self.conditions[side]
        return digest(
            [
                self.locks[side].digest,
                conditions.sources,
                dict(conditions.subjects),
                list(self.request.options),
                self.request.registry,
                conditions.hardware["python"],
            ]
        )

    def _confirm(self, asked: Mapping[str, list[str]]) -> None:
        cells = self.results.cells()
        tasks = confirming_tasks(
            {cells[cell]: behaviours for cell, behaviours in asked.items()},
            self.request.confirm,
            self._digests(),
            self.conditions,
        )
        count = sum(map(len, asked.values()))
        self.world.listener.say(
            f"confirming {plural(count, 'behaviour')} in {plural(len(asked), 'cell')}"
        )
        self.world.listener.planned(len(tasks))
        self.results.runs |= self._crew().run(tasks)

    def _outcomes(self) -> tuple[SideRuns, SideRuns]:
        return self.results.outcomes(1 + self.request.confirm)

    def _compare(self) -> Comparison:
        cells = self.results.cells()
        return compare_runs(
            *self._outcomes(),
            reproduce=lambda key: reproduce(self.request, key[0], cells[key[1]]),
        )

    def _report(self, comparison: Comparison) -> GateReport:
        imports = [self.results.imports(side, self.locks[side].versions) for side in SIDES]
        packages = package_verdicts(*imports)
        code = exit_code("built", packages, comparison.behaviours, self.fail_on)
        moved = self.world.stacks.moves(self.locks["baseline"], self.locks["candidate"])
        witness = snapshot_note(self._outcomes()[0][0], comparison)
        notes = [*self.world.stacks.notes(self.request, moved), *self.cells.notes]
        if self.locks["baseline"].digest == self.locks["candidate"].digest:
            notes.insert(0, IDENTICAL.format(count=len(self.locks["baseline"].pins)))
        return GateReport(
            baseline=self.locks["baseline"],
            candidate=self.locks["candidate"],
            moved=moved,
            stack_verdict="built",
            stack_reason="",
            packages=packages,
            behaviours=comparison.behaviours,
            skipped=comparison.skipped,
            notes=(*notes, *self.results.oddities(), *([witness] if witness else [])),
            exit_code=int(code),
            seconds=0.0,
            baseline_name=self.request.baseline,
            candidate_name=self.request.candidate,
        )


def _read_plan(path: Path) -> Plan | None:
    try:
        return parse_plan(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError, HarnessError):
        return None


def reproduce(request: Request, behaviour: str, cell: Cell) -> str:
    """The one command that gates this behaviour in this cell alone, under both stacks again."""
    parts = ["harness", "gate", "--baseline", request.baseline, "--candidate", request.candidate]
    if cell.subject in request.subjects:
        parts += ["--subject", request.subjects[cell.subject]]
    if cell.precision:
        parts += ["--precision", cell.precision]
    if cell.device and cell.device != "cpu":
        parts += ["--device", cell.device]
    return shlex.join([*parts, "--select", behaviour])
