"""What a release gave that is like neither end of a change: in a few words, and as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from harness.report.excerpts import sides
from harness.report.plain import clip, one_line
from harness.report.strict import finite
from harness.vocabulary.blame import Change, History, Key, Middle
from harness.vocabulary.comparison import Agreement, compare
from harness.vocabulary.observations import Observation
from harness.vocabulary.records import Outcome

WIDTH = 60
SHORT = 200
"""The most characters of a value that stands whole in the data."""


def middles_by_change(
    histories: Iterable[History], changes: Mapping[Key, Change]
) -> dict[Key, tuple[str, ...]]:
    """`in gear 1.2: teeth: 8`, a line for each release that is like neither end."""
    told: dict[Key, tuple[str, ...]] = {}
    for history in histories:
        change = changes.get(history.change)
        lines = (
            f"in {history.package} {one_line(each.release)}: {_gave(each, change)}"
            for each in history.middles
        )
        told[history.change] = (*told.get(history.change, ()), *lines)
    return told


def _gave(middle: Middle, change: Change | None) -> str:
    """The first value that is not the baseline's; else how the behaviour ended, and why."""
    outcome = middle.outcome
    before = _named(change.baseline if change is not None else None)
    if outcome.status in ("held", "failed"):
        for each in outcome.observations:
            old = before.get(each.name)
            if old is None or compare(old, each).agreement is not Agreement.SAME:
                cut = sides(old, each, WIDTH)
                return f"{one_line(each.name)}{cut.at}: {cut.candidate}"
    reason = clip(one_line(outcome.reason), 2 * WIDTH)
    return f"{outcome.status}: {reason}" if reason else outcome.status


def _named(outcome: Outcome | None) -> dict[str, Observation]:
    return {each.name: each for each in outcome.observations} if outcome is not None else {}


def middle_json(middle: Middle) -> dict[str, Any]:
    """How the behaviour ended there, why, and its values where they are short."""
    values = {each.name: finite(each.value) for each in middle.outcome.observations}
    return {
        "release": middle.release,
        "status": middle.outcome.status,
        "reason": middle.outcome.reason,
        "observations": {
            name: value for name, value in values.items() if len(json.dumps(value)) <= SHORT
        },
    }
