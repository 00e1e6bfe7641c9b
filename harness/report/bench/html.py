"""A benchmark as one self-contained page with its plots: no network, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.report.bench import overview, plots, rows, trials
from harness.report.bench.overview import Overview
from harness.report.bench.rows import COLUMNS, Pair
from harness.report.bench.sections import (
    MEANINGS,
    Drawing,
    Section,
    drawings,
    machine,
    no_plots,
    section,
)
from harness.report.html import render
from harness.report.plain import one_line
from harness.vocabulary.costs import BenchReport


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
        notes.append(no_plots(error))
        drawn, sections = (), tuple(section(report, pair, ()) for pair in pairs)
    page = BenchPage(
        rows.headline(report),
        rows.tone(report),
        COLUMNS,
        trials.COLUMNS,
        MEANINGS,
        beside,
        drawn,
        sections,
        rows.limits(report),
        machine(report),
        rows.versions(report),
        tuple(notes),
    )
    return render("bench.html", page)


def _drawn(
    report: BenchReport, pairs: Sequence[Pair], beside: Overview | None
) -> tuple[tuple[Drawing, ...], tuple[Section, ...]]:
    drawn = plots.side_by_side(beside) if beside else ()
    sections = tuple(section(report, pair, plots.of_pair(pair)) for pair in pairs)
    return drawings(drawn), sections
