"""Running faults, each in a process of its own, against runs without one."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.faults import Fault
from harness.gate.attempts import Attempt
from harness.gate.compare import Key
from harness.gate.plan import Side
from harness.gate.world import Request, StackFailure, World
from harness.running.cells import files_of, read, tail
from harness.running.cellstore import Damaged
from harness.running.crew import Crew
from harness.running.sides import Sides, Standing, resolve
from harness.sensitivity.ended import TrialRun, conclude
from harness.sensitivity.judge import judge, listed, unsteady
from harness.sensitivity.trials import Trial, fault_trial, reference_trials, shown_to
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.faults import Sensitivity
from harness.vocabulary.records import Outcome
from harness.vocabulary.stacks import Lock


@dataclass(frozen=True)
class Bounds:
    """Parts of one: of all faults, and of those of each library."""

    total: float
    library: float


def run_sensitivity(
    request: Request, world: World, faults: Sequence[Fault], bounds: Bounds, timeout: float
) -> Sensitivity:
    """Put `faults` one at a time into the libraries of `request.baseline`.

    `timeout` is in seconds, of the run of one fault. Raises StackError where the stack cannot
    be made, NoEvidence where nothing could be run, KeyboardInterrupt after stopping what ran.
    """
    begun = time.monotonic()
    locks: dict[Side, Lock] = {}
    try:
        resolve(request, world, locks, ("baseline",))
        sides = Sides(request, world, locks)
        trials = Trials(sides.stand(), locks["baseline"].digest, world, request, timeout)
    except StackFailure as failure:
        raise failure.error from failure
    found = trials.run(faults, bounds)
    return replace(
        found,
        notes=(*sides.notes, *sides.results.oddities()),
        seconds=time.monotonic() - begun,
    )


class Trials:
    """Runs the trials of some faults on one side that stands, and judges them."""

    def __init__(
        self, standing: Standing, lock: str, world: World, request: Request, timeout: float
    ) -> None:
        self._standing = standing
        self._lock = lock
        self._world = world
        self._request = request
        self._timeout = timeout
        self._keyed: dict[str, str] = {}

    def run(self, faults: Sequence[Fault], bounds: Bounds) -> Sensitivity:
        """Everything that the faults are shown to without any, twice; then each fault."""
        shown = {fault.id: shown_to(fault, self._standing.plan) for fault in faults}
        conditions = self._standing.conditions
        without = reference_trials(shown.values(), self._lock, conditions)
        if not without:
            raise NoEvidence(
                "no fault is shown to a behaviour that this stack has",
                where=self._request.baseline,
                allowed="the folders, files or ids that faults name",
                next="harness sensitivity --list",
            )
        self._keyed = {module: self._digest(module) for module in {each.module for each in faults}}
        trials = [
            fault_trial(each, shown[each.id], self._keyed[each.module], self._lock, conditions)
            for each in faults
            if shown[each.id]
        ]
        runs = self._run_all([*without, *trials])
        first, second = (_merged(runs, without, repeat) for repeat in (0, 1))
        left_out = unsteady(first, second)
        by_fault = {trial.fault: run for trial, run in runs.items() if trial.fault}
        nothing = TrialRun(None, {})
        return Sensitivity(
            self._request.baseline,
            tuple(
                judge(each, shown[each.id], first, left_out, by_fault.get(each.id, nothing))
                for each in faults
            ),
            listed(left_out),
            bounds.total,
            bounds.library,
        )

    def _digest(self, module: str) -> str:
        """sha256 over the files that define a fault and how it is installed."""
        folder = self._world.places.package / "faults"
        files = sorted(file for file in folder.glob("*.py") if not file.name.startswith("of_"))
        files.append(folder / f"{module.rpartition('.')[2]}.py")
        total = hashlib.sha256()
        for file in files:
            total.update(hashlib.sha256(file.read_bytes()).digest())
        return total.hexdigest()

    def _run_all(self, trials: Sequence[Trial]) -> dict[Trial, TrialRun]:
        listener, cache = self._world.listener, self._request.cache
        listener.planned(len(trials))
        kept = sum(self._standing.store.has(trial.key) for trial in trials) if cache else 0
        if kept:
            listener.tell(f"{kept} of {len(trials)} runs are kept from before")
        crew = Crew(self._one, self._world.processes.stop, self._request.parallel)
        return crew.run(trials)

    def _one(self, trial: Trial) -> TrialRun:
        begun = time.monotonic()
        kept = self._kept(trial) if self._request.cache else None
        run = kept or self._start(trial)
        seconds = time.monotonic() - begun
        self._world.listener.ended(trial.name, len(trial.asked), seconds, kept is not None)
        return run

    def _kept(self, trial: Trial) -> TrialRun | None:
        store = self._standing.store
        found = store.get(trial.key)
        if isinstance(found, Damaged):
            store.drop(found.path)
            return None
        if found is None:
            return None
        return TrialRun(found.header, {each.key: each for each in found.outcomes}, final=True)

    def _start(self, trial: Trial) -> TrialRun:
        store = self._standing.store
        work = store.open(trial.key)
        try:
            run = self._ran(trial, work)
            store.drop(work / "tmp")
            if run.final and run.header and self._request.cache and self._as_keyed():
                store.keep(trial.key, work, run.header, run.outcomes.values())
            return run
        finally:
            store.drop(work)

    def _as_keyed(self) -> bool:
        """Whether suites, harness and faults still are those that keys were made of."""
        same = all(self._digest(module) == digest for module, digest in self._keyed.items())
        return same and self._standing.cells.as_keyed()

    def _ran(self, trial: Trial, work: Path) -> TrialRun:
        wanted, record, log = work / "behaviours.txt", work / "attempt.jsonl", work / "run.log"
        wanted.write_text("".join(f"{name}@{cell}\n" for name, cell in trial.asked), "utf-8")
        ended = self._standing.cells.start(
            self._standing.side,
            [
                *("--record", str(record), "--snapshots", "witness"),
                *("--behaviours-from", str(wanted), "--basetemp", str(work / "tmp")),
                *(("--fault", trial.fault) if trial.fault else ()),
            ],
            work,
            log,
            self._timeout if trial.fault else None,
            files_of(name for name, _ in trial.asked),
        )
        return conclude(trial, Attempt(read(record), ended.end, ended.how, tail(log)), ended.code)


def _merged(
    runs: Mapping[Trial, TrialRun], trials: Iterable[Trial], repeat: int
) -> dict[Key, Outcome]:
    """The outcomes of all cells in one run without a fault."""
    merged: dict[Key, Outcome] = {}
    for trial in trials:
        if trial.repeat == repeat:
            merged |= runs[trial].outcomes
    return merged
