"""The museum on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from harness.report.museum import rows
from harness.report.plain import clip, one_line
from harness.report.words import plural
from harness.vocabulary.museum import Case, CaseResult, Museum, Standing

_STYLE = {
    Standing.MISSED: "bold red",
    Standing.ALARMED: "bold red",
    Standing.UNKNOWN: "bold yellow",
    Standing.FOUND: "green",
    Standing.SILENT: "green",
}
_SHOWN = 3
"""So many behaviours of a case are listed; the JSON has all."""

_REASON = 600


def render(museum: Museum, console: Console) -> None:
    """Print every case, worst first, then the numbers."""
    for standing in Standing:
        results = [each for each in museum.results if each.standing is standing]
        if results:
            title = f"{standing.value.capitalize()} ({len(results)}): {rows.MEANING[standing]}"
            _line(console, Text(title, style="bold underline"))
            for result in results:
                _case(result, console)
            console.print()
    if told := rows.tiers(museum):
        _line(console, Text(told))
    style = "bold green" if museum.exit_code == 0 else "bold red"
    _line(console, Text(f"{rows.headline(museum)} (exit {museum.exit_code})", style=style))


def render_list(cases: Sequence[Case], console: Console) -> None:
    """Print what each case is, and what must see it."""
    for case in cases:
        _line(console, Text.assemble((case.id, "bold"), "  ", rows.stacks(case)))
        _line(console, Text(f"  {one_line(case.what)}"))
        _line(console, Text(f"  why      {one_line(case.why)}", style="dim"))
        _line(console, Text(f"  where    {one_line(case.where)}", style="dim"))
        _line(console, Text(f"  expects  {rows.kinds(case)} of {', '.join(case.select)}"))
    _line(console, Text(plural(len(cases), "case"), style="bold"))


def _case(result: CaseResult, console: Console) -> None:
    case = result.case
    head = Text.assemble((case.id, _STYLE[result.standing]), f"  {rows.stacks(case)}")
    _line(console, head.append(f"  {result.seconds:.1f} s", style="dim"))
    _line(console, Text(f"  {one_line(case.what)}"))
    if result.reason:
        _line(console, Text(f"  {clip(one_line(result.reason), _REASON)}", style="yellow"))
    found = rows.finders(result)
    shown = found or list(result.others)
    for each in shown[:_SHOWN]:
        _line(console, Text.assemble("  ", (each.verdict, "bold"), f" by {each.behaviour}"))
        if each.evidence:
            _line(console, Text(f"    {rows.evidence(each)}", style="dim"))
    if len(shown) > _SHOWN:
        _line(console, Text(f"  and by {len(shown) - _SHOWN} more", style="dim"))
    if found and result.others:
        _line(console, Text(f"  beside it {rows.others(result)}", style="dim"))
    if result.standing not in (Standing.FOUND, Standing.SILENT):
        _line(console, Text(f"  $ {rows.command(case)}", style="cyan"))


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
