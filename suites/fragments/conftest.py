"""Code fragments of the documents, run as written over stand-ins for what they load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.subjects.standins import lay_out
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.places import home

LIMIT = 300.0
KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR", "SYSTEMROOT")


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
    Raises NoEvidence, every time, where that process did not come to its end.
    """

    def run(asked: Mapping[str, Mapping[str, str]]) -> Mapping[str, Ran]:
        def once() -> Mapping[str, Ran] | NoEvidence:
            try:
                return in_process(asked, tmp_path_factory.mktemp("fragments"), LIMIT)
            except NoEvidence as error:
                return error

        found = keep(f"fragments {json.dumps(asked)}", once)
        if isinstance(found, NoEvidence):
            raise found
        return found

    return run


def in_process(
    asked: Mapping[str, Mapping[str, str]], place: Path, limit: float
) -> Mapping[str, Ran]:
    """What each fragment did, in a process of its own that sees the stand-ins and nothing else.

    Raises NoEvidence where it took longer than `limit` seconds or ended without an answer.
    """
    (place / "work").mkdir()
    (place / "home").mkdir()
    out = place / "out.jsonl"
    runner = Path(__file__).with_name("runner.py")
    try:
        done = subprocess.run(
            [sys.executable, str(runner), str(home() / "fixtures" / "fragments"), str(out)],
            input=json.dumps(asked),
            env=environment(place / "home", lay_out(place / "hub")),
            cwd=place / "work",
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NoEvidence(f"the fragments' process took longer than {limit:.0f} s") from error
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2][-200:]
        raise NoEvidence(f"the fragments' process ended with {done.returncode}: {last}")
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return {line["name"]: Ran(line["error"], line["printed"], line["values"]) for line in lines}


def environment(own_home: Path, hub: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the user's but where programs are: one thread, no GPU, no network, no tokens."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    none = {
        "CUDA_VISIBLE_DEVICES": "",
        "HIP_VISIBLE_DEVICES": "",
        "TOKENIZERS_PARALLELISM": "false",
    }
    return {**kept, **threads, **none, **hub, "HOME": str(own_home)}
