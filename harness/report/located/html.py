"""Where a change begins, as a page by itself: no network, no script."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.html import render
from harness.report.located.blocks import LocatedBlock, located_block
from harness.report.plain import one_line
from harness.vocabulary.located import Located


@dataclass(frozen=True)
class LocatedPage:
    headline: str
    tone: str
    baseline: str
    candidate: str
    block: LocatedBlock


def to_html(stacks: tuple[str, str], found: Located) -> str:
    """`found` as an HTML page; every text is escaped."""
    baseline, candidate = map(one_line, stacks)
    shown = located_block(found)
    parts = shown.told.parts
    headline = parts[0].headline if parts else "Nothing could be looked into"
    tone = "bad" if any(part.found for part in parts) else "good" if parts else "warn"
    return render("located.html", LocatedPage(headline, tone, baseline, candidate, shown))
