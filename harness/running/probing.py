"""Single runs of some behaviours in their cells under any stack: made once, kept, found again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from harness.blame.answers import of_imports
from harness.gate.plan import Task, cell_key
from harness.gate.world import Built, Stopped
from harness.running.blaming_stacks import SIDE
from harness.running.cells import CellRunner, files_of, of_cells, read
from harness.running.cellstore import Damaged
from harness.running.crew import ended_by, wait_for_all, wait_for_any
from harness.running.sides import Standing
from harness.vocabulary.blame import Key
from harness.vocabulary.cells import Cell
from harness.vocabulary.records import Header, Outcome, Record
from harness.vocabulary.stacks import Lock

PROBES = 2000
"""Added to a probe's replica: its runs are others than those of a gate."""

Probed = tuple[str, int, Key]
"""The digest of a lock, a replica, and what ran."""

NOTHING_COLLECTED = 5
"""pytest's exit code where none of what was asked for is there, and nothing went wrong."""

REFERENCE = -1
"""The replica of a run that says what an end is like: it is no evidence for what it says."""

START = 10.0
"""Seconds that a process is expected to take before its first behaviour, until one is timed."""


@dataclass(frozen=True)
class Run:
    """Behaviours in their cells to run in one process, under one stack.

    `build` makes the environment where it does not stand yet; None where it does not install.
    """

    lock: Lock
    build: Callable[[], Built | None]
    keys: tuple[Key, ...]
    replica: int


@dataclass(frozen=True)
class Making:
    """A run under way, and what each behaviour did when it is made; None: there is no stack."""

    run: Run
    future: Future[dict[Key, Outcome] | None]


@dataclass
class Prober:
    """Runs behaviours under the stacks of a search, `parallel` processes at a time.

    `standing` is a side of the same suites, under whose conditions everything runs; `known`
    are outcomes from elsewhere, by lock, replica and key; None for what was not collected.
    `interrupt` ends the builds that runs wait for.
    """

    standing: Standing
    cells: Mapping[str, Cell]
    interrupt: Callable[[], None]
    known: dict[Probed, Outcome | None] = field(default_factory=dict)
    asked: int = 0
    made: int = 0
    _not_kept: set[Probed] = field(default_factory=set)
    _open: list[Future[dict[Key, Outcome] | None]] = field(default_factory=list)
    _started: list[str] = field(default_factory=list)
    _runners: dict[str, CellRunner] = field(default_factory=dict)
    _spent: list[tuple[float, float]] = field(default_factory=list)
    _pool: ThreadPoolExecutor | None = None

    def lacks(self, lock: Lock, keys: Iterable[Key], replica: int) -> tuple[Key, ...]:
        """Those of `keys` that would have to run."""
        return tuple(key for key in keys if not self._has(lock, key, replica))

    def cost(self, lacking: Collection[Key], usual: Callable[[Key], float]) -> float:
        """The seconds that running `lacking` takes, where each behaviour takes its usual ones."""
        start = START
        if self._spent:
            start = sum(spent - usually for spent, usually in self._spent) / len(self._spent)
        return max(start, 1.0) + sum(map(usual, lacking)) if lacking else 0.0

    def begin(self, run: Run) -> Making:
        """Start to make a run in a process of its own, as soon as fewer run than may.

        Its environment is built there, too: other runs go on meanwhile.
        """
        if self._pool is None:
            parallel = self.standing.cells.request.parallel
            self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="probe")
        making = Making(run, self._pool.submit(self._make, run))
        self._open[:] = [each for each in self._open if not each.done()] + [making.future]
        return making

    def wait(self, under_way: Collection[Making]) -> None:
        """Wait until one of these is made."""
        wait_for_any([each.future for each in under_way])

    @contextmanager
    def searching(self) -> Iterator[None]:
        """Runs are begun in this block, and none goes on after its end or after Ctrl-C.

        Ctrl-C ends all of them; what a search gave up, as the disk was full, is waited for. Where
        another error leaves the block, they run to their end and are kept.
        """
        with ended_by(self._end, self._open):
            yield
            wait_for_all(self._open)

    def _end(self) -> None:
        self.standing.cells.processes.stop()
        self.interrupt()

    def finish(self, making: Making) -> None:
        """Take in what a run did that is made; every outcome with evidence was kept before.

        Raises NoEvidence.
        """
        run, made = making.run, making.future.result()
        if made is None:
            return
        self.made += len(run.keys)
        self.known |= {(run.lock.digest, run.replica, key): made.get(key) for key in run.keys}

    def run(self, run: Run) -> None:
        """Make a run. Raises NoEvidence."""
        making = self.begin(run)
        self.wait([making])
        self.finish(making)

    def find(self, lock: Lock, keys: Collection[Key], replica: int) -> Mapping[Key, Outcome]:
        """The outcomes of `keys` that are known or kept; one that was not collected has none."""
        self.asked += len(keys)
        there = [key for key in keys if self._has(lock, key, replica)]
        found = {key: self.known[lock.digest, replica, key] for key in there}
        return {key: outcome for key, outcome in found.items() if outcome is not None}

    @property
    def processes(self) -> int:
        """How many were started."""
        return len(self._started)

    @property
    def kept(self) -> int:
        """How many of the outcomes asked for did not have to run for it."""
        return self.asked - self.made

    def _has(self, lock: Lock, key: Key, replica: int) -> bool:
        """Whether it is known what ran; now, where it is kept from before."""
        place = (lock.digest, replica, key)
        if place in self.known or place in self._not_kept:
            return place in self.known
        if self.standing.cells.request.cache:
            entry = self.standing.store.get(self._key(lock, key, replica))
            if isinstance(entry, Damaged):
                self.standing.store.drop(entry.path)
            elif entry is not None:
                (outcome,) = entry.outcomes
                self.known[place] = of_imports(outcome, entry.header.imports)
        if place not in self.known:
            self._not_kept.add(place)
        return place in self.known

    def _make(self, run: Run) -> dict[Key, Outcome] | None:
        """Run all in one process, and cell by cell what that did not come to."""
        built = run.build()
        if built is None:
            return None
        begun = time.monotonic()
        runner = self._runner(run.lock, built)
        made, whole = self._together(run, runner)
        for cell, keys in _by_cell(() if whole else (key for key in run.keys if key not in made)):
            made |= self._alone(run, runner, cell, keys)
        spent = sum(outcome.seconds for outcome in made.values())
        self._spent.append((time.monotonic() - begun, spent))
        return made

    def _runner(self, lock: Lock, built: Built) -> CellRunner:
        if lock.digest not in self._runners:
            own = replace(self.standing.cells, built={SIDE: built}, listener=_Unheard())
            self._runners[lock.digest] = own
        return self._runners[lock.digest]

    def _together(self, run: Run, runner: CellRunner) -> tuple[dict[Key, Outcome], bool]:
        """What the behaviours did in one process, and whether the others are not there."""
        store = self.standing.store
        work = store.open("probe")
        try:
            arguments, record = of_cells(run.keys, work)
            files = files_of(name for name, _ in run.keys)
            self._started.append("together")
            try:
                ended = runner.start(SIDE, arguments, work, work / "attempt.log", files=files)
            except Stopped:
                self._came(run, runner, record)
                raise
            came = self._came(run, runner, record)
            if came is None:
                return {}, False
            made = {each.key: of_imports(each, came.header.imports) for each in came.outcomes}
            return made, came.complete if made else ended.code == NOTHING_COLLECTED
        finally:
            store.drop(work)

    def _came(self, run: Run, runner: CellRunner, record: Path) -> Record | None:
        """What a process recorded of the behaviours that it was to run; it is kept, also after
        Ctrl-C: each that came to its end is an answer."""
        came = read(record)
        if came is None:
            return None
        asked = tuple(each for each in came.outcomes if each.key in run.keys)
        self._keep(run, runner, came.header, asked)
        return replace(came, outcomes=asked)

    def _alone(
        self, run: Run, runner: CellRunner, cell: str, keys: tuple[Key, ...]
    ) -> dict[Key, Outcome]:
        """One cell as a gate runs it: a process that dies costs one behaviour."""
        names = tuple(name for name, _ in keys)
        where = self.cells[cell]
        key = cell_key(
            run.lock.digest, where, names, PROBES + run.replica, self.standing.conditions
        )
        self._started.append(cell)
        done = runner(Task(SIDE, run.replica, where, names, key))
        if done.header is not None:
            self._keep(run, runner, done.header, done.outcomes.values())
        imports = done.header.imports if done.header is not None else {}
        return {each.key: of_imports(each, imports) for each in done.outcomes.values()}

    def _keep(
        self, run: Run, runner: CellRunner, header: Header, outcomes: Iterable[Outcome]
    ) -> None:
        """Keep each outcome for itself, so that it is found whatever it is asked with."""
        if not runner.request.cache or not runner.as_keyed():
            return
        for outcome in outcomes:
            if outcome.status != "unknown":
                key = self._key(run.lock, outcome.key, run.replica)
                self.standing.store.keep(key, self.standing.store.open(key), header, [outcome])
                self._not_kept.discard((run.lock.digest, run.replica, outcome.key))

    def _key(self, lock: Lock, key: Key, replica: int) -> str:
        behaviour, cell = key
        return cell_key(
            lock.digest,
            self.cells[cell],
            (behaviour,),
            PROBES + replica,
            self.standing.conditions,
        )


class _Unheard:
    """What a process of a search does is no cell of a gate, and told as a probe."""

    def say(self, text: str) -> None: ...

    def tell(self, text: str) -> None: ...

    def planned(self, tasks: int) -> None: ...

    def finished(self, task: Task, seconds: float, kept: bool) -> None: ...

    def ended(self, name: str, behaviours: int, seconds: float, kept: bool) -> None: ...


def _by_cell(keys: Iterable[Key]) -> list[tuple[str, tuple[Key, ...]]]:
    ordered = sorted(keys, key=lambda key: key[1])
    return [(cell, tuple(part)) for cell, part in groupby(ordered, key=lambda key: key[1])]
