"""The tiny models' files: checked where they are read, and an error that says what to type."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.subjects.drawn import INDEX, PLACE, drawn_folder, read_drawn
from harness.vocabulary.errors import FixtureError
from harness.vocabulary.places import home


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A project with the index and the files of one model."""
    shutil.copytree(home() / PLACE / "bert", tmp_path / PLACE / "bert")
    shutil.copy(home() / INDEX, tmp_path / INDEX)
    return tmp_path


def test_every_file_of_every_model_is_what_the_index_says() -> None:
    for drawn in read_drawn(home()).values():
        files = {path.name for path in drawn_folder(home(), drawn).iterdir()}
        assert files == set(drawn.sha256)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_file_that_was_cut_off_is_named_with_the_command_that_restores_it(
    copied: Path, file: str
) -> None:
    path = copied / PLACE / "bert" / file
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FixtureError, match="damaged: 100 bytes") as caught:
        drawn_folder(copied, read_drawn(copied)["bert"])
    assert caught.value.next == f"git checkout -- fixtures/architectures/bert/{file}"


def test_a_file_that_is_missing_is_named(copied: Path) -> None:
    (copied / PLACE / "bert" / "config.json").unlink()
    with pytest.raises(FixtureError, match="it is missing") as caught:
        drawn_folder(copied, read_drawn(copied)["bert"])
    assert caught.value.where == "fixtures/architectures/bert/config.json"


@pytest.mark.parametrize("text", ['{"bert": ', '{"bert": {}}', '{"bert": 3}', "[]", "\xff"])
def test_an_index_that_is_damaged_is_one_error(copied: Path, text: str) -> None:
    (copied / INDEX).write_text(text, encoding="latin-1")
    with pytest.raises(FixtureError) as caught:
        read_drawn(copied)
    assert caught.value.next == "git checkout -- fixtures/architectures/index.json"


def test_the_suites_say_so_of_a_damaged_index_without_a_traceback(tmp_path: Path) -> None:
    for part in ("suites", "snapshots"):
        (tmp_path / part).mkdir()
    shutil.copytree(home() / "suites" / "architectures", tmp_path / "suites" / "architectures")
    shutil.copytree(home() / "fixtures", tmp_path / "fixtures", symlinks=True)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(home() / name, tmp_path / name)
    entries = json.dumps(json.loads((tmp_path / INDEX).read_text()))
    (tmp_path / INDEX).write_text(entries[:1000])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "suites/architectures/test_tiny_numbers.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert "next:    git checkout -- fixtures/architectures/index.json" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "def " not in done.stdout
