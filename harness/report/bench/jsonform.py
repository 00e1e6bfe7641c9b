"""A benchmark as JSON: all of it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from harness.report.strict import finite
from harness.vocabulary.costs import BenchReport

FORMAT = 1
KIND = "harness bench"


def to_json(report: BenchReport) -> dict[str, Any]:
    """Strict JSON: the fields of `BenchReport` and of all in it by name, every sample included.

    Times are seconds, sizes bytes. Numbers that JSON cannot hold stand as `NaN`, `Infinity`.
    """
    return {"kind": KIND, "format": FORMAT, **finite(dataclasses.asdict(_plain(report)))}


def text(report: BenchReport) -> str:
    return json.dumps(to_json(report), indent=1, allow_nan=False) + "\n"


def _plain(report: BenchReport) -> BenchReport:
    """`report` with plain dicts for mappings, which `asdict` would copy as they are."""
    limits = {arm: tuple(found) for arm, found in report.limits.items()}
    versions = {arm: dict(found) for arm, found in report.versions.items()}
    return dataclasses.replace(
        report, machine=dict(report.machine), versions=versions, limits=limits
    )
