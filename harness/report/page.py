"""What the HTML page shows, as data: cleaned, ordered and abbreviated, but not yet escaped."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report import acceptances, summary, words
from harness.report.bench.sections import CostBlock, cost_block
from harness.report.blame.rows import BlameRows, blame_rows
from harness.report.excerpts import Excerpt, Sides, sides, whole
from harness.report.gallery import Gallery, gallery
from harness.report.ledger.rows import ChangeRow, change_row
from harness.report.located.blocks import LocatedBlock, located_block
from harness.report.plain import clean, clip, one_line
from harness.report.room import Room
from harness.vocabulary.cells import Cell, cell_of
from harness.vocabulary.gated import (
    BehaviourVerdict,
    GateReport,
    ObservationVerdict,
    PackageVerdict,
    Skip,
)
from harness.vocabulary.observations import Observation
from harness.vocabulary.stacks import Lock
from harness.vocabulary.verdicts import Verdict

WIDTH = 72
"""Characters of a value that are shown at once."""

WHOLE = 20_000
"""Characters of a value that are shown when it is opened; gate.json has all."""

ROWS = 40
"""So many observations of a behaviour in one cell are shown."""

REASON = 20_000
"""Characters of a reason, or of a note, that are shown."""

ROOM = 4_000_000
"""Characters of all behaviours together: beyond that no values, and no second cell of a fold."""


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
    left_out: str = ""


@dataclass(frozen=True)
class Result:
    cell: str
    reason: str
    rows: tuple[Row, ...]
    reproduce: str
    left_out: str = ""


@dataclass(frozen=True)
class FoldBlock:
    verdict: str
    meaning: str
    cells: str
    shown: Result
    others: tuple[Result, ...]
    left_out: str = ""
    accepted: str = ""


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
    tier: str
    stack_reason: str
    notes: tuple[str, ...]
    counts: tuple[Count, ...]
    moves: MoveRows
    moved_count: int
    packages: tuple[PackageVerdict, ...]
    blame: BlameRows | None
    located: tuple[LocatedBlock, ...]
    claims: tuple[ChangeRow, ...]
    accepted: tuple[acceptances.Section, ...]
    groups: tuple[GroupBlock, ...]
    gallery: Gallery
    costs: CostBlock | None
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
        tier=report.tier or "",
        stack_reason=clip(clean(report.stack_reason).strip(), REASON),
        notes=tuple(clip(one_line(note), REASON) for note in report.notes),
        counts=tuple(Count(v.value, n, words.MEANING[v]) for v, n in counts.items() if n),
        moves=_moves(report),
        moved_count=len(report.moved),
        packages=tuple(
            PackageVerdict(one_line(p.package), p.verdict, clip(clean(p.reason).strip(), REASON))
            for p in acceptances.packages(report)
        ),
        blame=blame_rows(report, report.blame) if report.blame is not None else None,
        located=tuple(map(located_block, report.blame.located)) if report.blame else (),
        groups=_groups(report),
        claims=tuple(map(change_row, report.claims)),
        accepted=acceptances.sections(report),
        gallery=gallery(report),
        costs=cost_block(report.bench),
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
    room = Room(ROOM)
    return tuple(_group(group, several, room) for group in summary.groups(report))


def _group(group: summary.Group, several: bool, room: Room) -> GroupBlock:
    folder, separator, name = one_line(group.behaviour).rpartition("::")
    claims = (claim for fold in group.folds for r in fold.results for claim in r.claims)
    return GroupBlock(
        folder + separator,
        name,
        tuple(map(one_line, dict.fromkeys(claims))),
        tuple(_fold(fold, several, room) for fold in group.folds),
    )


def _fold(fold: summary.Fold, several: bool, room: Room) -> FoldBlock:
    shown = fold.shown
    first = _result(shown, room)
    others: list[Result] = []
    waiting = [result for result in fold.results if result is not shown]
    while waiting and room.take(_FRAME):
        others.append(_result(waiting.pop(0), room))
    return FoldBlock(
        fold.verdict.value,
        words.MEANING[fold.verdict],
        clip(one_line(words.cells_text(fold.cells, several)), REASON),
        first,
        tuple(others),
        _left_out(len(waiting), "more cell"),
        acceptances.terms(fold.accepted) if fold.accepted else "",
    )


_FRAME = " " * 500
"""About what a result or an observation takes beside its texts."""


def _result(result: BehaviourVerdict, room: Room) -> Result:
    entries = summary.differing(result)
    rows: list[Row] = []
    while len(rows) < min(ROWS, len(entries)) and room.take(_FRAME):
        rows.append(_row(entries[len(rows)], room))
    reason = clean(result.reason).strip()
    return Result(
        one_line(result.cell),
        clip(reason, REASON if room.take(reason[:REASON]) else len(_FRAME)),
        tuple(rows),
        "\n".join(words.again(result)),
        _left_out(len(entries) - len(rows), "more observation" if rows else "observation"),
    )


def _left_out(count: int, noun: str) -> str:
    return f"{words.plural(count, noun)} left out here; gate.json has all" if count else ""


def _row(entry: ObservationVerdict, room: Room) -> Row:
    cut = sides(entry.baseline, entry.candidate, WIDTH)
    full, left_out = _full(entry, cut, room)
    return Row(
        one_line(entry.name),
        cut.at,
        cut.baseline,
        cut.candidate,
        words.size(entry),
        words.noise_source(entry),
        words.detail(entry),
        full,
        left_out,
    )


def _full(entry: ObservationVerdict, cut: Sides, room: Room) -> tuple[tuple[str, str] | None, str]:
    """Both values as far as there is room, where they are more than `cut` shows; else why not."""
    if not any(isinstance(side.value, list | dict | str) for side in _present(entry)):
        return None, ""
    if room.left > 2 * WHOLE:
        full = whole(entry.baseline, WHOLE), whole(entry.candidate, WHOLE)
        if full == (str(cut.baseline), str(cut.candidate)):
            return None, ""
        if room.take(*full):
            return full, ""
    return None, "full values left out here; gate.json has all"


def _present(entry: ObservationVerdict) -> list[Observation]:
    return [side for side in (entry.baseline, entry.candidate) if side is not None]


def _same(report: GateReport) -> tuple[SameRow, ...]:
    several = len(summary.devices(report)) > 1
    cells: dict[str, list[Cell]] = {}
    for result in report.behaviours:
        if result.verdict is Verdict.SAME:
            cells.setdefault(result.behaviour, []).append(cell_of(result.cell))
    return tuple(
        SameRow(one_line(behaviour), one_line(words.cells_text(cells[behaviour], several)))
        for behaviour in sorted(cells)
    )


def _stack(side: str, lock: Lock | None) -> tuple[StackBlock, ...]:
    if lock is None:
        return ()
    return (StackBlock(side, tuple(f"{package}=={version}" for package, version in lock.pins)),)
