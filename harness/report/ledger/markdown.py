"""The ledger as Markdown that GitHub renders, small enough for a CI summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.report.ledger import rows
from harness.report.tables import cell, table
from harness.vocabulary.claims import ClaimChange, ClaimVerdict, Ledger

_CELL = 160


def to_markdown(ledger: Ledger, changed: Sequence[ClaimChange] = (), against: str = "") -> str:
    """`ledger` as Markdown: counts by system, then what does not hold, then why unchecked."""
    lines = [f"## {cell(rows.headline(ledger))}", "", *_systems(ledger)]
    if against:
        lines += ["", f"### Other than under {cell(against)} ({len(changed)})", ""]
        lines += table(
            ("claim", "verdict", "documented", "observed"),
            (
                (f"`{row.id}`", rows.change_text(change), row.documented, row.observed)
                for change in changed
                for row in [rows.claim_row(change.candidate, _CELL)]
            ),
        )
    for verdict in (ClaimVerdict.WRONG, ClaimVerdict.OUTDATED):
        entries = rows.of(ledger, verdict)
        if entries:
            lines += ["", f"### {verdict.value.capitalize()} ({len(entries)})", ""]
            lines += table(
                ("claim", "says", "documented", "observed", "instead"),
                (
                    (f"`{r.id}`", r.text, r.documented, r.observed, r.remedy)
                    for r in rows.claim_rows(entries, _CELL)
                ),
            )
    reasons = Counter(rows.observed_text(e) for e in rows.of(ledger, ClaimVerdict.UNCHECKED))
    if reasons:
        lines += ["", f"### Unchecked ({sum(reasons.values())})", ""]
        lines += [f"- {count} x {cell(reason)}" for reason, count in reasons.most_common()]
    return "\n".join(lines) + "\n"


def _systems(ledger: Ledger) -> list[str]:
    found = (*rows.system_rows(ledger), rows.total_row(ledger))
    return table(
        ("system", *(verdict.value for verdict in ClaimVerdict), "claims"),
        ((row.system, *(str(n) if n else "" for n in row.counts), str(row.total)) for row in found),
    )
