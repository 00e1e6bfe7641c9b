"""The ledger as data for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.report.ledger import rows
from harness.report.strict import finite
from harness.vocabulary.claims import ClaimChange, ClaimVerdict, Entry, Ledger

FORMAT = 1


def to_json(
    ledger: Ledger, changed: Sequence[ClaimChange] = (), against: str = ""
) -> dict[str, Any]:
    """The ledger as strict JSON.

    `documented` and `observed` are values as the claims' file and the behaviours have them,
    `observed` null where nothing but the documented was seen; `behaviour` lists ids.
    """
    counts = rows.total_row(ledger).counts
    return {
        "format": FORMAT,
        "stack": ledger.stack,
        "counts": {v.value: n for v, n in zip(ClaimVerdict, counts, strict=True)},
        "claims": [_entry(entry) for entry in ledger.entries],
        "against": against or None,
        "changed": [
            {
                "id": change.candidate.claim.id,
                "from": change.baseline.verdict.value,
                "to": change.candidate.verdict.value,
                "observed_before": finite(change.baseline.observed),
                "observed": finite(change.candidate.observed),
                "reason": change.candidate.reason,
            }
            for change in changed
        ],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    claim = entry.claim
    return {
        "id": claim.id,
        "system": claim.system,
        "claim": claim.text,
        "verdict": entry.verdict.value,
        "documented": finite(claim.documented),
        "observed": finite(entry.observed),
        "behaviour": list(entry.behaviours),
        "cells": list(entry.cells),
        "reason": entry.reason,
        "since": claim.since if entry.verdict is ClaimVerdict.OUTDATED else "",
        "instead": rows.remedy(entry),
        "places": list(claim.places),
    }
