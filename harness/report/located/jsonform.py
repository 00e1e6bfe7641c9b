"""Where a change begins, as data for other programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.report.strict import finite
from harness.vocabulary.located import Located

FORMAT = 1


def to_json(found: Located, stacks: tuple[str, str]) -> dict[str, Any]:
    """Strict JSON: the names of both stacks, and the fields of `Located` and of all in it."""
    return {
        "format": FORMAT,
        "baseline": stacks[0],
        "candidate": stacks[1],
        **fields(found),
    }


def fields(found: Located) -> dict[str, Any]:
    """What was located, as it stands in a report of more."""
    told: dict[str, Any] = finite(asdict(found))
    return told
