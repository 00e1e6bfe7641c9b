"""From two stacks to where they part: in a behaviour that changed, or in a subject."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from harness.blame.looks import Changed, Known, lookable
from harness.gate.plan import Side
from harness.gate.world import Request, StackFailure, World
from harness.running.locating import looker_of
from harness.running.session import run_gate
from harness.running.sides import resolve
from harness.vocabulary.cells import cell_of
from harness.vocabulary.errors import NoEvidence, StackError, UsageError
from harness.vocabulary.gated import BehaviourVerdict
from harness.vocabulary.located import Located, Look
from harness.vocabulary.stacks import Lock
from harness.vocabulary.verdicts import Verdict

_WEIGHT = {verdict: weight for weight, verdict in enumerate(Verdict)}
_NO_CHANGE = frozenset({Verdict.SAME, Verdict.FAILING, Verdict.FLAKY, Verdict.UNKNOWN})


def locate_subject(request: Request, world: World, look: Look) -> Located:
    """Where what `look` names parts between the two stacks, whatever behaviour shows it.

    Raises StackError, NoEvidence, UsageError, KeyboardInterrupt.
    """
    locks: dict[Side, Lock] = {}
    try:
        resolve(request, world, locks)
        world.prepare()
        return looker_of(request, world, locks).subject(look)
    except StackFailure as failure:
        raise failure.error from None


def locate_behaviour(
    request: Request, world: World, known: Known, cell: str = ""
) -> Located | None:
    """Where the change begins that a gate of `request.select` finds; None where it finds none.

    Of several changes one stands for all: the heaviest and furthest moved that can be looked
    into. `cell` is the id of the only one that counts. Raises as `locate_subject`.
    """
    report = run_gate(request, world)
    if report.stack_verdict != "built":
        raise StackError(report.stack_reason)
    behaviours = _in_cell(report.behaviours, cell)
    changes = changed(behaviours)
    if changes:
        locks = {"baseline": report.baseline, "candidate": report.candidate}
        looker = looker_of(request, world, cast("dict[Side, Lock]", locks))
        found = lookable(changes, known)
        chosen = found or changes[0]
        if found and len(changes) > 1:
            world.listener.tell(
                f"of {len(changes)} changes one is looked into, {chosen.behaviour} in "
                f"{chosen.cell.id}; --behaviour and --cell name another"
            )
        return looker.change(chosen, known)
    wavered = {each.verdict.value for each in behaviours if each.verdict is not Verdict.SAME}
    if wavered:
        raise NoEvidence(
            f"there is no change to locate: {', '.join(sorted(wavered))}",
            where=", ".join(request.select),
            next="harness gate with the same stacks tells why",
        )
    return None


def changed(behaviours: Collection[BehaviourVerdict]) -> list[Changed]:
    """Those of a gate's verdicts that are changes, the heaviest and furthest moved first."""
    return [
        Changed(each.behaviour, cell_of(each.cell), each.observations)
        for each in sorted(behaviours, key=_order)
        if each.verdict not in _NO_CHANGE
    ]


def _order(result: BehaviourVerdict) -> tuple[int, float]:
    return _WEIGHT[result.verdict], -max(
        (each.distance or 0.0 for each in result.observations), default=0.0
    )


def _in_cell(behaviours: Collection[BehaviourVerdict], cell: str) -> list[BehaviourVerdict]:
    """Those of one cell, if one is named. Raises UsageError where none is in it."""
    found = [each for each in behaviours if cell in ("", each.cell)]
    if behaviours and not found:
        cells = dict.fromkeys(each.cell for each in behaviours)
        raise UsageError(
            f"the behaviour does not run in cell {cell!r}",
            where=f"--cell {cell}",
            allowed=", ".join(cells),
            next=f"--cell {next(iter(cells))}, or leave --cell out",
        )
    return found
