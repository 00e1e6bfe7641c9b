"""Scripts for changes, each run under both stacks before it is believed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.gate.plan import SIDES, Conditions, Side, digest
from harness.gate.world import Ended, Stopped, World
from harness.reproduce import Asked, Project, Script, Stack, Unflattenable, script
from harness.running.cells import files_of, tail
from harness.running.conditions import cell_environment
from harness.running.crew import Crew
from harness.running.inside import inside_folder
from harness.running.installed import Site, links, packages_imported, read_site
from harness.running.kept import keep_json
from harness.running.sides import Sides
from harness.vocabulary.blame import Change, Key
from harness.vocabulary.cells import Cell
from harness.vocabulary.gated import BehaviourVerdict
from harness.vocabulary.reproducers import SHOWS, SHOWS_NOT, Reproducer
from harness.vocabulary.stacks import Lock
from harness.vocabulary.subjects import Subject
from harness.vocabulary.verdicts import Verdict

CODES: Mapping[Side, int] = {"baseline": 0, "candidate": 1}
"""The exit code that a script must have under each side."""

LIMIT = 600.0
"""Seconds that a script may take."""


@dataclass(frozen=True)
class Question:
    """The changes of a gate: between which locks, under which interpreters, in which cells.

    `digests` are those of the subjects' files, `options` the plugin's that choose cells,
    `conditions` what else a run depends on; `parallel` scripts run at a time.
    """

    locks: Mapping[Side, Lock]
    pythons: Mapping[Side, Path]
    cells: Mapping[str, Cell]
    subjects: Mapping[str, Subject]
    digests: Mapping[str, str]
    conditions: Mapping[Side, Conditions]
    options: tuple[str, ...] = ()
    threads: int = 1
    parallel: int = 1


@dataclass
class Reproducing:
    """Writes and runs scripts for one gate; what was seen is kept by content in the cache."""

    question: Question
    world: World
    _sites: dict[Side, Site] = field(default_factory=dict)

    def reproducers(self, changes: Sequence[Change]) -> tuple[Reproducer, ...]:
        """A script for each of `changes`, verified, or why there is none.

        Raises KeyboardInterrupt; what was seen until then is kept.
        """
        if not changes:
            return ()
        self._sites = {side: read_site(self.question.pythons[side]) for side in SIDES}
        parameters = self._parameters([change.key for change in changes])
        numbered = {change.key: (number, change) for number, change in enumerate(changes, 1)}

        def one(key: Key) -> Reproducer:
            number, change = numbered[key]
            self.world.listener.say(f"script {number} of {len(changes)}: {change.behaviour}")
            return self._reproducer(change, parameters)

        found = Crew(one, self.world.processes.stop, self.question.parallel).run(numbered)
        return tuple(_named_apart(found[key] for key in numbered))

    def _reproducer(
        self, change: Change, parameters: Mapping[Key, Mapping[str, str | None]]
    ) -> Reproducer:
        try:
            asked = self._asked(change, parameters)
            written = self._written(asked)
            reason = self._verified(written)
            if reason and (beside := self._imported(written)):
                # Libraries use what they do not require, where it is there.
                written = self._written(replace(asked, beside=beside))
                reason = self._verified(written)
        except Unflattenable as error:
            return Reproducer(*change.key, reason=str(error))
        except (ValueError, LookupError, SyntaxError, RecursionError) as error:
            # Code of a kind that was not foreseen: the report must not be lost to it.
            return Reproducer(*change.key, reason=f"it could not be cut out: {error!r}")
        if reason:
            return Reproducer(*change.key, reason=reason)
        return Reproducer(*change.key, written.name, written.text)

    def _written(self, asked: Asked) -> Script:
        return script(
            asked,
            self._stack("baseline"),
            self._stack("candidate"),
            _project(self.world),
            self._sites["candidate"].python,
        )

    def _stack(self, side: Side) -> Stack:
        return Stack(self.question.locks[side], self._sites[side].installed)

    def _asked(self, change: Change, parameters: Mapping[Key, Mapping[str, str | None]]) -> Asked:
        cell = self.question.cells[change.cell]
        values: dict[str, str] = {}
        for name, value in parameters.get(change.key, {}).items():
            if value is None:
                raise Unflattenable(f"its parameter {name} is no plain value")
            values[name] = value
        subject = self.question.subjects.get(cell.subject)
        return Asked(change, cell, subject, self.question.digests.get(cell.subject, ""), values)

    def _verified(self, written: Script) -> str:
        """Why the script is not to be believed; "" where it does what it says."""
        for side in reversed(SIDES):
            code, said = self._seen(written, side)
            if code != CODES[side]:
                last = said.rpartition("\n")[2]
                return f"its script {_DID[code]} under the {side}: {last}"
        return ""

    def _seen(self, written: Script, side: Side) -> tuple[int, str]:
        """The script's exit code under a side, and its last words; kept from before if it is."""
        name = f"{self._key(written, side)}.json"
        kept = self.world.places.cache / "reproducers" / name
        found = _read_seen(kept)
        if found is None:
            found = self._run(written, side)
            if found[0] in (0, 1):
                keep_json(kept, found)
        return found

    def _key(self, written: Script, side: Side) -> str:
        """Names what a script does by all that it depends on; its files are part of its text."""
        lock, on = self.question.locks[side].digest, self.question.conditions[side]
        return digest([lock, written.text, dict(on.hardware), dict(on.environment), on.threads])

    def _run(self, written: Script, side: Side) -> tuple[int, str]:
        """Run it in an empty folder, with no packages to import but those that it names."""
        with tempfile.TemporaryDirectory(prefix="harness-reproducer-") as scratch:
            place = Path(scratch)
            path = links(self._sites[side], written.packages[side], place / "packages")
            ended = self._started(written, side, "-S", place, path)
            said = tail(place / "log")
            return _code(ended, said), said or ended.how

    def _imported(self, written: Script) -> tuple[str, ...]:
        """The packages that it imports under either side, with all of an environment there."""
        found: set[str] = set()
        for side in SIDES:
            with tempfile.TemporaryDirectory(prefix="harness-imported-") as scratch:
                place = Path(scratch)
                self._started(written, side, "-Ximporttime", place, place / "empty")
                log = (place / "log").read_text(encoding="utf-8", errors="replace")
                found |= packages_imported(log, self._sites[side])
        return tuple(sorted(found))

    def _started(self, written: Script, side: Side, how: str, place: Path, path: Path) -> Ended:
        """Start it with an option of Python and wait for its end; it says what it says in `log`."""
        (place / "empty").mkdir()
        file = place / written.name
        file.write_text(written.text, encoding="utf-8")
        command = [str(self.question.pythons[side]), how, str(file)]
        return self._process(command, place / "empty", place / "log", path)

    def _parameters(self, keys: Sequence[Key]) -> Mapping[Key, Mapping[str, str | None]]:
        """What the candidate's pytest says of the behaviours' parameters; nothing if it fails."""
        with tempfile.TemporaryDirectory(prefix="harness-parameters-") as scratch:
            place, home = Path(scratch), self.world.places.home
            wanted, out = place / "wanted.txt", place / "parameters.json"
            wanted.write_text("".join(f"{name}@{cell}\n" for name, cell in keys), encoding="utf-8")
            command = [str(self.question.pythons["candidate"]), "-m", "pytest"]
            command += ["-p", "harness.plugin", "-p", "harness.parameters"]
            command += ["-c", str(home / "pyproject.toml"), "--rootdir", str(home)]
            command += [str(home / "suites" / file) for file in files_of(name for name, _ in keys)]
            command += ["-p", "no:cacheprovider", "-q", *self.question.options]
            command += ["--behaviours-from", str(wanted), "--parameters", str(out)]
            inside = inside_folder(self.world.places.cache, self.world.places.package)
            self._process(command, place, place / "log", inside)
            found = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
        return {key: found.get("@".join(key), {}) for key in keys}

    def _process(self, command: list[str], cwd: Path, log: Path, path: Path) -> Ended:
        environment = cell_environment(
            self.world.variables,
            home=self.world.places.home,
            cache=self.world.places.cache,
            inside=path,
            threads=self.question.threads,
        )
        try:
            return self.world.processes.run(
                command, environment=environment, cwd=cwd, log=log, timeout=LIMIT, memory_limit=None
            )
        except Stopped:
            raise KeyboardInterrupt from None


NOT_SHOWN = frozenset({Verdict.SAME, Verdict.FLAKY, Verdict.UNKNOWN, Verdict.FAILING})
"""Verdicts that are no change that a script could show."""


def of_gate(
    sides: Sides, behaviours: Iterable[BehaviourVerdict], subjects: Iterable[Subject]
) -> tuple[Reproducer, ...]:
    """Scripts for what a gate that has run found, as of the first run of each side."""
    old, new = (runs[0] for runs in sides.outcomes())
    changes = [
        Change(*key, each.verdict, old.get(key), new.get(key))
        for each in behaviours
        if each.verdict not in NOT_SHOWN
        for key in [(each.behaviour, each.cell)]
    ]
    question = Question(
        locks=sides.locks,
        pythons={side: built.python for side, built in sides.built.items()},
        cells=sides.results.cells(),
        subjects={subject.name: subject for subject in subjects},
        digests=sides.world.prepare(),
        conditions={side: sides.standing(side).conditions for side in SIDES},
        options=sides.request.options,
        threads=sides.request.threads,
        parallel=sides.request.parallel,
    )
    return Reproducing(question, sides.world).reproducers(changes)


def _read_seen(kept: Path) -> tuple[int, str] | None:
    """What was kept of a script; None where nothing was, or it is damaged."""
    try:
        code, said = json.loads(kept.read_text(encoding="utf-8"))
        return int(code), str(said)
    except (OSError, ValueError, TypeError):
        return None


def _named_apart(reproducers: Iterable[Reproducer]) -> Iterator[Reproducer]:
    """The same, with names that no two have."""
    taken: set[str] = set()
    for each in reproducers:
        name, number = each.name, 1
        while name and name in taken:
            number += 1
            name = f"{each.name.removesuffix('.py')}-{number}.py"
        taken.add(name)
        yield replace(each, name=name)


_DID = {0: "does not show the change", 1: "shows the change", 2: "does not run"}


def _code(ended: Ended, said: str) -> int:
    """0 or 1 where the script's own words go with it; 2 for whatever else a process ends with."""
    own = {0: SHOWS_NOT, 1: SHOWS}
    for code, words in own.items():
        if ended.end == "exited" and ended.code == code and words in said.splitlines():
            return code
    return 2


def _project(world: World) -> Project:
    """The project's files: the package from where it is installed, the rest from home."""
    places = world.places

    def find(path: str) -> Path:
        base = places.package.parent if path.startswith("harness/") else places.home
        return base / path

    def content(path: str) -> bytes | None:
        file = find(path)
        return file.read_bytes() if file.is_file() else None

    def text(path: str) -> str | None:
        data = content(path)
        return None if data is None else data.decode("utf-8")

    def below(path: str) -> tuple[str, ...]:
        files = sorted(file for file in find(path).rglob("*") if file.is_file())
        kept = [file for file in files if "__pycache__" not in file.parts]
        return tuple(str(file.relative_to(find(path).parents[path.count("/")])) for file in kept)

    return Project(text, content, below)
