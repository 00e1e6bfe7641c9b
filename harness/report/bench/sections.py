"""What a page shows of two arms: tables, what they stand on, and plots; not yet escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.bench import again, missing, plots, rows, trials
from harness.report.bench.canvas import Plot
from harness.report.bench.rows import COLUMNS, MEANING, Pair, Task
from harness.report.bench.trials import Trials
from harness.report.plain import one_line
from harness.vocabulary.costs import BenchReport


@dataclass(frozen=True)
class Drawing:
    """A plot as the page takes it: its SVG is markup, the rest text."""

    svg: Markup
    title: str
    caption: str


@dataclass(frozen=True)
class Section:
    """Two arms: their tasks, or where they were compared many times the counts of verdicts.

    `again` are the commands that measure again what became dearer, by quantity.
    """

    title: str
    arms: str
    moves: tuple[str, ...]
    tasks: tuple[Task, ...]
    trials: Trials | None
    reasons: tuple[tuple[str, str], ...]
    measured: str
    missed: tuple[str, ...]
    again: tuple[tuple[str, str], ...]
    drawings: tuple[Drawing, ...]


@dataclass(frozen=True)
class CostBlock:
    """The costs of a gate: its sections, and what their numbers stand on."""

    columns: Mapping[str, str]
    meaning: Mapping[str, str]
    sections: tuple[Section, ...]
    limits: tuple[tuple[str, str], ...]
    machine: tuple[tuple[str, str], ...]
    note: str


def cost_block(report: BenchReport | None) -> CostBlock | None:
    """The part of a gate's page on costs. Without matplotlib it has a note in place of plots."""
    if report is None:
        return None
    note = ""
    pairs = rows.pairs(report)
    try:
        sections = tuple(section(report, pair, plots.of_pair(pair), True) for pair in pairs)
    except ImportError as error:
        note = no_plots(error)
        sections = tuple(section(report, pair, (), True) for pair in pairs)
    return CostBlock(COLUMNS, MEANINGS, sections, rows.limits(report), machine(report), note)


MEANINGS: Mapping[str, str] = {verdict.value: meaning for verdict, meaning in MEANING.items()}


def no_plots(error: ImportError) -> str:
    return f"no plots: matplotlib cannot be imported: {one_line(str(error))}"


def machine(report: BenchReport) -> tuple[tuple[str, str], ...]:
    """What all numbers stand on, and what the columns are, by name."""
    legend = rows.legend(report)
    told = tuple((one_line(name), one_line(value)) for name, value in report.machine.items())
    return (*((("columns", legend),) if legend else ()), *told)


def section(
    report: BenchReport, pair: Pair, drawn: Sequence[Plot], of_gate: bool = False
) -> Section:
    """Two arms. `of_gate` says that the arms differ in their stack alone, which the gate tells."""
    once = pair.trials[0] if len(pair.trials) == 1 else None
    missed = dict.fromkeys(line for each in pair.trials for line in missing.lines(each))
    return Section(
        rows.title(pair.baseline, pair.candidate),
        rows.arms(pair.baseline, pair.candidate),
        () if of_gate else rows.moves(report, pair),
        rows.tasks(once) if once else (),
        None if once else trials.table(pair),
        rows.reasons(once) if once else (),
        rows.measured_text(once) if once else "",
        tuple(missed),
        again.commands(once) if of_gate and once else (),
        drawings(drawn),
    )


def drawings(drawn: Sequence[Plot]) -> tuple[Drawing, ...]:
    """Matplotlib escapes every text that it draws, so a plot's SVG may stand in the page."""
    return tuple(Drawing(Markup(each.svg), each.title, each.caption) for each in drawn)
