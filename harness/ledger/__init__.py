"""The ledger: which claims of the documents hold under a stack."""

from __future__ import annotations

from harness.ledger.book import behaviours_of, read_claims
from harness.ledger.decide import changes, confirmed, decide, outdated_by

__all__ = ["behaviours_of", "changes", "confirmed", "decide", "outdated_by", "read_claims"]
