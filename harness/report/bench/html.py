"""A benchmark as one self-contained page with its plots: no network, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.report.bench import overview, plots, rows, trials
from harness.report.bench.canvas import Plot
from harness.report.bench.overview import Overview
from harness.report.bench.rows import COLUMNS, MEANING, Pair, Task
from harness.report.bench.trials import Trials
from harness.report.html import render
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
    """Two arms: their tasks, or where they were compared many times the counts of verdicts."""

    title: str
    arms: str
    moves: tuple[str, ...]
    tasks: tuple[Task, ...]
    trials: Trials | None
    reasons: tuple[tuple[str, str], ...]
    measured: str
    missed: tuple[str, ...]
    drawings: tuple[Drawing, ...]


@dataclass(frozen=True)
class BenchPage:
    headline: str
    tone: str
    columns: Mapping[str, str]
    trial_columns: tuple[str, ...]
    meaning: Mapping[str, str]
    beside: Overview | None
    drawings: tuple[Drawing, ...]
    sections: tuple[Section, ...]
    limits: tuple[tuple[str, str], ...]
    machine: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def to_html(report: BenchReport) -> str:
    """`report` as an HTML page; every text of it is escaped.

    Without matplotlib the page has a note in place of the plots.
    """
    pairs = rows.pairs(report)
    beside = overview.overview(pairs)
    notes = [one_line(note) for note in report.notes]
    try:
        drawn, sections = _drawn(report, pairs, beside)
    except ImportError as error:
        notes.append(f"no plots: matplotlib cannot be imported: {one_line(str(error))}")
        drawn, sections = (), tuple(_section(report, pair, ()) for pair in pairs)
    page = BenchPage(
        rows.headline(report),
        rows.tone(report),
        COLUMNS,
        trials.COLUMNS,
        {verdict.value: meaning for verdict, meaning in MEANING.items()},
        beside,
        drawn,
        sections,
        rows.limits(report),
        tuple((one_line(name), one_line(value)) for name, value in report.machine.items()),
        rows.versions(report),
        tuple(notes),
    )
    return render("bench.html", page)


def _drawn(
    report: BenchReport, pairs: Sequence[Pair], beside: Overview | None
) -> tuple[tuple[Drawing, ...], tuple[Section, ...]]:
    drawn = plots.side_by_side(beside) if beside else ()
    sections = tuple(_section(report, pair, plots.of_pair(pair)) for pair in pairs)
    return _drawings(drawn), sections


def _section(report: BenchReport, pair: Pair, drawn: Sequence[Plot]) -> Section:
    once = pair.trials[0] if len(pair.trials) == 1 else None
    missed = dict.fromkeys(line for each in pair.trials for line in rows.missed(each))
    return Section(
        rows.title(pair.baseline, pair.candidate),
        rows.arms(pair.baseline, pair.candidate),
        rows.moves(report, pair),
        rows.tasks(once) if once else (),
        None if once else trials.table(pair),
        rows.reasons(once) if once else (),
        rows.measured_text(once) if once else "",
        tuple(missed),
        _drawings(drawn),
    )


def _drawings(drawn: Sequence[Plot]) -> tuple[Drawing, ...]:
    """Matplotlib escapes every text that it draws, so a plot's SVG may stand in the page."""
    return tuple(Drawing(Markup(each.svg), each.title, each.caption) for each in drawn)
