"""What was noticed of faults, as data for other programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.vocabulary.faults import Notice, Sensitivity, Share, Sight, Tried
from harness.vocabulary.tiers import TIERS

FORMAT = 1
_FOUND = {Sight.NOTICED: True, Sight.SURVIVED: False, Sight.UNKNOWN: None}


def to_json(found: Sensitivity) -> dict[str, Any]:
    """Strict JSON. `found` is null of a fault of which nothing is known; shares are parts of one.

    `gate` tells whether a gate of this change would exit 1 by its usual choice of verdicts.
    """
    return {
        "format": FORMAT,
        "stack": found.stack,
        "bounds": {"total": found.total_bound, "library": found.library_bound},
        "met": found.met,
        "seconds": round(found.seconds, 3),
        "total": _share(found.total),
        "libraries": _shares(found.libraries),
        "kinds": _shares(found.kinds),
        "faults": [_fault(each) for each in found.faults],
        "left_out": [
            {"behaviour": each.behaviour, "cell": each.cell, "reason": each.reason}
            for each in found.unsteady
        ],
        "notes": list(found.notes),
    }


def listed(faults: Iterable[Tried]) -> dict[str, Any]:
    """Faults that were not tried, as strict JSON."""
    fields = ("id", "library", "kind", "why")
    return {
        "format": FORMAT,
        "faults": [{field: getattr(each, field) for field in fields} for each in faults],
    }


def _fault(each: Tried) -> dict[str, Any]:
    return {
        "id": each.id,
        "found": _FOUND[each.sight],
        "library": each.library,
        "kind": each.kind,
        "why": each.why,
        "by": [_notice(notice) for notice in each.notices],
        "judged": each.judged,
        "gate": each.stops_a_gate,
        "tiers": {tier: each.noticed_by(tier) for tier in TIERS},
        "reason": each.reason,
    }


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "behaviour": notice.behaviour,
        "cell": notice.cell,
        "verdict": notice.verdict.value,
        "tier": notice.tier,
        "detail": notice.detail,
    }


def _shares(groups: Iterable[Share]) -> dict[str, Any]:
    return {group.name: _share(group) for group in groups}


def _share(group: Share) -> dict[str, Any]:
    return {
        "noticed": group.noticed,
        "survived": group.survived,
        "unknown": group.unknown,
        "share": group.share,
        "gate": group.stopped,
        "tiers": dict(zip(TIERS, group.by_tier, strict=True)),
    }
