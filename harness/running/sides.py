"""The cells of one stack or two, from arguments to what their behaviours did."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from harness.gate.attempts import CellRun
from harness.gate.compare import Key
from harness.gate.plan import (
    SIDES,
    Conditions,
    Plan,
    Side,
    Task,
    behaviours,
    check_selected,
    confirming_tasks,
    digest,
    first_tasks,
    parse_plan,
    parse_refusal,
    select,
)
from harness.gate.results import Listing, Results, SideRuns
from harness.gate.selection import NothingMatches
from harness.gate.sharing import in_turn, seconds, shares
from harness.gate.world import Built, Request, World
from harness.running.cells import CellRunner
from harness.running.cellstore import CellStore
from harness.running.conditions import (
    cell_environment,
    hardware,
    influences,
    released_here,
    sources_digest,
)
from harness.running.crew import Crew, beside, ended_by, wait_for_all
from harness.running.inside import inside_folder
from harness.running.progress import plural
from harness.running.sharing import SharedRunner
from harness.vocabulary.allocator import HUGE_PAGES
from harness.vocabulary.errors import HarnessError, NoEvidence
from harness.vocabulary.records import Outcome
from harness.vocabulary.stacks import Lock


def resolve(
    request: Request, world: World, locks: dict[Side, Lock], sides: Sequence[Side] = SIDES
) -> None:
    """Resolve all sides at once; those that resolve are in `locks` even where one does not.

    Raises StackFailure, UsageError, NoEvidence.
    """
    arguments: dict[Side, str] = {"baseline": request.baseline, "candidate": request.candidate}
    with ThreadPoolExecutor(2, thread_name_prefix="resolve") as pool:
        asked = {side: pool.submit(world.stacks.resolve, side, arguments[side]) for side in sides}
        with ended_by(world.interrupt, asked.values()):
            wait_for_all(asked.values())
    for side, future in sorted(asked.items(), key=lambda item: item[1].exception() is not None):
        locks[side] = future.result()


@dataclass(frozen=True)
class Standing:
    """A side that stands: what it can run, under which conditions, and what runs and keeps it."""

    side: Side
    plan: Plan
    conditions: Conditions
    cells: CellRunner
    store: CellStore


class Sides:
    """Runs the cells of the sides that `locks` has. `results` fills as they end."""

    def __init__(self, request: Request, world: World, locks: Mapping[Side, Lock]) -> None:
        self.request = request
        self.world = world
        self.locks = locks
        self.sides = tuple(side for side in SIDES if side in locks)
        self.results = Results()
        self._store = CellStore(world.places.cache / "cells")
        environment = cell_environment(
            world.variables,
            home=world.places.home,
            cache=world.places.cache,
            inside=inside_folder(world.places.cache, world.places.package),
            threads=request.threads,
        )
        self._cells = CellRunner(
            request,
            world.places.home,
            self._store,
            world.processes,
            world.listener,
            {**environment, **HUGE_PAGES},
            lambda: sources_digest(world.places.package, world.places.home),
        )
        self._conditions: dict[Side, Conditions] = {}
        self._counting = threading.Lock()
        self._kept: dict[Side, tuple[int, int]] = {}

    @property
    def notes(self) -> list[str]:
        """What the running of cells has to tell beside their results."""
        return self._cells.notes

    @property
    def built(self) -> Mapping[Side, Built]:
        """The environments that stand."""
        return self._cells.built

    def stand(self) -> Standing:
        """Build the environment of the one side and list its cells, and run none.

        Raises StackFailure, and NoEvidence where its behaviours could not be listed.
        """
        (side,) = self.sides
        self._store.sweep()
        with ThreadPoolExecutor(2, thread_name_prefix="build") as pool:
            subjects = pool.submit(self.world.prepare)
            standing = pool.submit(self._stand, side, subjects)
            with ended_by(self.world.interrupt, [subjects, standing]):
                wait_for_all([subjects, standing])
            listing = standing.result()
        self._check_listed()
        return self._standing(side, listing)

    def standing(self, side: Side) -> Standing:
        """A side that was run."""
        return self._standing(side, self.results.listings[side])

    def _standing(self, side: Side, listing: Listing) -> Standing:
        return Standing(side, listing.plan or (), self._conditions[side], self._cells, self._store)

    def run(self) -> None:
        """Run every cell of every side; one side's may start while another still builds.

        Raises StackFailure, and NoEvidence where no side could list its behaviours.
        """
        self._store.sweep()
        with ThreadPoolExecutor(3, thread_name_prefix="build") as pool:
            subjects = pool.submit(self.world.prepare)
            arriving = {side: pool.submit(self._arrive, side, subjects) for side in self.sides}
            with ended_by(self.world.interrupt, [subjects, *arriving.values()]):
                self.results.runs |= self._crew().run((), arriving, beside)
        self._check_listed()

    def _check_listed(self) -> None:
        listings = [self.results.listings[side] for side in self.sides]
        refusals = [listing.refusal for listing in listings if listing.refusal is not None]
        if len(refusals) == len(listings):
            raise refusals[0]
        if all(listing.plan is None for listing in listings):
            which = "neither stack" if len(listings) == 2 else "not one stack"
            raise NoEvidence(
                f"the behaviours could be listed under {which}",
                where="\n".join(dict.fromkeys(listing.problem for listing in listings)),
                allowed="stacks with pytest and syrupy in them, in which `harness` imports",
                next="harness stacks build STACK prints the python to try it with",
            )

    def outcomes(self) -> tuple[SideRuns, SideRuns]:
        """What both sides did, a mapping a repeat."""
        return self.results.outcomes(1 + self.request.confirm)

    def confirm(self, asked: Mapping[str, list[str]]) -> None:
        """Repeat behaviours, by cell, on both sides in turn."""
        cells = self.results.cells()
        first: dict[Side, dict[Key, Outcome]] = {
            side: runs[0] for side, runs in zip(SIDES, self.outcomes(), strict=True)
        }
        by_cell = {cells[cell]: behaviours for cell, behaviours in asked.items()}
        took = {
            cell: max(sum(seconds(run[name, cell.id]) for name in names) for run in first.values())
            for cell, names in by_cell.items()
        }
        tasks = [
            confirming_tasks(each, self.request.confirm, self._digests(), self._conditions)
            for each in shares(by_cell, took)
        ]
        count = sum(map(len, asked.values()))
        self.world.listener.say(
            f"confirming {plural(count, 'behaviour')} in {plural(len(asked), 'cell')}"
        )
        self.world.listener.planned(sum(map(len, tasks)))
        work = SharedRunner(self._cells, first)
        crew = Crew(work, self.world.processes.stop, self.request.parallel)
        for runs in crew.run([turn for each in tasks for turn in in_turn(each)]).values():
            self.results.runs |= runs

    def _crew(self) -> Crew[Task, CellRun]:
        return Crew(self._cells, self.world.processes.stop, self.request.parallel)

    def _arrive(self, side: Side, subjects: Future[Mapping[str, str]]) -> tuple[Task, ...]:
        """Build one side's environment, list its cells, and return its tasks."""
        listing = self._stand(side, subjects)
        tasks = first_tasks({side: listing.plan or ()}, self._digests(), self._conditions)
        self.world.listener.planned(len(tasks))
        self._tell_kept(side, tasks)
        return tasks

    def _stand(self, side: Side, subjects: Future[Mapping[str, str]]) -> Listing:
        """Build one side's environment and list its cells."""
        self._cells.built[side] = self.world.stacks.build(side, self.locks[side])
        self._conditions[side] = Conditions(
            sources=self._cells.keyed,
            hardware=hardware(self._cells.built[side].version),
            environment=influences(self._cells.environment) | released_here(self.world.places.home),
            subjects=subjects.result(),
            threads=self.request.threads,
        )
        listing = self._list(side)
        self.results.listings[side] = listing
        return listing

    def _tell_kept(self, side: Side, tasks: tuple[Task, ...]) -> None:
        """When all sides are known, how many of their cells need not run again."""
        kept = sum(self._store.has(task.key) for task in tasks) if self.request.cache else 0
        with self._counting:
            self._kept[side] = (kept, len(tasks))
            if len(self._kept) == len(self.sides) and any(kept for kept, _ in self._kept.values()):
                kept, total = (sum(counts) for counts in zip(*self._kept.values(), strict=True))
                self.world.listener.tell(f"{kept} of {total} cells are kept from before")

    def _digests(self) -> dict[Side, str]:
        return {side: lock.digest for side, lock in self.locks.items()}

    def _list(self, side: Side) -> Listing:
        listing = self._whole(side)
        if listing.plan is None:
            return listing
        plan = select(listing.plan, self.request.select)
        try:
            asked = self.request
            check_selected(plan, listing.plan, asked.select, asked.tier, asked.selected_by)
        except NothingMatches as error:
            if not listing.problem:
                raise
            raise NoEvidence(
                f"{error.what}, of those that could be listed: listing met errors",
                where=listing.problem,
                next="mend what the errors name, then give the same command",
            ) from None
        return replace(listing, plan=plan, left_out=behaviours(listing.plan) - behaviours(plan))

    def _whole(self, side: Side) -> Listing:
        """What the plugin lists under `side`, kept from before if it is."""
        kept = self._store.directory / "plans" / f"{self._plan_key(side)}.json"
        plan = _read_plan(kept) if self.request.cache else None
        if plan is not None:
            return Listing(plan)
        work = self._store.open("list")
        try:
            text, problem = self._cells.list_cells(side, work)
            refusal = parse_refusal(text)
            if not text or refusal:
                return Listing(None, str(refusal or problem), refusal)
            plan = parse_plan(text, f"the {side}")
            if not problem:
                kept.parent.mkdir(parents=True, exist_ok=True)
                (work / "cells.json").replace(kept)
            return Listing(plan, problem)
        finally:
            self._store.drop(work)

    def _plan_key(self, side: Side) -> str:
        conditions = self._conditions[side]
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


def _read_plan(path: Path) -> Plan | None:
    try:
        return parse_plan(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError, HarnessError):
        return None
