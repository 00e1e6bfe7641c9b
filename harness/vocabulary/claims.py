"""Claims: what documents say, and what a run of the suites says of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ClaimVerdict(StrEnum):
    """What a ledger says of one claim, in the order that a ledger shows them."""

    WRONG = "wrong"
    OUTDATED = "outdated"
    HOLDS = "holds"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Claim:
    """One statement of a document, as `fixtures/claims.yaml` has it.

    `documented` is what the document says to expect (any JSON value), `places` where it
    says so. `unchecked` is why no behaviour can check it here; `since` and `now` tell, of one
    that held once, which release ended that and what to write now; `instead` what is right
    where it never held. Each is empty where it does not apply.
    """

    id: str
    system: str
    text: str
    documented: Any
    places: tuple[str, ...] = ()
    unchecked: str = ""
    since: str = ""
    now: str = ""
    instead: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger: a claim, its verdict, and the evidence.

    `observed` is None where nothing but the documented was seen. `behaviours` are the ids
    of those that check it, `cells` where they ran. `reason` says why the claim is unchecked,
    or what a behaviour raised.
    """

    claim: Claim
    verdict: ClaimVerdict
    observed: Any = None
    behaviours: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Ledger:
    """What one stack says of all claims. `stack` is how the user named it."""

    stack: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class ClaimChange:
    """A claim on which two stacks disagree."""

    baseline: Entry
    candidate: Entry
