"""Markdown tables of texts that may hold anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.report.plain import clip, one_line

_WIDEST = 400


def table(header: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; a line break within a text stays one."""
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return lines + [f"| {' | '.join(map(_cell, row))} |" for row in body]


def cell(text: str) -> str:
    """`text` as it may stand in a table: nothing that Markdown or HTML would take for its own."""
    text = clip(one_line(text), _WIDEST).replace("\\", "\\\\").replace("|", "\\|")
    return text.replace("<", "&lt;")


def _cell(text: str) -> str:
    return "<br>".join(map(cell, text.split("\n")))
