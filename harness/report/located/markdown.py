"""Where a change begins, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.located.growing import COLUMNS
from harness.report.located.rows import Part, told
from harness.report.tables import cell, table
from harness.vocabulary.located import Located

SIDES = ("", "baseline", "candidate")


def to_markdown(found: Located, level: int = 2) -> str:
    """One change under a heading of `level`."""
    return "\n".join(_lines(found, level)) + "\n"


def _lines(found: Located, level: int) -> Iterator[str]:
    words = told(found)
    yield f"{'#' * level} {cell(words.title)}"
    if words.looked:
        yield from ("", f"looked into {cell(words.looked)}")
    for part in words.parts:
        yield from _part(part)
    for reason in words.lacking:
        yield from ("", f"> {cell(reason)}")


def _part(part: Part) -> Iterator[str]:
    yield from ("", f"**{cell(part.headline)}**")
    yield from ("", *(f"- {cell(line)}" for line in part.told))
    if part.sides:
        yield ""
        yield from table(
            SIDES, ((row.name, str(row.baseline), str(row.candidate)) for row in part.sides)
        )
    if part.growth:
        yield ""
        yield from table(COLUMNS, ((row.name, row.apart, row.times) for row in part.growth))
