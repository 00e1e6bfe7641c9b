"""Where a change begins, on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report.excerpts import Excerpt
from harness.report.located.growing import COLUMNS, GrownRow
from harness.report.located.rows import Part, Sided, told
from harness.vocabulary.located import Located


def render(found: Located, console: Console) -> None:
    """Print one change: its title, what was looked into, and every place where it parts."""
    words = told(found)
    _line(console, Text(words.title, style="bold"))
    if words.looked:
        _line(console, Text(f"  looked into {words.looked}", style="dim"))
    for part in words.parts:
        _part(part, console)
    for reason in words.lacking:
        _line(console, Text("  " + reason.replace("\n", "\n  "), style="yellow"))


def _part(part: Part, console: Console) -> None:
    _line(console, Text(f"  {part.headline}", style="bold red" if part.found else "green"))
    for line in part.told:
        _line(console, Text(f"    {line}"))
    if part.sides:
        console.print(_sides(part.sides, console.width))
    if part.growth:
        console.print(_growth(part.growth))


def _sides(rows: Sequence[Sided], width: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 4), pad_edge=True)
    name = max(len(row.name) for row in rows)
    room = max(20, (width - min(name, 28) - 18) // 2)
    table.add_column("", style="dim", max_width=28, overflow="fold")
    for side in ("baseline", "candidate"):
        table.add_column(side, max_width=room, overflow="fold")
    for row in rows:
        table.add_row(Text(row.name), _excerpt(row.baseline), _excerpt(row.candidate))
    return table


def _growth(rows: Sequence[GrownRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 4), pad_edge=True)
    for head, justify in zip(COLUMNS, ("left", "right", "right"), strict=True):
        table.add_column(head, justify=justify, header_style="dim")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(Text(row.name), row.apart, row.times)
    return table


def _excerpt(excerpt: Excerpt) -> Text:
    return Text.assemble(excerpt.before, (excerpt.mark, "bold"), excerpt.after)


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
