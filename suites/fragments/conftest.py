"""Code fragments of the documents, run as written over stand-ins for what they load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.subjects.standins import lay_out
from harness.vocabulary.places import home

LIMIT = 300.0


@dataclass(frozen=True)
class Ran:
    """What a fragment raised (None if nothing) and printed, and the values of the expressions
    asked for."""

    error: str | None
    printed: str
    values: Mapping[str, Any]

    def value(self, label: str) -> Any:
        """One of the values; raises RuntimeError with what the fragment raised."""
        if self.error is not None:
            raise RuntimeError(self.error)
        return self.values[label]


@pytest.fixture
def run_fragments(keep: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`run_fragments(asked)`: all fragments of a library in one process, once a cell.

    `asked` gives for each fragment by name the expressions to evaluate in its namespace.
    """

    def run(asked: Mapping[str, Mapping[str, str]]) -> Mapping[str, Ran]:
        return keep("fragments", _in_process(asked, tmp_path_factory.mktemp("fragments")))

    return run


def _in_process(
    asked: Mapping[str, Mapping[str, str]], place: Path
) -> Callable[[], Mapping[str, Ran]]:
    def make() -> Mapping[str, Ran]:
        work = place / "work"
        work.mkdir()
        runner = Path(__file__).with_name("runner.py")
        out = place / "out.jsonl"
        done = subprocess.run(
            [sys.executable, str(runner), str(home() / "fixtures" / "fragments"), str(out)],
            input=json.dumps(asked),
            env={**os.environ, **lay_out(place / "hub")},
            cwd=work,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=LIMIT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the fragments' process ended: {done.stderr[-2000:]}")
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        return {line["name"]: Ran(line["error"], line["printed"], line["values"]) for line in lines}

    return make
