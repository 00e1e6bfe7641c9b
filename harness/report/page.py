"""What the HTML page shows, as data: cleaned, ordered and abbreviated, but not yet escaped."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report import summary, words
from harness.report.excerpts import Excerpt, sides, whole
from harness.report.gallery import Gallery, gallery
from harness.report.plain import clean, one_line
from harness.vocabulary.cells import Cell
from harness.vocabulary.observations import Observation
from harness.vocabulary.stacks import Lock
from harness.vocabulary.verdicts import (
    BehaviourVerdict,
    GateReport,
    ObservationVerdict,
    PackageVerdict,
    Skip,
    Verdict,
)

WIDTH = 72
"""Characters of a value that are shown at once."""

WHOLE = 20_000
"""Characters of a value that are shown when it is opened; gate.json has all."""


@dataclass(frozen=True)
class Count:
    verdict: str
    count: int
    meaning: str


@dataclass(frozen=True)
class MoveRow:
    package: str
    text: str
    went_back: bool


@dataclass(frozen=True)
class MoveRows:
    listed: tuple[MoveRow, ...]
    folded: tuple[MoveRow, ...]


@dataclass(frozen=True)
class Row:
    """One observation: both sides around where they part, and in full where that is more."""

    name: str
    at: str
    baseline: Excerpt
    candidate: Excerpt
    size: str
    noise: str
    detail: str
    whole: tuple[str, str] | None


@dataclass(frozen=True)
class Result:
    cell: str
    reason: str
    rows: tuple[Row, ...]
    reproduce: str


@dataclass(frozen=True)
class FoldBlock:
    verdict: str
    meaning: str
    cells: str
    shown: Result
    others: tuple[Result, ...]


@dataclass(frozen=True)
class GroupBlock:
    folder: str
    name: str
    claims: tuple[str, ...]
    folds: tuple[FoldBlock, ...]


@dataclass(frozen=True)
class SameRow:
    behaviour: str
    cells: str


@dataclass(frozen=True)
class StackBlock:
    side: str
    pins: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    headline: str
    tone: str
    baseline: str
    candidate: str
    stack_reason: str
    notes: tuple[str, ...]
    counts: tuple[Count, ...]
    moves: MoveRows
    moved_count: int
    packages: tuple[PackageVerdict, ...]
    groups: tuple[GroupBlock, ...]
    gallery: Gallery
    same: tuple[SameRow, ...]
    same_count: int
    skipped: tuple[Skip, ...]
    skipped_count: int
    stacks: tuple[StackBlock, ...]
    counts_line: str


def page(report: GateReport) -> Page:
    """The page of `report`."""
    counts = summary.counts(report)
    baseline, candidate = words.names(report)
    return Page(
        headline=words.headline(report),
        tone={0: "good", 4: "warn"}.get(report.exit_code, "bad"),
        baseline=baseline,
        candidate=candidate,
        stack_reason=clean(report.stack_reason).strip(),
        notes=tuple(map(one_line, report.notes)),
        counts=tuple(Count(v.value, n, words.MEANING[v]) for v, n in counts.items() if n),
        moves=_moves(report),
        moved_count=len(report.moved),
        packages=tuple(
            PackageVerdict(one_line(p.package), p.verdict, clean(p.reason).strip())
            for p in summary.notable_packages(report)
        ),
        groups=_groups(report),
        gallery=gallery(report),
        same=_same(report),
        same_count=counts[Verdict.SAME],
        skipped=tuple(Skip(one_line(s.reason), s.count) for s in summary.skips(report)),
        skipped_count=sum(skip.count for skip in report.skipped),
        stacks=(*_stack("baseline", report.baseline), *_stack("candidate", report.candidate)),
        counts_line=words.counts_line(report),
    )


def _moves(report: GateReport) -> MoveRows:
    moves = summary.moves(report)
    rows = [
        tuple(MoveRow(one_line(m.package), words.move_text(m), m.went_back) for m in part)
        for part in (moves.listed, moves.folded)
    ]
    return MoveRows(rows[0], rows[1])


def _groups(report: GateReport) -> tuple[GroupBlock, ...]:
    several = len(summary.devices(report)) > 1
    return tuple(_group(group, several) for group in summary.groups(report))


def _group(group: summary.Group, several: bool) -> GroupBlock:
    folder, separator, name = one_line(group.behaviour).rpartition("::")
    claims = (claim for fold in group.folds for r in fold.results for claim in r.claims)
    return GroupBlock(
        folder + separator,
        name,
        tuple(map(one_line, dict.fromkeys(claims))),
        tuple(_fold(fold, several) for fold in group.folds),
    )


def _fold(fold: summary.Fold, several: bool) -> FoldBlock:
    shown = fold.shown
    return FoldBlock(
        fold.verdict.value,
        words.MEANING[fold.verdict],
        one_line(words.cells_text(fold.cells, several)),
        _result(shown),
        tuple(_result(result) for result in fold.results if result is not shown),
    )


def _result(result: BehaviourVerdict) -> Result:
    return Result(
        one_line(result.cell),
        clean(result.reason).strip(),
        tuple(map(_row, summary.differing(result))),
        one_line(result.reproduce),
    )


def _row(entry: ObservationVerdict) -> Row:
    cut = sides(entry.baseline, entry.candidate, WIDTH)
    full = whole(entry.baseline, WHOLE), whole(entry.candidate, WHOLE)
    abbreviated = any(isinstance(s.value, list | dict | str) for s in _present(entry))
    longer = abbreviated and full != (str(cut.baseline), str(cut.candidate))
    return Row(
        one_line(entry.name),
        cut.at,
        cut.baseline,
        cut.candidate,
        words.size(entry),
        words.noise_source(entry),
        words.detail(entry),
        full if longer else None,
    )


def _present(entry: ObservationVerdict) -> list[Observation]:
    return [side for side in (entry.baseline, entry.candidate) if side is not None]


def _same(report: GateReport) -> tuple[SameRow, ...]:
    several = len(summary.devices(report)) > 1
    cells: dict[str, list[Cell]] = {}
    for result in report.behaviours:
        if result.verdict is Verdict.SAME:
            cells.setdefault(result.behaviour, []).append(summary.cell_of(result.cell))
    return tuple(
        SameRow(one_line(behaviour), one_line(words.cells_text(cells[behaviour], several)))
        for behaviour in sorted(cells)
    )


def _stack(side: str, lock: Lock | None) -> tuple[StackBlock, ...]:
    if lock is None:
        return ()
    return (StackBlock(side, tuple(f"{package}=={version}" for package, version in lock.pins)),)
