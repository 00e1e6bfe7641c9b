"""No behaviour installs into the stack under test: which commands are refused, and what is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from plugin_world import PluginWorld

from harness.plugin.installing import changes_stack

PREFIX = Path("/stack")


@pytest.mark.parametrize(
    "line",
    [
        "uv pip install torchvision -q",
        "/stack/bin/uv pip install torchvision",
        "python -m pip install torchvision -q",
        "/stack/bin/python3.11 -m uv pip sync pins.txt",
        "pip3.11 uninstall -y torch",
        "conda install pytorch",
        "uv pip install --python /stack/bin/python torchvision",
        "uv pip install --python=/stack torchvision",
        "uv pip install --python 3.11 torchvision",
        "uv add torchvision",
        "python -mpip install torchvision",
        "python -s -m pip --quiet install torchvision",
        "env UV_CACHE_DIR=/there uv pip install torchvision",
        "pip install --target /stack/lib/python3.11/site-packages torchvision",
        "pip install -t/stack/lib torchvision",
    ],
)
def test_what_changes_the_stack_is_told(line: str) -> None:
    assert changes_stack(line.split(), PREFIX)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "uv",
        "uv pip compile asked.in",
        "uv pip install --help",
        "pip install --dry-run torchvision",
        "uv venv --python /stack/bin/python there",
        "uv pip install --python /other/bin/python torchvision",
        "uv pip install --target /other --python /stack/bin/python torchvision",
        "pip install --target=there torchvision",
        "pip install -t/other torchvision",
        "conda install -n other torchvision",
        "uv run pytest -k add",
        "uv tool install ruff",
        "python setup.py -m pip install",
        "pip list",
        "python -m pytest -m install",
        "python -m",
        "cp pip install",
        "git add pip",
    ],
)
def test_what_leaves_the_stack_alone_is_let_through(line: str) -> None:
    assert not changes_stack(line.split(), PREFIX)


def test_each_command_of_a_shells_script_is_looked_at() -> None:
    script = "cd there && pip install 'torch==2.0'; echo done"
    assert changes_stack(["/bin/sh", "-c", script], PREFIX)
    assert not changes_stack(["/bin/sh", "-c", "echo 'pip install torch'"], PREFIX)
    assert changes_stack(["/bin/sh", "-c", "pip install 'unfinished"], PREFIX)
    assert changes_stack(["bash", "-lc", "cd there\n(pip install torch)"], PREFIX)
    assert not changes_stack(["bash", "pip", "install"], PREFIX)


def test_an_interpreter_that_links_out_of_its_environment_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "stack" / "bin").mkdir(parents=True)
    python = tmp_path / "stack" / "bin" / "python"
    python.symlink_to(sys.executable)
    command = ["uv", "pip", "install", "--python", str(python), "torchvision"]
    assert changes_stack(command, tmp_path / "stack")
    assert not changes_stack(command, tmp_path / "other")


def test_a_behaviour_that_installs_is_refused_and_told_of(tmp_path: Path) -> None:
    world = PluginWorld.make(tmp_path)
    world.behaviours(
        """
        import os, subprocess, sys
        INSTALL = [sys.executable, "-m", "pip", "install", "nothing-of-the-kind"]

        @pytest.fixture
        def installing():
            with pytest.raises(PermissionError, match="installs nothing"):
                subprocess.check_call(INSTALL)

        def test_in_a_fixture(installing): pass

        def test_what_a_library_swallows():
            for run in (subprocess.run, subprocess.check_output):
                try: run(INSTALL)
                except Exception: pass

        def test_by_a_shell():
            with pytest.raises(PermissionError):
                os.system("true && pip install nothing-of-the-kind")

        def test_what_is_not_caught(): subprocess.run(INSTALL)

        @pytest.mark.filterwarnings("error")
        def test_where_warnings_are_errors():
            with pytest.raises(PermissionError):
                subprocess.run("pip install nothing-of-the-kind", shell=True)

        def test_elsewhere(tmp_path):
            command = [*INSTALL, "--target", str(tmp_path), "--no-index", "--quiet"]
            assert subprocess.run(command).returncode == 1
        """
    )
    ran = world.run()
    statuses = {o.behaviour.partition("::")[2]: o.status for o in ran.record.outcomes}
    assert statuses == {
        "test_in_a_fixture": "held",
        "test_what_a_library_swallows": "held",
        "test_by_a_shell": "held",
        "test_what_is_not_caught": "raised",
        "test_where_warnings_are_errors": "held",
        "test_elsewhere": "held",
    }
    told = [line for line in ran.output.splitlines() if "PytestWarning: refused" in line]
    assert len(told) == 5, "one for each behaviour, however often it tried"
    assert all("a test run installs nothing: " in line for line in told)
    assert "pip install nothing-of-the-kind" in ran.outcome("test_what_is_not_caught").reason
