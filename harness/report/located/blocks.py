"""Where a change begins, as a part of a page."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.bench.sections import Drawing, drawings, no_plots
from harness.report.located.growing import COLUMNS, growth_plot
from harness.report.located.rows import Told, told
from harness.vocabulary.located import Located


@dataclass(frozen=True)
class LocatedBlock:
    """One change as the macro `located` of locating.html takes it."""

    told: Told
    columns: tuple[str, ...]
    drawings: tuple[Drawing, ...]
    note: str


def located_block(found: Located) -> LocatedBlock:
    """A change with the picture of its growth; a note in place of that without matplotlib."""
    note, drawn = "", None
    try:
        drawn = growth_plot(found.model) if found.model is not None else None
    except ImportError as error:
        note = no_plots(error)
    return LocatedBlock(told(found), COLUMNS, drawings([drawn] if drawn else []), note)
