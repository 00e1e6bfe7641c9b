"""The ledger of claims under one stack, or under one against the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.gate.plan import SIDES, Side
from harness.gate.world import Request, StackFailure, World
from harness.ledger import behaviours_of, changes, confirmed, decide, outdated_by, read_claims
from harness.ledger.book import Checker, claims_file
from harness.running.settling import settle
from harness.running.sides import Sides, resolve
from harness.vocabulary.claims import Claim, ClaimChange, Ledger
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.stacks import LIBRARIES, Lock


@dataclass(frozen=True)
class Book:
    """The claims in question, and who checks each."""

    claims: tuple[Claim, ...] = ()
    checkers: Mapping[str, Sequence[Checker]] = field(default_factory=dict)


def book_of(home: Path) -> Book:
    """The claims of a project; none where it has no file of them. Raises HarnessError."""
    if not claims_file(home).exists():
        return Book()
    return Book(read_claims(home), behaviours_of(home))


@dataclass(frozen=True)
class Found:
    """The ledger of the stack asked for, and where the baseline's says otherwise.

    `changes` is empty where there was no baseline; `notes` are findings about the run.
    """

    ledger: Ledger
    changes: tuple[ClaimChange, ...] = ()
    notes: tuple[str, ...] = ()


def run_claims(request: Request, world: World, book: Book) -> Found:
    """Run the behaviours that name the claims of `book`.

    They run under `request.baseline`, and under the candidate unless that is an empty
    argument. Raises StackError where a stack cannot be made, NoEvidence where nothing ran,
    HarnessError for what the user can mend, KeyboardInterrupt after stopping what ran.
    """
    behaviours = dict.fromkeys(
        checker.behaviour for claim in book.claims for checker in book.checkers.get(claim.id, ())
    )
    if not behaviours:
        return Found(decide(request.candidate or request.baseline, book.claims, {}, (), {}))
    sides_asked: tuple[Side, ...] = SIDES if request.candidate else ("baseline",)
    locks: dict[Side, Lock] = {}
    try:
        resolve(request, world, locks, sides_asked)
        sides = Sides(replace(request, select=tuple(behaviours)), world, locks)
        found = _against(sides, book) if request.candidate else _alone(sides, book)
    except StackFailure as failure:
        raise failure.error from failure
    return replace(found, notes=(*sides.notes, *sides.results.oddities()))


def _alone(sides: Sides, book: Book) -> Found:
    sides.run()
    _check_listed(sides, "baseline")
    return Found(_ledger(sides, "baseline", book))


def _against(sides: Sides, book: Book) -> Found:
    comparison = settle(sides)
    for side in SIDES:
        _check_listed(sides, side)
    before, after = both(sides, book)
    return Found(after, confirmed(changes(before, after), comparison.behaviours))


def both(sides: Sides, book: Book) -> tuple[Ledger, Ledger]:
    """What the first runs of baseline and candidate say of the claims.

    What held in the baseline and is wrong in a candidate none of whose libraries is older is
    outdated by it.
    """
    before, after = (_ledger(sides, side, book) for side in SIDES)
    moved = sides.world.stacks.moves(sides.locks["baseline"], sides.locks["candidate"])
    if not any(move.went_back for move in moved if move.package in LIBRARIES):
        after = outdated_by(before, after)
    return before, after


def _check_listed(sides: Sides, side: Side) -> None:
    listing = sides.results.listings[side]
    if listing.plan is None:
        raise NoEvidence(
            f"the behaviours could not be listed under the {side}",
            where=listing.problem,
            next="harness stacks build STACK prints the python to try it with",
        )


def _ledger(sides: Sides, side: Side, book: Book) -> Ledger:
    name = sides.request.baseline if side == "baseline" else sides.request.candidate
    first, *_ = sides.results.side(side, 1 + sides.request.confirm)
    versions = sides.locks[side].versions
    return decide(name, book.claims, book.checkers, first.values(), versions)
