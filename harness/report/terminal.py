"""The report on a terminal, or as plain text where there is none."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.report import acceptances, summary, words
from harness.report.bench import terminal as bench
from harness.report.blame import terminal as blame
from harness.report.excerpts import Excerpt, sides
from harness.report.ledger.rows import change_text, claim_row
from harness.report.plain import clean, clip, one_line
from harness.vocabulary.gated import GateReport, ObservationVerdict
from harness.vocabulary.verdicts import UNIMPORTABLE, Verdict

WIDEST = 132
SHOWN_OBSERVATIONS = 4
"""So many observations of a behaviour are listed; the reports on disk have all."""

SHOWN_CLAIMS = 12

_GOOD = {Verdict.FIXED, Verdict.LIGHTER, Verdict.FASTER}
_REASON_LENGTH = 600


def render(report: GateReport, console: Console) -> None:
    """Print `report`, what matters first.

    Lines that are there to be copied (ids, commands) are never cut or broken: a terminal
    wraps them itself.
    """
    _lead(report, console)
    _moves(report, console)
    _packages(report, console)
    _blame(report, console)
    _claims(report, console)
    _accepted(report, console)
    _behaviours(report, console)
    _costs(report, console)
    _skips(report, console)
    console.print()
    _line(console, Text(words.counts_line(report), style="bold"))


def _lead(report: GateReport, console: Console) -> None:
    style = {0: "bold green", 4: "bold yellow"}.get(report.exit_code, "bold red")
    _line(console, Text(words.headline(report), style=style))
    _line(console, Text(words.sides(report), style="dim"))
    if report.stack_reason:
        console.print()
        _line(console, Text(clean(report.stack_reason).strip()))
    for note in report.notes:
        _line(console, Text.assemble(("note: ", "yellow"), one_line(note)))


def _moves(report: GateReport, console: Console) -> None:
    moves = summary.moves(report)
    if not moves.listed:
        return
    _heading(console, f"Moved ({len(report.moved)})")
    table = _grid(None, None)
    for move in moves.listed:
        text = Text(words.move_text(move))
        if move.went_back:
            text.append("  went back", style="bold red")
        table.add_row(move.package, text)
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    if moves.folded:
        names = ", ".join(move.package for move in moves.folded)
        told = f"and {len(moves.folded)} more that came along: {names}"
        console.print(Padding(Text(told, style="dim"), (0, 0, 0, 2)))


def _packages(report: GateReport, console: Console) -> None:
    notable = acceptances.packages(report)
    if not notable:
        return
    _heading(console, "Packages")
    for package in notable:
        style = "bold red" if package.verdict == UNIMPORTABLE else "bold"
        style = "bold green" if package.accepted else style
        line = Text.assemble("  ", (package.package, "bold"), " ", (package.verdict, style))
        if package.reason:
            line.append(f": {clip(one_line(package.reason), _REASON_LENGTH)}")
        _line(console, line)


def _blame(report: GateReport, console: Console) -> None:
    if report.blame is not None:
        _heading(console, "What brought the changes")
        blame.render_part(report, report.blame, console)


def _claims(report: GateReport, console: Console) -> None:
    """What documents say that is no longer so, or is so again."""
    if not report.claims:
        return
    _heading(console, f"Claims of documents that one side keeps ({len(report.claims)})")
    for change in report.claims[:SHOWN_CLAIMS]:
        row = claim_row(change.candidate)
        line = Text.assemble("  ", (row.id, "bold"), "  ", (change_text(change), "bold yellow"))
        _line(console, line)
        _line(console, Text(f"    documented  {row.documented}", style="dim"))
        _line(console, Text(f"    observed    {row.observed}"))
    if len(report.claims) > SHOWN_CLAIMS:
        more = words.plural(len(report.claims) - SHOWN_CLAIMS, "more claim")
        _line(console, Text(f"  and {more}: harness claims --stack shows all", style="dim"))


def _accepted(report: GateReport, console: Console) -> None:
    """The entries that no longer stand, and apart from them those that accept something here."""
    for section in acceptances.sections(report):
        _heading(console, f"{section.title} ({len(section.rows)})")
        for row in section.rows:
            _entry(row, console)
        if section.told:
            _line(console, Text(f"  {section.told}", style="dim"))


def _entry(row: acceptances.EntryRow, console: Console) -> None:
    style = "bold red" if row.fails else "bold green"
    _line(console, Text.assemble("  ", (row.id, "bold"), "  ", (row.standing, style)))
    _line(console, Text(f"    {clip(row.terms, _REASON_LENGTH)}", style="dim"))
    if row.next:
        _line(console, Text(f"    next: {row.next}"))


def _behaviours(report: GateReport, console: Console) -> None:
    groups = summary.groups(report)
    if not groups:
        return
    several = len(summary.devices(report)) > 1
    _heading(console, "Behaviours that are not same")
    width = min(console.width, WIDEST)
    header = _observation_table(width)
    header.add_row(*words.COLUMNS, style="dim")
    console.print(Padding(header, (0, 0, 0, 4), expand=False))
    for group in groups:
        console.print()
        _line(console, Text(clean(group.behaviour), style="bold"))
        for fold in group.folds:
            _fold(fold, several, width, console)


def _fold(fold: summary.Fold, several: bool, width: int, console: Console) -> None:
    cells = words.cells_text(fold.cells, several)
    style = "bold green" if fold.accepted else _style(fold.verdict)
    _line(console, Text.assemble("  ", (fold.verdict.value, style), "  ", cells))
    if fold.accepted:
        told = clip(acceptances.terms(fold.accepted), _REASON_LENGTH)
        _line(console, Text(f"    {told}", style="green"))
    for reason in fold.reasons[:2]:
        _line(console, Text(f"    {clip(one_line(reason), _REASON_LENGTH)}"))
    if len(fold.reasons) > 2:
        _line(console, Text(f"    and {len(fold.reasons) - 2} more reasons", style="dim"))
    _observations(fold, width, console)
    for command in words.again(fold.shown):
        _line(console, Text(f"    $ {command}", style="cyan"))


def _observations(fold: summary.Fold, width: int, console: Console) -> None:
    entries = summary.differing(fold.shown)
    if not entries:
        return
    table = _observation_table(width)
    for entry in entries[:SHOWN_OBSERVATIONS]:
        _observation_row(entry, table)
    console.print(Padding(table, (0, 0, 0, 4), expand=False))
    for entry in entries[:SHOWN_OBSERVATIONS]:
        if told := words.detail(entry):
            _line(console, Text(f"    {one_line(entry.name)}: {told}", style="dim"))
    if len(entries) > SHOWN_OBSERVATIONS:
        more = words.plural(len(entries) - SHOWN_OBSERVATIONS, "more observation")
        _line(console, Text(f"    and {more}", style="dim"))
    if told := words.representative(fold):
        _line(console, Text(f"    {told}", style="dim"))


def _observation_row(entry: ObservationVerdict, table: Table) -> None:
    column = table.columns[1].width or 20
    cut = sides(entry.baseline, entry.candidate, 2 * column)
    table.add_row(
        Text(one_line(entry.name) + cut.at),
        _excerpt(cut.baseline),
        _excerpt(cut.candidate),
        Text(words.size(entry)),
    )


def _excerpt(excerpt: Excerpt) -> Text:
    return Text.assemble(excerpt.before, (excerpt.mark, "bold"), excerpt.after)


def _costs(report: GateReport, console: Console) -> None:
    if report.bench is not None:
        _heading(console, "Costs")
        bench.render_part(report.bench, console)


def _skips(report: GateReport, console: Console) -> None:
    if not report.skipped:
        return
    _heading(console, f"Skipped ({sum(skip.count for skip in report.skipped):,})")
    for skip in summary.skips(report):
        _line(console, Text(f"  {skip.count:>5,}  {one_line(skip.reason)}"))


def _observation_table(width: int) -> Table:
    """Columns of fixed width, so that those of one behaviour stand under those of the next."""
    room = width - 4 - 3 * 2
    name, value = round(room * 0.26), round(room * 0.26)
    return _grid(name, value, value, room - name - 2 * value)


def _grid(*widths: int | None) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for width in widths:
        table.add_column(width=width, overflow="fold")
    return table


def _heading(console: Console, text: str) -> None:
    console.print()
    _line(console, Text(text, style="bold underline"))


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)


def _style(verdict: Verdict) -> str:
    if verdict in _GOOD:
        return "bold green"
    heavy = list(Verdict).index(verdict) < list(Verdict).index(Verdict.UNKNOWN)
    return "bold red" if heavy else "bold yellow"
