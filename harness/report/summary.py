"""A gate's findings in the order a reader needs them: pure, before any wording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.vocabulary.accepted import Accepted
from harness.vocabulary.cells import Cell, cell_of
from harness.vocabulary.costs import Comparison, CostVerdict
from harness.vocabulary.gated import (
    BehaviourVerdict,
    GateReport,
    ObservationVerdict,
    PackageVerdict,
    Skip,
)
from harness.vocabulary.stacks import LIBRARIES, Move
from harness.vocabulary.verdicts import UNIMPORTABLE, Verdict

SHOWN_MOVES = 12
"""So many moved packages are listed; roots and those that went back always are."""

_WEIGHT = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True)
class Fold:
    """The cells in which one behaviour has one verdict; `shown` moved furthest of them.

    `accepted` is the entry that accepts it in all of them.
    """

    verdict: Verdict
    results: tuple[BehaviourVerdict, ...]
    accepted: Accepted | None = None

    @property
    def shown(self) -> BehaviourVerdict:
        return max(self.results, key=_reach)

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell_of(result.cell) for result in self.results)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(result.reason for result in self.results if result.reason))


@dataclass(frozen=True)
class Group:
    """One behaviour and its verdicts, heaviest first, those that are accepted last."""

    behaviour: str
    folds: tuple[Fold, ...]


@dataclass(frozen=True)
class Moves:
    """Moved packages: those to list, and the rest."""

    listed: tuple[Move, ...]
    folded: tuple[Move, ...]


def counts(report: GateReport) -> dict[Verdict, int]:
    """How often each verdict was given, heaviest first, zeros included."""
    found = dict.fromkeys(Verdict, 0)
    for result in report.behaviours:
        found[result.verdict] += 1
    return found


def found(report: GateReport) -> dict[Verdict | CostVerdict, int]:
    """How often each verdict was given, of behaviours and of costs, heaviest first.

    That a cost is inconclusive is counted at the end, and only where costs were compared.
    """
    counted: dict[Verdict | CostVerdict, int] = dict(counts(report).items())
    if report.bench is None:
        return counted
    counted[CostVerdict.INCONCLUSIVE] = 0
    for comparison in report.bench.comparisons:
        for each in comparison.compared:
            said = each.decision.verdict
            counted[said if said is CostVerdict.INCONCLUSIVE else Verdict(said.value)] += 1
    return counted


def accepted(report: GateReport) -> Counter[str]:
    """How many of each verdict are accepted: on behaviours, packages and costs.

    `lost` counts the tasks that only the candidate cannot do any more.
    """
    compared = (each for one in _comparisons(report) for each in one.compared)
    lost = ({each.task for each in one.missed if each.accepted} for one in _comparisons(report))
    return Counter(
        [
            *(str(each.verdict) for each in report.behaviours if each.accepted),
            *(each.verdict for each in report.packages if each.accepted),
            *(str(each.decision.verdict) for each in compared if each.accepted),
            *("lost" for tasks in lost for _ in tasks),
        ]
    )


def _comparisons(report: GateReport) -> tuple[Comparison, ...]:
    return report.bench.comparisons if report.bench else ()


def groups(report: GateReport) -> tuple[Group, ...]:
    """Every behaviour with a verdict other than `same`, in the order of its first fold."""
    by_behaviour: dict[str, list[BehaviourVerdict]] = {}
    for result in report.behaviours:
        if result.verdict is not Verdict.SAME:
            by_behaviour.setdefault(result.behaviour, []).append(result)
    found = [Group(behaviour, _folds(results)) for behaviour, results in by_behaviour.items()]
    return tuple(sorted(found, key=lambda group: (*_order(group.folds[0]), group.behaviour)))


def differing(result: BehaviourVerdict) -> tuple[ObservationVerdict, ...]:
    """The observations that are not `same`, heaviest and furthest first."""
    moved = (entry for entry in result.observations if entry.verdict is not Verdict.SAME)
    return tuple(sorted(moved, key=lambda e: (_WEIGHT[e.verdict], -(e.distance or 0.0))))


def moves(report: GateReport) -> Moves:
    """Roots (the libraries under test) first, then what went back, then the rest by name."""
    ordered = sorted(report.moved, key=_move_order)
    kept = sum(1 for move in ordered if move.package in LIBRARIES or move.went_back)
    # Folding a single one would take the line that it saves.
    listed = max(kept, SHOWN_MOVES)
    if len(ordered) == listed + 1:
        listed += 1
    return Moves(tuple(ordered[:listed]), tuple(ordered[listed:]))


def went_back(report: GateReport) -> tuple[Move, ...]:
    return tuple(move for move in sorted(report.moved, key=_move_order) if move.went_back)


def notable_packages(report: GateReport) -> tuple[PackageVerdict, ...]:
    """The packages whose import tells something; `unimportable` first."""
    notable = (package for package in report.packages if package.verdict != "same")
    return tuple(sorted(notable, key=lambda p: (p.verdict != UNIMPORTABLE, p.verdict, p.package)))


def skips(report: GateReport) -> tuple[Skip, ...]:
    """The reasons for skipping, the most frequent first."""
    return tuple(sorted(report.skipped, key=lambda skip: (-skip.count, skip.reason)))


def devices(report: GateReport) -> frozenset[str]:
    return frozenset(
        device for result in report.behaviours if (device := cell_of(result.cell).device)
    )


def _move_order(move: Move) -> tuple[bool, bool, str]:
    return (move.package not in LIBRARIES, not move.went_back, move.package)


def _folds(results: Iterable[BehaviourVerdict]) -> tuple[Fold, ...]:
    alike: dict[tuple[Verdict, Accepted | None], list[BehaviourVerdict]] = {}
    for result in results:
        alike.setdefault((result.verdict, result.accepted), []).append(result)
    folds = (Fold(verdict, tuple(found), entry) for (verdict, entry), found in alike.items())
    return tuple(sorted(folds, key=_order))


def _order(fold: Fold) -> tuple[bool, int]:
    return (fold.accepted is not None, _WEIGHT[fold.verdict])


def _reach(result: BehaviourVerdict) -> float:
    return max((entry.distance or 0.0 for entry in differing(result)), default=-1.0)
