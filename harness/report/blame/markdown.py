"""What brought the changes, as pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.blame.rows import BlameRows, ChangeRow, GroupRow
from harness.report.tables import cell, table
from harness.report.words import plural

ROWS = 20
"""So many behaviours of a group are listed; gate.html and gate.json have all."""


def parts(shown: BlameRows) -> Iterator[str]:
    """The section a piece at a time: groups first, what could be put on nothing last."""
    yield f"\n{cell(shown.headline)}. {cell(shown.effort)}.\n"
    yield from map(_group, shown.groups)
    if shown.unsearched:
        rows = [(f"`{behaviour}`", where, why) for behaviour, where, why in shown.unsearched]
        lines = table(("not searched", "cell", "why"), rows[:ROWS])
        yield "\n" + "\n".join([*lines, *_more(len(rows), "verdict")]) + "\n"
    told = [*shown.left_out, *shown.notes]
    if told:
        yield "\n" + "\n".join(f"- {cell(line)}" for line in told) + "\n"


def _group(group: GroupRow) -> str:
    lines = [f"\n#### {cell(group.title)} ({plural(group.count, 'change')})", ""]
    lines += [f"- {cell(fact)}" for fact in group.facts]
    rows = [
        (f"`{change.behaviour}`", f"{change.verdicts} in {change.cells}", _observed(change))
        for change in group.changes
    ]
    lines += ["", *table(("behaviour", "verdict", "observed"), rows[:ROWS])]
    return "\n".join([*lines, *_more(len(rows), "behaviour")]) + "\n"


def _observed(change: ChangeRow) -> str:
    return "; ".join(filter(None, [change.example, *change.middles]))


def _more(count: int, noun: str) -> list[str]:
    return ["", f"and {plural(count - ROWS, f'more {noun}')}"] if count > ROWS else []
