"""A benchmark as Markdown that GitHub renders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.report.bench import again, missing, overview, rows, trials
from harness.report.bench.rows import COLUMNS, Pair, Task
from harness.report.plain import one_line
from harness.report.tables import cell, table
from harness.vocabulary.costs import BenchReport, Comparison


def to_markdown(report: BenchReport) -> str:
    """`report` as Markdown: the verdicts, the arms side by side, then a table a task."""
    lines = [f"## {cell(rows.headline(report))}", ""]
    pairs = rows.pairs(report)
    if beside := overview.overview(pairs):
        body = ((name, *map("\n".join, cells)) for name, cells in beside.lines)
        lines += ["### Side by side", "", *table(beside.columns, body), ""]
    for pair in pairs:
        lines += _pair(report, pair)
    lines += [f"- {legend}"] if (legend := rows.legend(report)) else []
    lines += [f"- limits of {cell(arm)}: {cell(told)}" for arm, told in rows.limits(report)]
    lines += [f"- machine: {cell(rows.machine(report))}"] if report.machine else []
    lines += [f"- note: {cell(one_line(note))}" for note in report.notes]
    return "\n".join(lines).rstrip() + "\n"


def _pair(report: BenchReport, pair: Pair) -> Iterator[str]:
    yield f"### {cell(rows.title(pair.baseline, pair.candidate))}"
    yield ""
    told = "; ".join([rows.arms(pair.baseline, pair.candidate), *rows.moves(report, pair)])
    yield from ([cell(told), ""] if told else [])
    if len(pair.trials) > 1:
        tried = trials.table(pair)
        yield from (*table(trials.COLUMNS, tried.lines), "", f"**{tried.told}**", "")
    else:
        yield from _comparison(pair.trials[0])
    missed = dict.fromkeys(line for each in pair.trials for line in missing.lines(each))
    if missed:
        yield from (*(f"- not measured: {cell(line)}" for line in missed), "")


def parts(report: BenchReport) -> Iterator[str]:
    """The tables as parts of a gate's report, which tells the rest: text that ends with a line."""
    for each in report.comparisons:
        if told := rows.arms(each.baseline, each.candidate):
            yield f"\n{cell(told)}\n"
        yield from (_text(_task(task)) for task in rows.tasks(each))
        told_of = [f"- `{cell(name)}`: {cell(why)}" for name, why in rows.reasons(each)]
        told_of += [f"- not measured: {cell(line)}" for line in missing.lines(each)]
        yield from ([_text(told_of)] if told_of else [])
        commands = [command for _, command in again.commands(each)]
        yield from ([_text(["```sh", *commands, "```"])] if commands else [])
    lines = [f"- {legend}"] if (legend := rows.legend(report)) else []
    lines += [f"- limits of {cell(arm)}: {cell(told)}" for arm, told in rows.limits(report)]
    lines += [f"- machine: {cell(rows.machine(report))}"] if report.machine else []
    yield from ([_text(lines)] if lines else [])


def _text(lines: Iterable[str]) -> str:
    return "\n" + "\n".join(lines) + "\n"


def _comparison(comparison: Comparison) -> Iterator[str]:
    for task in rows.tasks(comparison):
        yield from (*_task(task), "")
    reasons = [f"- `{cell(name)}`: {cell(why)}" for name, why in rows.reasons(comparison)]
    yield from ([*reasons, ""] if reasons else [])
    yield from (rows.measured_text(comparison), "")


def _task(task: Task) -> list[str]:
    heads = [task.name if field == "name" else COLUMNS[field] for field in task.columns]
    body = [[_shown(field, getattr(row, field)) for field in task.columns] for row in task.rows]
    return table(heads, body)


def _shown(field: str, text: str) -> str:
    return f"**{text}**" if field == "verdict" and text != "same" else text
