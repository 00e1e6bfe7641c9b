"""The process that runs fragments: what it sees, and what it says where it did not end well."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.places import home


@pytest.fixture
def fragments(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """suites/fragments/conftest.py, without the stand-ins, which no fragment here loads."""
    path = home() / "suites" / "fragments" / "conftest.py"
    spec = importlib.util.spec_from_file_location("fragments_conftest", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "lay_out", lambda place: {"HF_HOME": str(place)})
    return module


@pytest.fixture
def written(fragments: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder that fragments are read from, empty."""
    folder = tmp_path / "fixtures" / "fragments"
    folder.mkdir(parents=True)
    monkeypatch.setattr(fragments, "home", lambda: tmp_path)
    return folder


def test_a_fragments_error_is_its_own(fragments: ModuleType, written: Path, tmp_path: Path) -> None:
    (written / "wrong.txt").write_text("1 / 0")
    (written / "right.txt").write_text("x = 3")
    ran = fragments.in_process({"wrong": {}, "right": {"x": "x"}}, tmp_path, 60)
    assert ran["wrong"].error == "ZeroDivisionError: division by zero"
    assert ran["right"].values == {"x": 3}


@pytest.mark.parametrize(
    ("source", "limit", "said"),
    [
        ("import time; time.sleep(60)", 1, "took longer than 1 s"),
        ("import os; os._exit(7)", 60, "ended with 7"),
        ("raise MemoryError", 60, "MemoryError"),
    ],
    ids=["time ran out", "died", "memory ran out"],
)
def test_a_process_without_an_answer_is_no_evidence(
    fragments: ModuleType, written: Path, tmp_path: Path, source: str, limit: float, said: str
) -> None:
    (written / "one.txt").write_text(source)
    with pytest.raises(NoEvidence, match=said):
        fragments.in_process({"one": {}}, tmp_path, limit)


def test_nothing_of_the_user_is_seen(
    fragments: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HF_TOKEN", "TRANSFORMERS_CACHE"):
        monkeypatch.setenv(name, "mine")
    seen = fragments.environment(tmp_path, {"HF_HOME": "hub"})
    assert not {"HF_TOKEN", "TRANSFORMERS_CACHE"} & set(seen)
    assert seen["HOME"] == str(tmp_path)
    assert seen["CUDA_VISIBLE_DEVICES"] == ""
