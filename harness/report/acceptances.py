"""Accepted changes in words: what is accepted, by whom, and which entry no longer stands."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, replace

from harness.report import summary
from harness.report.plain import one_line
from harness.vocabulary.accepted import Acceptance, Accepted, Standing
from harness.vocabulary.costs import CostVerdict
from harness.vocabulary.gated import GateReport, PackageVerdict
from harness.vocabulary.verdicts import UNIMPORTABLE, Verdict

_ORDER = (UNIMPORTABLE, *(each.value for each in Verdict), CostVerdict.INCONCLUSIVE.value)


@dataclass(frozen=True)
class EntryRow:
    """An entry: what became of it, what it says, and what to do where it fails the gate."""

    id: str
    standing: str
    terms: str
    next: str

    @property
    def fails(self) -> bool:
        return bool(self.next)


@dataclass(frozen=True)
class Section:
    """Entries under one heading; `told` is what stands below them."""

    title: str
    rows: tuple[EntryRow, ...]
    told: str = ""


def sections(report: GateReport) -> tuple[Section, ...]:
    """The entries that fail this gate, and apart from them those that accept something in it."""
    found = rows(report)
    parts = (
        Section("Acceptances that no longer stand", tuple(row for row in found if row.fails)),
        Section("Accepted changes", tuple(row for row in found if not row.fails)),
    )
    kept = [part for part in parts if part.rows]
    return (*kept[:-1], replace(kept[-1], told=_unseen(report))) if kept else ()


def rows(report: GateReport) -> tuple[EntryRow, ...]:
    """The entries that this gate can judge, first those that fail it."""
    judged = [each for each in report.accepted if each.standing is not Standing.UNSEEN]
    packages = report.candidate.versions if report.candidate else ()
    return tuple(_row(each, packages) for each in sorted(judged, key=lambda each: not each.fails))


def _unseen(report: GateReport) -> str:
    """How many other entries there are; nothing where there are none."""
    count = sum(1 for each in report.accepted if each.standing is Standing.UNSEEN)
    return f"and {count:,} more of which this gate can say nothing" if count else ""


def terms(entry: Accepted) -> str:
    """`accepted until transformers<5.25 by ann@example.com: the reason`."""
    return one_line(f"accepted until {entry.until} by {entry.owner}: {entry.reason}")


def packages(report: GateReport) -> tuple[PackageVerdict, ...]:
    """The packages whose import tells something, with what accepts it."""
    return tuple(map(with_terms, summary.notable_packages(report)))


def with_terms(package: PackageVerdict) -> PackageVerdict:
    """`package` with what accepts it behind the reason."""
    if package.accepted is None:
        return package
    told = filter(None, [package.reason, terms(package.accepted)])
    return replace(package, reason="; ".join(told))


def _row(each: Acceptance, packages: Collection[str]) -> EntryRow:
    standing = _standing(each, packages)
    return EntryRow(one_line(each.entry.id), standing, terms(each.entry), _next(each, packages))


def _standing(each: Acceptance, packages: Collection[str]) -> str:
    """What became of an entry; `packages` are the candidate's."""
    entry = each.entry
    if each.standing is Standing.HOLDS:
        return f"accepts {each.accepts:,} {entry.verdict}"
    if each.standing is Standing.EXPIRED:
        has = f"{entry.package} {each.version}" if each.version else f"no {entry.package}"
        near = _near(each, packages)
        meant = f" (near: {', '.join(near)})" if near else ""
        return f"has expired: the candidate has {one_line(has)}{meant}"
    found = sorted(each.found.items(), key=lambda said: _ORDER.index(said[0]))
    told = ", ".join(f"{count:,} {verdict}" for verdict, count in found)
    return f"matches nothing: none is {entry.verdict} of {told}"


def _near(each: Acceptance, packages: Collection[str]) -> list[str]:
    """The candidate's packages that an entry may mean whose own the candidate lacks."""
    if each.version:
        return []
    return difflib.get_close_matches(each.entry.package, packages, cutoff=0.75)


def _next(each: Acceptance, packages: Collection[str]) -> str:
    out = one_line(f"take [{each.entry.id}] out of {each.entry.file}")
    if each.standing is Standing.EXPIRED:
        advice = f"look at the change again, then {out}, or give it a later until"
        for meant in _near(each, packages)[:1]:
            advice += f'; if {meant} was meant, until = "{meant}{each.entry.versions}"'
        return one_line(advice)
    return out if each.standing is Standing.UNMATCHED else ""
