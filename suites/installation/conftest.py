"""What the package index said when `fixtures/index/make.py` asked it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

INDEX = Path(__file__).resolve().parents[2] / "fixtures" / "index"


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], dict[str, Any]]:
    """`recorded("releases")`: the facts of that step, with the day they are from."""

    def read(step: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((INDEX / f"{step}.json").read_text(encoding="utf-8"))
        return facts

    return read
