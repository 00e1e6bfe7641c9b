"""The tiny things that misuse is tried on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.subjects.tiny import Tiny


@pytest.fixture
def tiny(work_dir: Path, keep: Any, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """What misuse and defaults are tried on, made once a cell."""
    return Tiny(work_dir, lambda: tmp_path_factory.mktemp("tiny"), keep)
