"""The house: which part may import which, and that what decides does not act."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness

PACKAGE = Path(harness.__file__).parent
BELOW = {
    "vocabulary": set(),
    "measure": {"vocabulary"},
    "subjects": {"vocabulary"},
    "faults": {"vocabulary"},
    "plugin": {"vocabulary", "measure", "subjects", "faults"},
    "speed": {"vocabulary", "measure", "subjects", "faults"},
    "locating": {"vocabulary", "measure", "subjects"},
    "parameters": {"plugin"},
    "standalone": {"vocabulary", "measure", "subjects", "plugin"},
    "stacks": {"vocabulary"},
    "execution": {"vocabulary"},
    "gate": {"vocabulary"},
    "blame": {"vocabulary", "gate"},
    "ledger": {"vocabulary"},
    "calibration": {"vocabulary"},
    "bench": {"vocabulary"},
    "museum": {"vocabulary"},
    "reproduce": {"vocabulary"},
    "sensitivity": {"vocabulary", "faults", "gate"},
    "running": {
        "vocabulary",
        "bench",
        "blame",
        "calibration",
        "faults",
        "gate",
        "ledger",
        "museum",
        "reproduce",
        "sensitivity",
        "stacks",
        "execution",
    },
    "report": {"vocabulary", "calibration"},
    "commands": {
        "vocabulary",
        "subjects",
        "stacks",
        "execution",
        "blame",
        "gate",
        "ledger",
        "calibration",
        "faults",
        "museum",
        "sensitivity",
        "running",
        "report",
    },
}
OUTSIDE = (
    "stacks", "execution", "gate", "blame", "ledger", "calibration", "bench", "museum",
    "reproduce", "sensitivity", "running", "report", "commands",
)  # fmt: skip
PURE = ("bench", "blame", "calibration", "gate", "museum", "reproduce", "sensitivity")
UNDER_TEST = {
    "torch", "transformers", "tokenizers", "accelerate", "bitsandbytes", "tiktoken",
    "sentencepiece", "transformer_lens", "sae_lens", "nnsight", "numpy",
}  # fmt: skip
OWN = {"bench": {"numpy"}}
"""Libraries under test that a part outside a stack needs for itself: scipy works on numpy."""
ACTING = {
    "os", "pathlib", "shutil", "signal", "socket", "subprocess", "tempfile", "threading", "time",
    "concurrent", "filelock", "psutil", "rich", "uv",
}  # fmt: skip


def imported(part: str) -> Iterator[tuple[Path, str]]:
    """Every module that a file of `harness/PART` imports, wherever in the file."""
    for file in sorted((PACKAGE / part).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                yield file, module
                yield from ((file, f"{module}.{alias.name}") for alias in node.names)


def test_every_part_of_the_house_is_known_here() -> None:
    parts = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert parts == set(BELOW)


@pytest.mark.parametrize("part", BELOW)
def test_imports_run_downward(part: str) -> None:
    upward = {
        (file.name, name.split(".")[1])
        for file, name in imported(part)
        if name.startswith("harness.") and name.split(".")[1] in BELOW.keys() - {part}
        if name.split(".")[1] not in BELOW[part]
    }
    assert upward == set()


@pytest.mark.parametrize("part", OUTSIDE)
def test_what_runs_outside_a_stack_imports_no_library_under_test(part: str) -> None:
    under_test = UNDER_TEST - OWN.get(part, set())
    assert not {name for _, name in imported(part) if name.split(".")[0] in under_test}


@pytest.mark.parametrize("part", PURE)
def test_what_decides_imports_nothing_to_act_with(part: str) -> None:
    acting = {(f.name, name) for f, name in imported(part) if name.split(".")[0] in ACTING}
    # A path is a value as long as nothing reads it.
    assert {name for _, name in acting} <= {"pathlib", "pathlib.Path", "pathlib.PurePosixPath"}, (
        acting
    )
