"""Where a change begins, as a part of a page or a page by itself: no network, no script."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.bench.sections import Drawing, drawings, no_plots
from harness.report.html import render
from harness.report.located.growing import COLUMNS, growth_plot
from harness.report.located.rows import Told, told
from harness.report.plain import one_line
from harness.vocabulary.located import Located


@dataclass(frozen=True)
class LocatedBlock:
    """One change as the macro `located` of locating.html takes it."""

    told: Told
    columns: tuple[str, ...]
    drawings: tuple[Drawing, ...]
    note: str


@dataclass(frozen=True)
class LocatedPage:
    headline: str
    tone: str
    baseline: str
    candidate: str
    block: LocatedBlock


def block(found: Located) -> LocatedBlock:
    """A change with the picture of its growth; a note in place of that without matplotlib."""
    note, drawn = "", None
    try:
        drawn = growth_plot(found.model) if found.model is not None else None
    except ImportError as error:
        note = no_plots(error)
    return LocatedBlock(told(found), COLUMNS, drawings([drawn] if drawn else []), note)


def to_html(stacks: tuple[str, str], found: Located) -> str:
    """`found` as an HTML page; every text is escaped."""
    baseline, candidate = map(one_line, stacks)
    shown = block(found)
    parts = shown.told.parts
    headline = parts[0].headline if parts else "Nothing could be looked into"
    tone = "bad" if any(part.found for part in parts) else "good" if parts else "warn"
    return render("located.html", LocatedPage(headline, tone, baseline, candidate, shown))
