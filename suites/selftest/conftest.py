"""Fixtures of the harness's own tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from miniature import Miniature, repack, tools


@pytest.fixture(scope="session")
def tool_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with wheels of the tools that run behaviours."""
    directory = tmp_path_factory.mktemp("tools")
    for name in tools():
        repack(directory, name)
    return directory


@pytest.fixture(scope="session")
def make_miniature(
    tool_wheels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Miniature]:
    """Make a miniature world with an empty home."""
    pins = [f"{name}=={metadata.version(name)}" for name in tools()]
    return lambda: Miniature(tmp_path_factory.mktemp("world"), tool_wheels, pins)
