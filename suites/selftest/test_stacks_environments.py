"""Environments: built whole or not at all, shared, repaired, pruned."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from stack_helpers import make_home
from wheels import make_damaged_wheel, make_wheel

from harness import stacks
from harness.stacks.environments import PARTIAL, _only_downloads, build_lock, key, shelf
from harness.stacks.pruning import Kept, choose
from harness.vocabulary.stacks import Lock

LOCK = Lock("reference", (("alpha", "1.0"), ("gamma", "1.0")))
BUILD = """
import sys
from harness import stacks
from harness.vocabulary.stacks import Lock
stacks.build(Lock("reference", (("alpha", "1.0"), ("gamma", "1.0"))))
print("built", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = str(Path(stacks.__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", root)
    return make_home(tmp_path, monkeypatch)


def _says(environment: stacks.Environment, code: str) -> str:
    done = subprocess.run(
        [environment.python, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _start_builder() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_an_environment_has_the_versions_of_its_lock(home: Path) -> None:
    environment = stacks.build(LOCK)
    assert _says(environment, "import alpha, gamma; print(alpha.__version__)") == "1.0"
    stacks.release(environment)


def test_the_same_lock_under_another_name_is_the_same_environment(home: Path) -> None:
    first = stacks.build(LOCK)
    heard: list[str] = []
    second = stacks.build(Lock("other", LOCK.pins), heard.append)
    assert first.python == second.python
    assert heard == []
    (kept,) = stacks.list_environments()
    assert set(kept.stacks) == {"reference", "other"}
    stacks.release(first)


def test_a_package_that_does_not_unpack_is_uninstallable_with_uv_s_reason(
    home: Path, tmp_path: Path
) -> None:
    make_damaged_wheel(tmp_path / "wheels", "delta", "1.0")
    lock = Lock("broken", (("delta", "1.0"),))
    with pytest.raises(stacks.Uninstallable, match=r"delta==1\.0"):
        stacks.build(lock)
    assert list(shelf().glob(f"{key(lock)}{PARTIAL}")) == []
    assert stacks.list_environments() == ()


def test_what_uv_downloads_and_builds_is_told_once() -> None:
    heard: list[str] = []
    tell = _only_downloads(heard.append)
    for line in ("Resolved 3 packages", "Downloading torch (180.1MiB)", "   Building old==1.0"):
        tell(line)
        tell(f" {line}")
    assert heard == ["Downloading torch (180.1MiB)", "Building old==1.0"]


def test_a_package_that_raises_on_import_installs(home: Path, tmp_path: Path) -> None:
    modules = {"epsilon/__init__.py": "raise RuntimeError('broken')\n"}
    make_wheel(tmp_path / "wheels", "epsilon", "1.0", modules=modules)
    environment = stacks.build(Lock("raises", (("epsilon", "1.0"),)))
    with pytest.raises(subprocess.CalledProcessError):
        _says(environment, "import epsilon")
    stacks.release(environment)


@pytest.mark.parametrize("part", ["bin/python", "harness-environment.json", "lib"])
def test_a_damaged_environment_is_built_again(home: Path, part: str) -> None:
    environment = stacks.build(LOCK)
    damaged = environment.directory / part
    shutil.rmtree(damaged) if damaged.is_dir() else damaged.unlink()
    heard: list[str] = []
    again = stacks.build(LOCK, heard.append)
    assert any(line.startswith("building reference") for line in heard)
    assert _says(again, "import gamma; print(gamma.__version__)") == "1.0"
    stacks.release(again)


@pytest.mark.parametrize("part", ["gamma", "gamma/__init__.py", "gamma-1.0.dist-info"])
def test_an_environment_that_lost_a_package_is_told_and_built_again(home: Path, part: str) -> None:
    environment = stacks.build(LOCK)
    (damaged,) = environment.directory.glob(f"lib/python*/site-packages/{part}")
    shutil.rmtree(damaged) if damaged.is_dir() else damaged.unlink()
    heard: list[str] = []
    again = stacks.build(LOCK, heard.append)
    assert "is not what its lock says: gamma lost files; it is built again" in heard[0]
    assert _says(again, "import gamma; print(gamma.__version__)") == "1.0"
    stacks.release(again)


def test_two_builders_at_once_both_get_it(home: Path) -> None:
    builders = [_start_builder(), _start_builder()]
    try:
        for builder in builders:
            assert builder.stdout is not None
            assert builder.stdout.readline() == "built\n"
        assert len(stacks.list_environments()) == 1
    finally:
        for builder in builders:
            builder.communicate()


def test_the_wait_for_another_builder_is_told_and_can_be_stopped(home: Path) -> None:
    stop = threading.Event()
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        stop.set()

    shelf().mkdir(parents=True)
    with build_lock(shelf() / key(LOCK)), pytest.raises(KeyboardInterrupt):
        stacks.build(LOCK, hear, stop=stop)
    assert heard == ["waiting for another harness that builds the same environment"]
    stacks.release(stacks.build(LOCK))


def test_an_environment_in_use_elsewhere_is_not_pruned(home: Path) -> None:
    builder = _start_builder()
    assert builder.stdout is not None
    assert builder.stdout.readline() == "built\n"
    assert stacks.prune(everything=True) == ()
    os.killpg(builder.pid, signal.SIGKILL)
    builder.communicate()
    assert len(stacks.prune(everything=True)) == 1
    assert stacks.list_environments() == ()


def test_a_process_that_ends_gives_back_what_it_used(tmp_path: Path) -> None:
    source = (
        "import sys; from pathlib import Path; from harness.stacks.leases import lease; "
        "used = Path(sys.argv[1]); lease(used); print(len(list(used.parent.iterdir())))"
    )
    command = [sys.executable, "-c", source, str(tmp_path / "environment")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_was_killed_leaves_nothing_that_counts(home: Path) -> None:
    partial = shelf() / f"{key(LOCK)}{PARTIAL}"
    killed = False
    builder = _start_builder()
    limit = time.monotonic() + 30
    while not killed and builder.poll() is None and time.monotonic() < limit:
        if partial.is_dir():
            os.killpg(builder.pid, signal.SIGKILL)
            killed = True
    builder.communicate()
    assert killed
    assert stacks.list_environments() == ()
    environment = stacks.build(LOCK)
    assert not partial.exists()
    assert _says(environment, "import alpha; print(alpha.__version__)") == "1.0"
    stacks.release(environment)


def test_pruning_clears_what_a_dead_builder_left(home: Path) -> None:
    leftover = shelf() / f"0123{PARTIAL}"
    leftover.mkdir(parents=True)
    stacks.prune(older_than_days=1)
    assert not leftover.exists()


def test_pruning_chooses_by_age_and_by_count() -> None:
    day = 86400.0
    young, middle, old = (
        Kept(Path(name), (name,), 1, 0, used)
        for name, used in (("young", 9 * day), ("middle", 7 * day), ("old", 1 * day))
    )
    all_three = (middle, young, old)
    assert choose(all_three, 10 * day, older_than_days=5) == (old,)
    assert choose(all_three, 10 * day, keep=1) == (middle, old)
    assert choose(all_three, 10 * day, everything=True) == all_three
    assert choose(all_three, 10 * day) == ()
