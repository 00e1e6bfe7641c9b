"""Which changes of a gate are accepted, and which acceptances no longer stand. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from packaging.specifiers import SpecifierSet

from harness.gate.selection import matches
from harness.gate.world import Request
from harness.vocabulary.accepted import Acceptance, Accepted, Standing
from harness.vocabulary.gated import BehaviourVerdict, GateReport
from harness.vocabulary.tiers import DEFAULT, within
from harness.vocabulary.verdicts import Verdict

NO_EVIDENCE = frozenset({Verdict.UNKNOWN, Verdict.FLAKY})
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


def accept(report: GateReport, entries: Sequence[Accepted], left: LeftOut) -> GateReport:
    """`report` with the first entry that accepts it at each verdict, and what became of entries.

    An entry is `unmatched` only where all that it names ran and gave evidence: a gate of a part
    says nothing of an entry for the whole.
    """
    acceptances = tuple(_acceptance(entry, report, left) for entry in entries)
    holding = [each.entry for each in acceptances if each.standing is Standing.HOLDS]
    behaviours = tuple(
        replace(result, accepted=next((e for e in holding if _accepts(e, result)), None))
        for result in report.behaviours
    )
    return replace(report, behaviours=behaviours, accepted=acceptances)


def _acceptance(entry: Accepted, report: GateReport, left: LeftOut) -> Acceptance:
    named = [result for result in report.behaviours if _names(entry, result)]
    found = Counter(result.verdict for result in named)
    version = report.candidate.versions.get(entry.package) if report.candidate else None
    if not named:
        standing = Standing.UNSEEN
    elif version is None or not SpecifierSet(entry.versions).contains(version, prereleases=True):
        standing = Standing.EXPIRED
    elif found[entry.verdict]:
        standing = Standing.HOLDS
    elif NO_EVIDENCE.intersection(found) or _is_partly(entry, named, left):
        standing = Standing.UNSEEN
    else:
        standing = Standing.UNMATCHED
    return Acceptance(entry, standing, dict(found), version)


def _is_partly(entry: Accepted, named: Iterable[BehaviourVerdict], left: LeftOut) -> bool:
    """Whether the change may be in what was left out, beside what is `named`."""
    if left.cells and "*" in entry.cell:
        return True
    if left.unsaid and not any(each.behaviour == entry.behaviour for each in named):
        return True
    return any(matches(name, entry.behaviour) for name in left.behaviours)


def _accepts(entry: Accepted, result: BehaviourVerdict) -> bool:
    return result.verdict is entry.verdict and _names(entry, result)


def _names(entry: Accepted, result: BehaviourVerdict) -> bool:
    return matches(result.behaviour, entry.behaviour) and fnmatchcase(result.cell, entry.cell)
