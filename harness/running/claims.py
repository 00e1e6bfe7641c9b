"""The ledger of claims under one stack, or under one against the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.gate.plan import SIDES, Side
from harness.gate.world import Request, StackFailure, World
from harness.ledger import changes, decide, outdated_by
from harness.ledger.book import Checker
from harness.running.sides import Sides, resolve
from harness.vocabulary.claims import Claim, ClaimChange, Ledger
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.stacks import LIBRARIES, Lock


@dataclass(frozen=True)
class Found:
    """The ledger of the stack asked for, and where the baseline's says otherwise.

    `changes` is empty where there was no baseline; `notes` are findings about the run.
    """

    ledger: Ledger
    changes: tuple[ClaimChange, ...] = ()
    notes: tuple[str, ...] = ()


def run_claims(
    request: Request,
    world: World,
    claims: Sequence[Claim],
    checkers: Mapping[str, Sequence[Checker]],
) -> Found:
    """Run the behaviours that name `claims`, under `request.baseline` and any candidate.

    Without a candidate (an empty argument) only the baseline runs. Raises StackError where a
    stack cannot be made, NoEvidence where nothing ran, HarnessError for what the user can
    mend, KeyboardInterrupt after stopping what ran.
    """
    asked: tuple[Side, ...] = SIDES if request.candidate else ("baseline",)
    behaviours = dict.fromkeys(
        checker.behaviour for claim in claims for checker in checkers.get(claim.id, ())
    )
    locks: dict[Side, Lock] = {}
    try:
        resolve(request, world, locks, asked)
        sides = Sides(replace(request, select=tuple(behaviours)), world, locks)
        sides.run()
    except StackFailure as failure:
        raise failure.error from failure
    ledgers = {side: _ledger(sides, side, claims, checkers) for side in asked}
    notes = (*sides.notes, *sides.results.oddities())
    if "candidate" not in ledgers:
        return Found(ledgers["baseline"], notes=notes)
    before, after = ledgers["baseline"], ledgers["candidate"]
    moved = world.stacks.moves(locks["baseline"], locks["candidate"])
    if not any(move.went_back for move in moved if move.package in LIBRARIES):
        after = outdated_by(before, after)
    return Found(after, changes(before, after), notes)


def _ledger(
    sides: Sides, side: Side, claims: Sequence[Claim], checkers: Mapping[str, Sequence[Checker]]
) -> Ledger:
    request = sides.request
    listing = sides.results.listings[side]
    if listing.plan is None:
        raise NoEvidence(
            f"the behaviours could not be listed under the {side}",
            where=listing.problem,
            next="harness stacks build STACK prints the python to try it with",
        )
    name = request.baseline if side == "baseline" else request.candidate
    [outcomes] = sides.results.side(side)
    return decide(name, claims, checkers, outcomes.values())
