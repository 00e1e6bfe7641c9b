"""Fetches the subjects that a run needs and the cache lacks, before the run and outside it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping

import pytest

from harness import subjects
from harness.plugin.options import SETTINGS
from harness.vocabulary.errors import ExitCode

FAILED = pytest.StashKey[Mapping[str, str]]()
"""Why a subject could not be had, by its name: the reason of its behaviours' skips."""


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Run `harness subjects prepare` for what is missing, if the harness's own side is here.

    A process of its own, so that the network ends where the run begins. A stack under test
    lacks what preparing needs: there the gate has prepared everything before.
    """
    config = session.config
    failed: dict[str, str] = {}
    config.stash[FAILED] = failed
    settings = config.stash.get(SETTINGS, None)
    if settings is None or settings.list_cells is not None or hasattr(config, "workerinput"):
        return
    if importlib.util.find_spec("uv") is None:
        return
    missing = [entry.name for entry in settings.subjects if subjects.prepared(entry) is None]
    for name in missing:
        reason = _prepare(config, name)
        if reason:
            failed[name] = reason


def _prepare(config: pytest.Config, name: str) -> str:
    """Empty, or why the subject cannot be had here; ends the run where its files are wrong."""
    command = [sys.executable, "-m", "harness", "subjects", "prepare", name]
    extra = config.option.subjects_file
    command += ["--subjects-file", extra] if extra else []
    manager = config.pluginmanager.getplugin("capturemanager")
    with manager.global_and_fixture_disabled():
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == ExitCode.NOTHING_CHANGED:
        return ""
    if done.returncode == ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode == ExitCode.INCONCLUSIVE:
        return done.stderr.strip().partition("\n")[0]
    pytest.exit(done.stderr.strip(), returncode=pytest.ExitCode.USAGE_ERROR)
