"""What brought the changes, on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.report import words
from harness.report.blame.rows import BlameRows, ChangeRow, GroupRow, blame_rows
from harness.report.located import terminal as located
from harness.report.plain import clean, one_line
from harness.report.words import plural
from harness.vocabulary.blame import BlameReport
from harness.vocabulary.gated import GateReport

SHOWN = 8
"""So many behaviours of a group are listed; the reports on disk have all."""


def render(gate: GateReport, console: Console) -> None:
    """Print what brought the changes of `gate`, and what of it all other reports tell."""
    _line(console, Text(words.headline(gate), style="bold"))
    _line(console, Text(words.sides(gate), style="dim"))
    if gate.stack_reason:
        _line(console, Text(clean(gate.stack_reason).strip()))
    for note in gate.notes:
        _line(console, Text.assemble(("note: ", "yellow"), one_line(note)))
    if gate.blame is not None:
        console.print()
        render_part(gate, gate.blame, console)


def render_part(gate: GateReport, found: BlameReport, console: Console) -> None:
    """Print the groups first, what could be put on nothing last."""
    shown = blame_rows(gate, found)
    _line(console, Text(shown.headline, style="bold"))
    for group in shown.groups:
        _group(group, console)
    for change in found.located:
        console.print()
        located.render(change, console)
    _rest(shown, console)
    console.print()
    _line(console, Text(shown.effort, style="dim"))


def _group(group: GroupRow, console: Console) -> None:
    console.print()
    style = "bold red" if group.named else "bold yellow"
    title = Text.assemble((group.title, style), f"  {plural(group.count, 'change')}")
    _line(console, title)
    for fact in group.facts:
        _line(console, Text(f"    {fact}", style="dim"))
    for change in group.changes[:SHOWN]:
        _change(change, console)
    if len(group.changes) > SHOWN:
        more = plural(len(group.changes) - SHOWN, "more behaviour")
        _line(console, Text(f"  and {more}: --report DIR or --json FILE has all", style="dim"))


def _change(change: ChangeRow, console: Console) -> None:
    _line(console, Text.assemble("  ", (change.behaviour, "bold"), f"  {change.verdicts}"))
    _line(console, Text(f"    in {change.cells}", style="dim"))
    if change.example:
        _line(console, Text(f"    {change.example}"))
    for line in change.middles:
        _line(console, Text(f"    {line}"))


def _rest(shown: BlameRows, console: Console) -> None:
    if shown.unsearched:
        console.print()
        _line(console, Text(f"not searched ({len(shown.unsearched)})", style="bold yellow"))
        for behaviour, cell, why in shown.unsearched[:SHOWN]:
            _line(console, Text(f"  {behaviour} in {cell}: {why}"))
        if len(shown.unsearched) > SHOWN:
            more = plural(len(shown.unsearched) - SHOWN, "more verdict")
            _line(console, Text(f"  and {more}", style="dim"))
    for line in (*shown.left_out, *shown.notes):
        _line(console, Text.assemble(("note: ", "yellow"), line))


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
