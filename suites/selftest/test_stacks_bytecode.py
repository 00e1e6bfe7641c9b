"""Bytecode lent between environments: taken by Python where the source is the same."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.stacks.bytecode import lend


@pytest.fixture
def giver(tmp_path: Path) -> Path:
    """A compiled package of two modules, one of which raises when it is called."""
    package = tmp_path / "giver" / "package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def fail():\n    raise ValueError\n")
    (package / "other.py").write_text("value = 1\n")
    compileall.compile_dir(str(package), quiet=2)
    return package.parent


@pytest.fixture
def taker(giver: Path, tmp_path: Path) -> Path:
    """The same package by hard links, without bytecode, and one module of another version."""
    package = tmp_path / "taker" / "package"
    package.mkdir(parents=True)
    os.link(giver / "package" / "__init__.py", package / "__init__.py")
    (package / "other.py").write_text("value = 2222\n")
    return package.parent


def run(folder: Path, code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_bytecode_of_the_same_source_is_lent_and_of_another_is_not(
    giver: Path, taker: Path
) -> None:
    assert lend(giver, taker) == 1
    (lent,) = (taker / "package" / "__pycache__").iterdir()
    assert lent.name.startswith("__init__.")


def test_python_takes_what_was_lent_and_tells_the_place_it_lies_in(
    giver: Path, taker: Path
) -> None:
    lend(giver, taker)
    (lent,) = (taker / "package" / "__pycache__").iterdir()
    before = lent.stat()
    assert run(taker, "import package; print(package.fail.__code__.co_filename)") == str(
        taker / "package" / "__init__.py"
    )
    assert lent.stat().st_ino == before.st_ino, "compiled again"


def test_a_module_of_another_version_is_compiled_anew(giver: Path, taker: Path) -> None:
    lend(giver, taker)
    assert run(taker, "import package.other; print(package.other.value)") == "2222"
    assert run(giver, "import package.other; print(package.other.value)") == "1"


def test_another_source_of_the_same_time_and_size_is_another(giver: Path, taker: Path) -> None:
    theirs = taker / "package" / "other.py"
    theirs.write_text("value = 2\n")
    ours = (giver / "package" / "other.py").stat()
    os.utime(theirs, ns=(ours.st_atime_ns, ours.st_mtime_ns))
    lend(giver, taker)
    assert run(taker, "import package.other; print(package.other.value)") == "2"


def test_what_the_taker_has_stays(giver: Path, taker: Path) -> None:
    lend(giver, taker)
    assert lend(giver, taker) == 0
