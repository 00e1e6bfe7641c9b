"""Changes that have the same cause put together: what a report of blame leads with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.vocabulary.blame import Blamed, Culprit, History, Key, Standing, Transition

_ORDER = {standing: nth for nth, standing in enumerate(Standing)}


@dataclass(frozen=True)
class _Cause:
    """What changes of one group have in common."""

    standing: Standing
    moves: frozenset[str] = frozenset()
    inseparable: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()
    transitions: tuple[tuple[str, tuple[Transition, ...]], ...] = ()
    reason: str = ""


def group(culprits: Mapping[Key, Culprit], histories: Iterable[History]) -> tuple[Blamed, ...]:
    """The changes of `culprits` by what brought them: named ones first, larger groups first.

    `histories` are of any packages and changes. A change that a history found flaky is
    put on nothing, whatever its culprit seemed to be.
    """
    by_change: dict[Key, list[History]] = {change: [] for change in culprits}
    for history in histories:
        if history.change in by_change and history.package in culprits[history.change].together:
            by_change[history.change].append(history)
    groups: dict[_Cause, list[Key]] = {}
    for change, culprit in culprits.items():
        groups.setdefault(_cause(culprit, by_change[change]), []).append(change)
    made = [_blamed(cause, changes, by_change) for cause, changes in groups.items()]
    return tuple(sorted(made, key=_weight))


def _cause(culprit: Culprit, histories: Iterable[History]) -> _Cause:
    if culprit.standing is not Standing.NAMED:
        return _Cause(culprit.standing, reason=culprit.reason)
    ordered = sorted(histories, key=lambda history: history.package)
    flaky = [each for each in ordered if each.standing is Standing.FLAKY]
    if flaky:
        return _Cause(Standing.FLAKY, reason=flaky[0].reason)
    reasons = [culprit.reason, *(history.reason for history in ordered)]
    return _Cause(
        Standing.NAMED,
        culprit.moves,
        culprit.inseparable,
        culprit.unclear,
        tuple((each.package, each.transitions) for each in ordered if each.transitions),
        "; ".join(filter(None, reasons)),
    )


def _blamed(
    cause: _Cause, changes: Iterable[Key], histories: Mapping[Key, Iterable[History]]
) -> Blamed:
    ordered = tuple(sorted(changes))
    return Blamed(
        cause.standing,
        cause.moves,
        cause.inseparable,
        cause.transitions,
        ordered,
        cause.reason,
        tuple(history for change in ordered for history in histories[change]),
        cause.unclear,
    )


def _weight(blamed: Blamed) -> tuple[int, int, list[str], list[Key]]:
    together = sorted(blamed.moves | blamed.inseparable)
    return _ORDER[blamed.standing], -len(blamed.changes), together, list(blamed.changes)
