"""The ledger as one self-contained page: no network, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.html import render
from harness.report.ledger import rows
from harness.report.ledger.rows import ChangeRow, ClaimRow, SystemRow
from harness.vocabulary.claims import ClaimChange, ClaimVerdict, Ledger


@dataclass(frozen=True)
class Group:
    """The claims of one verdict."""

    verdict: str
    meaning: str
    claims: tuple[ClaimRow, ...]


@dataclass(frozen=True)
class LedgerPage:
    headline: str
    verdicts: tuple[str, ...]
    systems: tuple[SystemRow, ...]
    total: SystemRow
    against: str
    changed: tuple[ChangeRow, ...]
    groups: tuple[Group, ...]


def to_html(ledger: Ledger, changed: Sequence[ClaimChange] = (), against: str = "") -> str:
    """`ledger` as an HTML page, documented and observed side by side; every text is escaped."""
    page = LedgerPage(
        rows.headline(ledger),
        tuple(verdict.value for verdict in ClaimVerdict),
        rows.system_rows(ledger),
        rows.total_row(ledger),
        against,
        tuple(map(rows.change_row, changed)),
        tuple(
            Group(verdict.value, rows.MEANING[verdict], rows.claim_rows(rows.of(ledger, verdict)))
            for verdict in ClaimVerdict
            if rows.of(ledger, verdict)
        ),
    )
    return render("claims.html", page)
