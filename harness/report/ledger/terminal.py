"""The ledger on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.report.ledger import rows
from harness.report.plain import one_line
from harness.vocabulary.claims import ClaimChange, ClaimVerdict, Ledger

_STYLE = {
    ClaimVerdict.HOLDS: "green",
    ClaimVerdict.WRONG: "bold red",
    ClaimVerdict.OUTDATED: "yellow",
    ClaimVerdict.UNCHECKED: "dim",
}


def render(
    ledger: Ledger, console: Console, changed: Sequence[ClaimChange] = (), against: str = ""
) -> None:
    """Print the ledger: counts by system, then every claim that does not hold, side by side.

    `changed` are the claims of which the stack `against` says something else.
    """
    _line(console, Text(rows.headline(ledger), style="bold"))
    console.print()
    console.print(_systems(ledger))
    if against:
        _changes(ledger, changed, against, console)
    for verdict in (ClaimVerdict.WRONG, ClaimVerdict.OUTDATED):
        _claims(ledger, verdict, console)
    _unchecked(ledger, console)


def _systems(ledger: Ledger) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("system")
    for verdict in ClaimVerdict:
        table.add_column(verdict.value, justify="right", style=_STYLE[verdict])
    table.add_column("claims", justify="right")
    for row in (*rows.system_rows(ledger), rows.total_row(ledger)):
        counts = (f"{count}" if count else "·" for count in row.counts)
        style = "bold" if row.system == "all" else ""
        table.add_row(row.system, *counts, str(row.total), style=style)
    return table


def _claims(ledger: Ledger, verdict: ClaimVerdict, console: Console) -> None:
    entries = rows.of(ledger, verdict)
    if not entries:
        return
    _heading(console, f"{verdict.value.capitalize()} ({len(entries)}): {rows.MEANING[verdict]}")
    for row in rows.claim_rows(entries):
        _line(console, Text(row.id, style="bold"))
        _line(console, Text(f"  {row.text}"))
        _line(console, Text(f"    documented  {row.documented}"))
        _line(console, Text(f"    observed    {row.observed}", style=_STYLE[verdict]))
        if row.remedy:
            _line(console, Text(f"    instead     {row.remedy}", style="cyan"))


def _changes(
    ledger: Ledger, changed: Sequence[ClaimChange], against: str, console: Console
) -> None:
    title = f"Other than under {against} ({len(changed)})"
    _heading(console, title)
    if not changed:
        _line(console, Text(f"  {one_line(ledger.stack)} says the same of every claim"))
    for change in changed:
        row = rows.claim_row(change.candidate)
        style = _STYLE[change.candidate.verdict]
        _line(console, Text.assemble((row.id, "bold"), "  ", (rows.change_text(change), style)))
        _line(console, Text(f"    documented  {row.documented}"))
        _line(console, Text(f"    observed    {row.observed}", style=style))


def _unchecked(ledger: Ledger, console: Console) -> None:
    reasons = Counter(
        rows.observed_text(entry) for entry in rows.of(ledger, ClaimVerdict.UNCHECKED)
    )
    if not reasons:
        return
    _heading(console, f"Unchecked ({sum(reasons.values())})")
    for reason, count in reasons.most_common():
        _line(console, Text(f"  {count:>4}  {one_line(reason)}"))


def _heading(console: Console, text: str) -> None:
    console.print()
    _line(console, Text(text, style="bold underline"))


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
