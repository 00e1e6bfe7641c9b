"""The tiny things that misuse is tried on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.subjects.checkpoints import write_llama
from harness.subjects.tiny import Tiny


@pytest.fixture
def tiny(work_dir: Path, keep: Any, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The tiny checkpoint of this cell, and what is made of it."""
    checkpoint = keep("tiny-checkpoint", lambda: write_llama(tmp_path_factory.mktemp("tiny")))
    return Tiny(work_dir, checkpoint, keep)
