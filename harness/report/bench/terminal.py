"""A benchmark on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from rich.console import Console
from rich.text import Text

from harness.report.bench import again, missing, overview, rows, trials
from harness.report.bench.rows import COLUMNS, Pair, Task
from harness.report.plain import clip, one_line
from harness.vocabulary.costs import BenchReport, Comparison

_STYLE = {"bad": "bold red", "good": "bold green", "warn": "bold yellow", "": ""}
_LEFT = ("name", "verdict", "limit", "rate")
_NARROW = ("control", "cpu", "rate", "limit")
"""Columns that a terminal without the room for them goes without, the first one first."""

_REASON = 400


def render(report: BenchReport, console: Console) -> None:
    """Print a table a comparison, or of many trials one, then what they stand on.

    Lines are never cut or broken: a terminal wraps them itself.
    """
    pairs = rows.pairs(report)
    for pair in pairs:
        _pair(report, pair, console)
    if table := overview.overview(pairs):
        _heading(console, "Side by side")
        _grid(console, [table.columns, *_stacked(table.lines)])
    _beside(report, console)
    console.print()
    style = _STYLE[rows.tone(report)]
    _line(console, Text(rows.headline(report), style=style))


def render_part(report: BenchReport, console: Console) -> None:
    """Print the tables as a part of a gate's report, which tells the rest."""
    for each in report.comparisons:
        _line(console, Text(f"  {rows.arms(each.baseline, each.candidate)}", style="dim"))
        _comparison(each, console)
        for told in missing.lines(each):
            _missed(told, console)
        for _, command in again.commands(each):
            _line(console, Text(f"  $ {command}", style="cyan"))
    _beside(report, console)


def _pair(report: BenchReport, pair: Pair, console: Console) -> None:
    _heading(console, rows.title(pair.baseline, pair.candidate))
    _line(console, Text(f"  {rows.arms(pair.baseline, pair.candidate)}", style="dim"))
    for move in rows.moves(report, pair):
        _line(console, Text(f"  {move}"))
    if len(pair.trials) > 1:
        table = trials.table(pair)
        _grid(console, [trials.COLUMNS, *table.lines])
        _line(console, Text(f"  {table.told}", style="bold"))
    else:
        _comparison(pair.trials[0], console)
    for told in dict.fromkeys(line for each in pair.trials for line in missing.lines(each)):
        _missed(told, console)


def _missed(told: str, console: Console) -> None:
    _line(console, Text.assemble(("  not measured  ", "yellow"), clip(told, _REASON)))


def _comparison(comparison: Comparison, console: Console) -> None:
    left_out = dict.fromkeys(
        COLUMNS[field] for task in rows.tasks(comparison) for field in _task(task, console)
    )
    if left_out:
        told = f"no room here for: {', '.join(left_out)} (--report DIR has all)"
        _line(console, Text(f"  {told}", style="dim"))
    for quantity, reason in rows.reasons(comparison):
        _line(console, Text.assemble("  ", (quantity, "bold"), f"  {clip(reason, _REASON)}"))
    _line(console, Text(f"  {rows.measured_text(comparison)}", style="dim"))


def _task(task: Task, console: Console) -> list[str]:
    """Print a table; returns the columns that it went without."""
    shown, left_out = _fitting(task, console)
    heads = [task.name if field == "name" else COLUMNS[field] for field in shown]
    lines = [[getattr(row, field) for field in shown] for row in task.rows]
    place = shown.index("verdict")
    texts = _aligned([heads, *lines], [field in _LEFT for field in shown])
    styles = ["", *(_STYLE[row.tone] for row in task.rows)]
    for index, (cells, style) in enumerate(zip(texts, styles, strict=True)):
        parts = [Text(cell, style=style if at == place else "") for at, cell in enumerate(cells)]
        line = Text("  ").append_text(Text("  ").join(parts))
        line.rstrip()
        if index == 0:
            line.stylize("bold")
        _line(console, line)
    return left_out


def _fitting(task: Task, console: Console) -> tuple[list[str], list[str]]:
    """The columns to show, and those left out for a terminal's width; a file has any width."""
    shown, left_out = list(task.columns), list[str]()
    for field in _NARROW:
        if not console.is_terminal or _width(task, shown) <= console.width:
            break
        if field in shown:
            shown.remove(field)
            left_out.append(field)
    return shown, left_out


def _width(task: Task, shown: Sequence[str]) -> int:
    heads = [task.name if field == "name" else COLUMNS[field] for field in shown]
    widest = (
        max(len(head), *(len(getattr(row, field)) for row in task.rows))
        for head, field in zip(heads, shown, strict=True)
    )
    return sum(width + 2 for width in widest)


def _grid(console: Console, lines: Sequence[Sequence[str]]) -> None:
    left = [index == 0 for index in range(len(lines[0]))]
    for index, cells in enumerate(_aligned(lines, left)):
        style = "bold" if index == 0 else ""
        _line(console, Text("  " + "  ".join(cells).rstrip(), style=style))


def _stacked(lines: Iterable[tuple[str, Sequence[Sequence[str]]]]) -> Iterator[list[str]]:
    """Each cell's parts under one another."""
    for name, cells in lines:
        for depth, parts in enumerate(zip_longest(*cells, fillvalue="")):
            yield [name if depth == 0 else "", *parts]


def _aligned(lines: Iterable[Sequence[str]], left: Sequence[bool]) -> list[list[str]]:
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        [
            cell.ljust(width) if aside else cell.rjust(width)
            for cell, width, aside in zip(line, widths, left, strict=True)
        ]
        for line in lines
    ]


def _beside(report: BenchReport, console: Console) -> None:
    """What all numbers depend on."""
    limits = rows.limits(report)
    if limits or report.machine or report.notes:
        console.print()
    if legend := rows.legend(report):
        _line(console, Text(legend, style="dim"))
    for arm, told in limits:
        _line(console, Text(f"limits of {arm}: {told}", style="dim"))
    if report.machine:
        _line(console, Text(f"machine: {rows.machine(report)}", style="dim"))
    for note in report.notes:
        _line(console, Text.assemble(("note: ", "yellow"), one_line(note)))


def _heading(console: Console, text: str) -> None:
    console.print()
    _line(console, Text(text, style="bold underline"))


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
