"""Running one task: from the store if it is there, else in processes of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.gate.attempts import Attempt, CellRun, advance, begin
from harness.gate.plan import Side, Task
from harness.gate.world import Built, Ended, Listener, Processes, Request
from harness.running.cellstore import CellStore, Damaged
from harness.vocabulary.errors import NoEvidence, RecordError
from harness.vocabulary.records import Record, parse

_TAIL_LINES = 12
_WHOLE = (0, 1, 5)
"""pytest's exit codes after a run to its end."""


@dataclass
class CellRunner:
    """Runs tasks for one gate. `built` is filled in as environments stand.

    `sources` computes the digest of what runs inside a stack; `keyed` is what it was when
    the gate began: a runner that is made of another keeps to that.
    """

    request: Request
    home: Path
    store: CellStore
    processes: Processes
    listener: Listener
    environment: Mapping[str, str]
    sources: Callable[[], str]
    notes: list[str] = field(default_factory=list)
    built: dict[Side, Built] = field(default_factory=dict)
    keyed: str = ""

    def __post_init__(self) -> None:
        self.keyed = self.keyed or self.sources()

    def __call__(self, task: Task) -> CellRun:
        begun = time.monotonic()
        kept = self.kept(task)
        run = kept or self._run(task)
        self.listener.finished(task, time.monotonic() - begun, kept is not None)
        return run

    def kept(self, task: Task) -> CellRun | None:
        """What a task did before, where that is to be used."""
        found = self.store.get(task.key) if self.request.cache else None
        if isinstance(found, Damaged):
            self.notes.append(
                f"the kept result of {task.cell} ({task.side}) was damaged and ran again: "
                f"{found.reason}"
            )
            self.store.drop(found.path)
            return None
        if found is None:
            return None
        return CellRun(found.header, {each.behaviour: each for each in found.outcomes}, ())

    def keep(self, task: Task, run: CellRun) -> None:
        """Keep what a task did in another process than its own."""
        work = self.store.open(task.key)
        try:
            self._keep(task, work, run)
        finally:
            self.store.drop(work)

    def _keep(self, task: Task, work: Path, run: CellRun) -> None:
        if run.header and run.conclusive and self.request.cache and self.as_keyed():
            self.store.keep(task.key, work, run.header, run.outcomes.values())

    def _run(self, task: Task) -> CellRun:
        work = self.store.open(task.key)
        try:
            run = begin(task.behaviours)
            number = 0
            while run.remaining:
                number += 1
                run = advance(run, task.cell.id, self._attempt(task, run.remaining, work, number))
            self.store.drop(work / "tmp")
            self._keep(task, work, run)
            return run
        finally:
            self.store.drop(work)

    def as_keyed(self) -> bool:
        """Whether the sources still are those that keys were made of; told once if not."""
        if self.sources() == self.keyed:
            return True
        note = "the suites or the harness changed while the gate ran: its results are not kept"
        if note not in self.notes:
            self.notes.append(note)
        return False

    def _attempt(self, task: Task, behaviours: tuple[str, ...], work: Path, number: int) -> Attempt:
        wanted = work / f"behaviours-{number}.txt"
        wanted.write_text("".join(f"{name}\n" for name in behaviours), encoding="utf-8")
        record, log = work / f"attempt-{number}.jsonl", work / f"attempt-{number}.log"
        ended = self.start(
            task.side,
            [
                *("--cell", task.cell.id, "--record", str(record), "--snapshots", "witness"),
                *("--behaviours-from", str(wanted), "--basetemp", str(work / "tmp")),
            ],
            work,
            log,
            files=files_of(behaviours),
        )
        return Attempt(read(record), ended.end, ended.how, tail(log))

    def list_cells(self, side: Side, work: Path) -> tuple[str, str]:
        """What the plugin lists under `side`: the plan's text, or "" and the end of the output."""
        listed, log = work / "cells.json", work / "cells.log"
        ended = self.start(side, ["--list-cells", str(listed)], work, log)
        if not listed.is_file():
            return "", tail(log) or ended.how
        return listed.read_text(encoding="utf-8"), "" if ended.code == 0 else tail(log)

    def start(
        self,
        side: Side,
        arguments: list[str],
        work: Path,
        log: Path,
        timeout: float | None = None,
        files: Sequence[str] = ("",),
    ) -> Ended:
        """Run the suites under `side` with these arguments of the plugin, in `work`.

        `files` are those below the suites that are looked into, all of them if none is named.
        """
        command = [str(self.built[side].python), "-m", "pytest", "-p", "harness.plugin"]
        command += ["-c", str(self.home / "pyproject.toml"), "--rootdir", str(self.home)]
        command += [
            *(str(self.home / "suites" / file) for file in files),
            "-p",
            "no:cacheprovider",
            "-q",
            "--color=no",
        ]
        command += ["--continue-on-collection-errors", "--threads", str(self.request.threads)]
        command += ["--end-at-once"]
        ended = self.processes.run(
            [*command, *self.request.options, *arguments],
            environment=self.environment,
            cwd=work,
            log=log,
            timeout=timeout or self.request.cell_timeout,
            memory_limit=self.request.memory_limit,
        )
        _check_space(ended, log)
        return ended


def of_cells(keys: Iterable[tuple[str, str]], work: Path) -> tuple[list[str], Path]:
    """Arguments of the plugin that have it run behaviours of several cells, and the record that it
    then writes."""
    wanted, record = work / "behaviours.txt", work / "attempt.jsonl"
    wanted.write_text("".join(f"{name}@{cell}\n" for name, cell in keys), encoding="utf-8")
    return [
        *("--record", str(record), "--snapshots", "witness"),
        *("--behaviours-from", str(wanted), "--basetemp", str(work / "tmp")),
    ], record


def files_of(behaviours: Iterable[str]) -> list[str]:
    """The files below the suites that have these; to read all of them takes a second."""
    return sorted({name.partition("::")[0] for name in behaviours})


def read(path: Path) -> Record | None:
    """The record as far as it was written; None where not even its header was."""
    try:
        return parse(path.read_text(encoding="utf-8", errors="replace"), str(path))
    except (OSError, RecordError):
        return None


def tail(log: Path) -> str:
    """The last lines of a process's output that say something."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-_TAIL_LINES:])


def _check_space(ended: Ended, log: Path) -> None:
    if ended.code not in _WHOLE and "No space left on device" in tail(log):
        raise NoEvidence(
            "no space left on the disk while a cell ran",
            where=str(log.parent),
            next="free some space (harness stacks prune), then give the same command: "
            "finished cells are kept",
        )
