"""A small project of its own, in which the real plugin runs real pytest processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

from harness.vocabulary.records import Outcome, Record, parse

PROJECT = Path(__file__).resolve().parents[2]
PYPROJECT = """
[tool.pytest.ini_options]
addopts = "--import-mode=importlib -p no:cacheprovider"
testpaths = ["suites"]
"""


@dataclass(frozen=True)
class Ran:
    """What one pytest process left: its exit status, its output, its run record if it wrote one."""

    code: int
    output: str
    record_file: Path

    @property
    def record(self) -> Record:
        return parse(self.record_file.read_text(encoding="utf-8"), str(self.record_file))

    def outcome(self, ending: str) -> Outcome:
        """The one outcome whose behaviour ends so."""
        (found,) = [o for o in self.record.outcomes if o.behaviour.endswith(ending)]
        return found


@dataclass(frozen=True)
class PluginWorld:
    """`behaviours` writes a suite, `run` runs pytest on it with the plugin."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> PluginWorld:
        for part in ("suites", "fixtures", "snapshots"):
            (root / part).mkdir()
        (root / "fixtures" / "subjects.toml").write_text("", encoding="utf-8")
        (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
        (root / "conftest.py").write_text('pytest_plugins = ["harness.plugin"]\n', encoding="utf-8")
        return cls(root)

    def behaviours(self, source: str, name: str = "test_suite.py") -> None:
        names = "documents, needs, precisions, requires, until"
        head = f"import pytest\nfrom harness.plugin import {names}\n"
        path = self.root / "suites" / name
        path.write_text(head + textwrap.dedent(source), encoding="utf-8")

    def run(self, *options: str, **environment: str) -> Ran:
        record = self.root / "run.jsonl"
        record.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--record={record}", *options],
            cwd=self.root,
            env={name: value for name, value in os.environ.items() if "XDIST" not in name}
            | {"PYTHONPATH": str(PROJECT), "HARNESS_HOME": str(self.root), "COLUMNS": "200"}
            | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        return Ran(done.returncode, done.stdout + done.stderr, record)
