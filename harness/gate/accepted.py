"""Which changes of a gate are accepted, and which acceptances no longer stand. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TypeVar

from packaging.specifiers import SpecifierSet

from harness.gate.selection import matches
from harness.gate.world import Request
from harness.vocabulary.accepted import Acceptance, Accepted, Kind, Standing
from harness.vocabulary.cells import Cell
from harness.vocabulary.costs import Arm, BenchReport, Compared, Comparison, CostVerdict, Missed
from harness.vocabulary.gated import BehaviourVerdict, GateReport, PackageVerdict
from harness.vocabulary.tiers import DEFAULT, within
from harness.vocabulary.verdicts import Verdict

M = TypeVar("M", Compared, Missed)

NO_EVIDENCE: frozenset[str] = frozenset({Verdict.UNKNOWN, Verdict.FLAKY, CostVerdict.INCONCLUSIVE})
"""Where one of these is, a change that is accepted may be, or not."""

_CHOOSE_CELLS = frozenset({"--subject", "--precision", "--device"})


@dataclass(frozen=True)
class LeftOut:
    """What was not run: these behaviours, and some `cells` of the others. `unsaid` where nobody
    knows which behaviours."""

    behaviours: Collection[str] = ()
    cells: bool = False
    unsaid: bool = False


OF_RECORDS = LeftOut(cells=True, unsaid=True)
"""A run record does not say what its run was asked for."""


def left_out(request: Request, behaviours: Collection[str]) -> LeftOut:
    """What `request` leaves out; `behaviours` are those that its `--select` did."""
    fewer = not within(DEFAULT, request.tier)
    return LeftOut(behaviours, fewer or not _CHOOSE_CELLS.isdisjoint(request.options))


@dataclass(frozen=True)
class _Said:
    """A verdict, and of what: `name` is of a `kind` as in an entry. Without a "/" the name of a
    quantity is a task of which nothing could be measured."""

    kind: Kind
    name: str
    verdict: str
    cell: str = ""


def accept(report: GateReport, entries: Sequence[Accepted], left: LeftOut) -> GateReport:
    """`report` with the first entry that accepts it at each verdict, and what became of entries.

    An entry is `unmatched` only where all that it names ran and gave evidence: a gate of a part
    says nothing of an entry for the whole.
    """
    behaviours = [_of_behaviour(each) for each in report.behaviours]
    packages = [_of_package(each) for each in report.packages]
    said = [*behaviours, *packages, *_of_costs(report.bench)]
    versions = report.candidate.versions if report.candidate else {}
    acceptances = tuple(_acceptance(entry, said, versions, left) for entry in entries)
    holding = [each.entry for each in acceptances if each.standing is Standing.HOLDS]

    def by(one: _Said) -> Accepted | None:
        return next((e for e in holding if e.verdict == one.verdict and _names(e, one)), None)

    return replace(
        report,
        behaviours=tuple(
            replace(each, accepted=by(one))
            for each, one in zip(report.behaviours, behaviours, strict=True)
        ),
        packages=tuple(
            replace(each, accepted=by(one))
            for each, one in zip(report.packages, packages, strict=True)
        ),
        bench=report.bench and _marked(report.bench, by),
        accepted=acceptances,
    )


def _marked(bench: BenchReport, by: Callable[[_Said], Accepted | None]) -> BenchReport:
    """`bench` with the id of what accepts it at each cost."""

    def mark(each: M, said: _Said) -> M:
        entry = by(said)
        return replace(each, accepted=entry.id if entry else "")

    return replace(
        bench,
        comparisons=tuple(
            replace(
                one,
                compared=tuple(mark(each, _of_cost(each, one)) for each in one.compared),
                missed=tuple(mark(each, _of_missed(each, one)) for each in one.missed),
            )
            for one in bench.comparisons
        ),
    )


def _of_behaviour(each: BehaviourVerdict) -> _Said:
    return _Said("behaviour", each.behaviour, each.verdict, each.cell)


def _of_package(each: PackageVerdict) -> _Said:
    return _Said("package", each.package, each.verdict)


def _of_costs(bench: BenchReport | None) -> Iterator[_Said]:
    for one in bench.comparisons if bench else ():
        yield from (_of_cost(each, one) for each in one.compared)
        yield from dict.fromkeys(_of_missed(each, one) for each in one.missed)


def _of_cost(each: Compared, one: Comparison) -> _Said:
    verdict = each.decision.verdict
    return _Said("quantity", each.quantity.id, verdict, _cell(one.candidate))


def _of_missed(each: Missed, one: Comparison) -> _Said:
    """What only the candidate cannot do any more is gone; of the rest nothing is known."""
    verdict = Verdict.GONE if each in one.lost else Verdict.UNKNOWN
    return _Said("quantity", each.task, verdict, _cell(one.candidate))


def _cell(arm: Arm) -> str:
    return Cell(arm.subject.partition("=")[0], arm.precision, arm.device).id


def _acceptance(
    entry: Accepted, said: Iterable[_Said], versions: Mapping[str, str], left: LeftOut
) -> Acceptance:
    named = [one for one in said if _names(entry, one)]
    found = Counter(str(one.verdict) for one in named)
    version = versions.get(entry.package)
    if not named:
        standing = Standing.UNSEEN
    elif version is None or not SpecifierSet(entry.versions).contains(version, prereleases=True):
        standing = Standing.EXPIRED
    elif found[entry.verdict]:
        standing = Standing.HOLDS
    elif _is_unknown(entry, found) or _is_partly(entry, named, left):
        standing = Standing.UNSEEN
    else:
        standing = Standing.UNMATCHED
    return Acceptance(entry, standing, dict(found), version)


def _is_unknown(entry: Accepted, found: Collection[str]) -> bool:
    """Whether the change may be there or not. A task that is gone costs neither more nor less."""
    lost = entry.kind == "quantity" and Verdict.GONE in found
    return lost or bool(NO_EVIDENCE.intersection(found))


def _is_partly(entry: Accepted, named: Iterable[_Said], left: LeftOut) -> bool:
    """Whether the change may be in what was left out, beside what is `named`."""
    if entry.kind == "package":
        return False
    if left.cells and "*" in entry.cell:
        return True
    if entry.kind == "quantity":
        return "*" in _task(entry)  # a gate measures the tasks of what moved, not all
    if left.unsaid and not any(one.name == entry.named for one in named):
        return True
    return any(matches(name, entry.named) for name in left.behaviours)


def _names(entry: Accepted, one: _Said) -> bool:
    if entry.kind != one.kind:
        return False
    if entry.kind == "package":
        return fnmatchcase(one.name, entry.named)
    if not fnmatchcase(one.cell, entry.cell):
        return False
    if entry.kind == "behaviour":
        return matches(one.name, entry.named)
    return fnmatchcase(one.name, entry.named if "/" in one.name else _task(entry))


def _task(entry: Accepted) -> str:
    """The task of the quantities that `entry` names, or its pattern."""
    return entry.named.partition("/")[0]
