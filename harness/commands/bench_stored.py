"""A stored benchmark is no arm of another: it is refused, with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.report.bench import csvform
from harness.running.conditions import hardware
from harness.vocabulary.errors import UsageError


def check_not_stored(stacks: Iterable[str]) -> None:
    """Raise UsageError where a stack is named by the file of a finished benchmark.

    Seconds of another machine say nothing of this one, and those of this machine an hour ago
    hardly more: both sides are measured in one run, in turns.
    """
    for text in stacks:
        stored = _stored(Path(text))
        if stored is None:
            continue
        there, baseline = stored
        here = hardware("")["processor"]
        why = (
            f"it was measured on another machine ({there}, and this is {here})"
            if there not in ("", here)
            else "which machine it was, and what else ran there then, is not known"
        )
        raise UsageError(
            f"a stored benchmark cannot be compared with: {why}",
            where=text,
            allowed="stacks: both sides are measured in the same run, in turns",
            next=f'harness bench --baseline "{baseline or "STACK"}" --candidate STACK',
        )


def _stored(file: Path) -> tuple[str, str] | None:
    """The processor, where it is told, and the baseline of a finished benchmark's file."""
    if not file.is_file():
        return None
    if file.suffix == ".csv":
        return _in_csv(file)
    return _in_json(file) if file.suffix == ".json" else None


def _in_csv(file: Path) -> tuple[str, str] | None:
    """Of the samples that `--csv` wrote: they tell neither, an arm may be called by a precision."""
    try:
        with file.open(encoding="utf-8") as lines:
            ours = next(lines, "").strip() == ",".join(csvform.COLUMNS)
    except (OSError, ValueError):
        return None
    return ("", "") if ours else None


def _in_json(file: Path) -> tuple[str, str] | None:
    """Of a benchmark's JSON, ours or pytest-benchmark's."""
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    match found:
        case {
            "kind": "harness bench",
            "machine": {"processor": str(processor)},
            "comparisons": [{"baseline": {"stack": str(baseline)}}, *_],
        }:
            return processor, baseline
        case {"kind": "harness bench"}:
            return "", ""
        case {"benchmarks": list(), "machine_info": {"cpu": {"brand_raw": str(processor)}}}:
            return processor, ""
    return None
