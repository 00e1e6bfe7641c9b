"""What a benchmark could not measure, as lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.report.plain import one_line
from harness.vocabulary.costs import Comparison


@dataclass(frozen=True)
class Row:
    """`load of nf4, fp4: no such file`; `lost` where only the candidate cannot do it any more, and
    nobody accepts that."""

    text: str
    lost: bool


def lines(comparison: Comparison) -> tuple[str, ...]:
    """What was not measured, in words."""
    return tuple(row.text for row in rows(comparison))


def rows(comparison: Comparison) -> tuple[Row, ...]:
    """What was not measured, a row a reason."""
    found: dict[tuple[str, str, str, bool], dict[str, None]] = {}
    for each in comparison.missed:
        key = (each.task, each.reason, each.accepted, each in comparison.lost)
        found.setdefault(key, {})[each.arm] = None
    return tuple(
        Row(_text(task, reason, accepted, lost, arms), lost and not accepted)
        for (task, reason, accepted, lost), arms in found.items()
    )


def _text(task: str, reason: str, accepted: str, lost: bool, arms: Iterable[str]) -> str:
    of = one_line(", ".join(filter(None, arms)))
    alone = " alone" if lost else ""
    what = f"{one_line(task)}{f' of {of}{alone}' if of else ''}"
    entry = f"; accepted as [{one_line(accepted)}]" if accepted else ""
    return f"{what}: {one_line(reason) or 'no reason given'}{entry}"
