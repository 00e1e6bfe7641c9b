"""What the package index said of the serving and red-teaming tools, and where a GPU is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

INDEX = Path(__file__).resolve().parents[2] / "fixtures" / "index"


@pytest.fixture(scope="session")
def resolutions() -> dict[str, Any]:
    """Sets of requirements by name: do they resolve, to what, or why not (`make.py`)."""
    facts: dict[str, Any] = json.loads((INDEX / "resolutions.json").read_text(encoding="utf-8"))
    return facts


@pytest.fixture
def cuda() -> str:
    """The name of the first CUDA device; skips where there is none."""
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return str(torch.cuda.get_device_name(0))
