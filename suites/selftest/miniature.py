"""A miniature world: tiny packages, tiny behaviours, real environments, real pytest processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 900
"""Seconds after which a command hangs, on however busy a machine."""

RUNNERS = ("pytest", "syrupy", "pytest-benchmark")


def tools() -> list[str]:
    """The distributions that run behaviours, with all that they require, as installed here."""
    found: dict[str, None] = {}
    waiting = list(RUNNERS)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            required = [Requirement(line) for line in metadata.requires(name) or ()]
            waiting += [r.name for r in required if r.marker is None or r.marker.evaluate()]
    return sorted(found)


def repack(directory: Path, name: str) -> str:
    """Make a wheel of an installed pure-python distribution; returns its pin.

    So the miniature world has the tools that run behaviours without any index.
    """
    distribution = metadata.distribution(name)
    normal = distribution.metadata["Name"].replace("-", "_")
    wheel = directory / f"{normal}-{distribution.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            inside = ".." not in file.parts and "__pycache__" not in file.parts
            if inside and path.is_file() and path.name not in ("INSTALLER", "REQUESTED"):
                archive.write(path, str(file))
    return f"{distribution.metadata['Name']}=={distribution.version}"


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Answer:
    """How a command of `harness` ended. `report` is what it wrote as JSON, if it did."""

    code: int
    out: str
    err: str
    report: dict[str, Any]

    def verdicts(self) -> dict[str, str]:
        """The verdict of each behaviour by the name of its test; of one cell at most."""
        found = {
            entry["id"].rpartition("::")[2]: entry["verdict"] for entry in self.report["behaviours"]
        }
        assert len(found) == len(self.report["behaviours"]), "a behaviour in several cells"
        return found

    def behaviour(self, name: str) -> dict[str, Any]:
        (found,) = [e for e in self.report["behaviours"] if e["id"].endswith(f"::{name}")]
        return dict(found)


class Miniature:
    """A home with suites, stacks, a wheelhouse and a cache of its own.

    Its wheelhouse begins with the tools' wheels, whose pins are `tools`.
    """

    def __init__(self, directory: Path, tool_wheels: Path, tools: Iterable[str]) -> None:
        self.home = directory / "home"
        self.cache = directory / "cache"
        self.wheelhouse = directory / "wheelhouse"
        self.wheelhouse.mkdir()
        for wheel in tool_wheels.iterdir():
            os.link(wheel, self.wheelhouse / wheel.name)
        self._tools = tuple(tools)
        for part in ("suites", "fixtures/stacks", "snapshots"):
            (self.home / part).mkdir(parents=True)
        (self.home / "fixtures" / "subjects.toml").write_text("")
        (self.home / "fixtures" / "claims.yaml").write_text("[]\n")
        (self.home / "conftest.py").write_text('pytest_plugins = ["harness.plugin"]\n')
        (self.home / "pyproject.toml").write_text(
            '[tool.pytest.ini_options]\naddopts = "--import-mode=importlib"\n'
        )

    def stack(self, name: str, *pins: str) -> None:
        """A stack of these pins, and of the tools that run behaviours."""
        text = "".join(f"{pin}\n" for pin in (*pins, *self._tools))
        (self.home / "fixtures" / "stacks" / f"{name}.txt").write_text(text)

    def suite(self, path: str, source: str) -> None:
        file = self.home / "suites" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        return {
            **kept,
            "HARNESS_HOME": str(self.home),
            "HARNESS_CACHE": str(self.cache),
            "UV_FIND_LINKS": str(self.wheelhouse),
            # An index without packages; uv has no variable that says "no index".
            "UV_DEFAULT_INDEX": self.wheelhouse.as_uri(),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "120",
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "harness", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `harness`; it hears SIGINT even where these tests run in the background."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            cwd=self.home,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=_hear_interrupts,
        )

    def run(self, *arguments: str) -> Answer:
        file = self.home / "answer.json"
        file.unlink(missing_ok=True)
        process = self.start(*arguments, "--json", str(file))
        out, err = process.communicate(timeout=PATIENCE)
        report = json.loads(file.read_text()) if file.is_file() else {}
        return Answer(process.returncode, out, err, report)

    def gate(self, *arguments: str) -> Answer:
        """`harness gate` with these arguments."""
        return self.run("gate", *arguments)

    def starts(self) -> int:
        """How often a process of cells was started so far in this world: the suites count them."""
        log = self.home / "starts.log"
        return len(log.read_text().splitlines()) if log.is_file() else 0

    def count_starts(self) -> None:
        """Have the miniature's conftest leave a line for each run of a cell."""
        (self.home / "conftest.py").write_text(COUNTING.format(log=str(self.home / "starts.log")))


COUNTING = """\
import pathlib

pytest_plugins = ["harness.plugin"]


def pytest_sessionstart(session):
    option = session.config.option
    if option.cell or option.behaviours_from:
        with pathlib.Path({log!r}).open("a") as log:
            log.write((option.cell or "several") + "\\n")
"""


def modules(name: str, source: str) -> Mapping[str, str]:
    return {f"{name}/__init__.py": source}
