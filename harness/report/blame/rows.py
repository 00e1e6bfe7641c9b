"""The groups of a search in words: what brought the changes, where it was seen, what changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.report import summary, words
from harness.report.blame.middles import middles_by_change
from harness.report.excerpts import sides
from harness.report.numbers import duration
from harness.report.plain import clip, one_line
from harness.vocabulary.blame import (
    Answer,
    Blamed,
    BlameReport,
    Change,
    Effort,
    History,
    Key,
    Searched,
    Standing,
    Transition,
    Unsearched,
)
from harness.vocabulary.cells import cell_of
from harness.vocabulary.gated import BehaviourVerdict, GateReport
from harness.vocabulary.stacks import Move

WIDTH = 60
GIVEN = {
    Answer.BEFORE: "the old answer",
    Answer.AFTER: "the new answer",
    Answer.BETWEEN: "another answer",
}
"""What a place gives: as the good end, which is a gate's baseline, as the bad end, or neither."""

_UNNAMED = {
    Standing.FLAKY: "put on nothing: it disagrees with itself",
    Standing.UNVERIFIED: "put on nothing: the two stacks do not show it again",
    Standing.UNSETTLED: "put on nothing: too much is unknown",
}


@dataclass(frozen=True)
class ChangeRow:
    """One behaviour of a group; `example` is what it observed on both sides in `cell`, and
    `middles` what it gave there in releases that are like neither."""

    behaviour: str
    cells: str
    verdicts: str
    cell: str
    example: str
    keys: tuple[Key, ...]
    middles: tuple[str, ...]


@dataclass(frozen=True)
class GroupRow:
    """`title` says what brought the changes, `facts` how that was seen, a line each."""

    title: str
    named: bool
    count: int
    facts: tuple[str, ...]
    changes: tuple[ChangeRow, ...]


@dataclass(frozen=True)
class BlameRows:
    """`headline` counts, `effort` says what it took; `unsearched` are (behaviour, cell, why)."""

    headline: str
    effort: str
    groups: tuple[GroupRow, ...]
    unsearched: tuple[tuple[str, str, str], ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


def blame_rows(gate: GateReport, found: BlameReport) -> BlameRows:
    """What `found` says of the changes of `gate`."""
    verdicts = {(each.behaviour, each.cell): each for each in gate.behaviours}
    moves = {move.package: move for move in gate.moved}
    return BlameRows(
        headline(found),
        effort(found.effort),
        tuple(_group(blamed, moves, verdicts, found.changes) for blamed in found.groups),
        tuple(map(_unsearched, found.unsearched)),
        tuple(line for each in found.searched for line in left_out(each)),
        tuple(one_line(note) for note in found.notes),
    )


def headline(found: BlameReport) -> str:
    """`31 of 33 changes put on 5 causes`."""
    named = [blamed for blamed in found.groups if blamed.standing is Standing.NAMED]
    total = sum(len(blamed.changes) for blamed in found.groups)
    if not total:
        return "No change to look for a cause of"
    count = sum(len(blamed.changes) for blamed in named)
    return (
        f"{count:,} of {words.plural(total, 'change')} put on {words.plural(len(named), 'cause')}"
    )


def effort(took: Effort) -> str:
    """What a search took, in one line."""
    built = f"{words.plural(took.environments, 'environment')} built"
    kept = f"{took.environments_kept} kept from before"
    unmade = f", {took.unmade} that cannot be made" if took.unmade else ""
    runs = words.plural(took.processes, "run")
    return (
        f"{built} and {kept}{unmade}; {words.plural(took.probes, 'probe')} in {runs} of pytest, "
        f"{took.probes_kept:,} kept or shared; {duration(took.seconds)}"
    )


def left_out(searched: Searched) -> Iterable[str]:
    """Which releases between the ends were not searched, and why."""
    why: dict[str, list[str]] = {}
    for version, reason in searched.skipped:
        why.setdefault(one_line(reason), []).append(version)
    for reason, versions in why.items():
        yield f"{searched.package} {', '.join(versions)} left out: {reason}"
    if searched.note:
        yield f"the releases of {searched.package}: {one_line(searched.note)}"


def _group(
    blamed: Blamed,
    moves: Mapping[str, Move],
    verdicts: Mapping[Key, BehaviourVerdict],
    changes: Mapping[Key, Change],
) -> GroupRow:
    named = blamed.standing is Standing.NAMED
    return GroupRow(
        title=_title(blamed, moves) if named else _UNNAMED[blamed.standing],
        named=named,
        count=len(blamed.changes),
        facts=tuple(_facts(blamed, moves)),
        changes=_changes(blamed.changes, verdicts, middles_by_change(blamed.histories, changes)),
    )


def _title(blamed: Blamed, moves: Mapping[str, Move]) -> str:
    """`sentencepiece 0.2.2`, or the move where no release is known."""
    known = dict(blamed.transitions)
    told = [
        brought(package, known[package], blamed.together)
        if package in known
        else _moved(package, moves)
        for package in sorted(blamed.moves | known.keys() or blamed.together)
    ]
    return " together with ".join(told)


def brought(package: str, transitions: Sequence[Transition], together: Collection[str] = ()) -> str:
    """`transformers 5.14.0`, with what of `together` moved beside it, or a history that turns
    more than once."""
    if len(transitions) == 1:
        (turn,) = transitions
        beside = [f"{m.package} {m.candidate}" for m in turn.beside if m.package in together]
        named = f"{package} {turn.first}" if turn.exact else f"{package} up to {turn.first}"
        return " with ".join([named, *beside])
    return f"{package}: {', '.join(map(turned, transitions))}"


def turned(turn: Transition) -> str:
    """`appeared in 5.3.0`, `gone in 5.22.0`, `changed again in 5.9.0`."""
    word = "changed again"
    if turn.was == "before":
        word = "appeared"
    elif turn.now == "before":
        word = "gone"
    return f"{word} in {turn.first if turn.exact else f'one of {turn.unknown[0]} to {turn.first}'}"


def _moved(package: str, moves: Mapping[str, Move]) -> str:
    return f"{package} {words.move_text(moves[package])}" if package in moves else package


def _facts(blamed: Blamed, moves: Mapping[str, Move]) -> Iterable[str]:
    for package, transitions in blamed.transitions:
        for turn in transitions:
            yield from turn_facts(package, turn)
        yield from repeats([each for each in blamed.histories if each.package == package])
    if len(blamed.moves | dict(blamed.transitions).keys()) > 1:
        yield "none of these moves suffices without the others"
    yield from _inseparable(blamed, moves)
    if blamed.reason:
        yield one_line(blamed.reason)


def _inseparable(blamed: Blamed, moves: Mapping[str, Move]) -> Iterable[str]:
    """What moved with the culprit, and whether anybody knows if it must."""

    def told(packages: Iterable[str]) -> str:
        return ", ".join(_moved(name, moves) for name in sorted(packages))

    forced = blamed.inseparable - blamed.unclear
    if blamed.moves:
        forced -= dict(blamed.transitions).keys()
    if blamed.moves and forced:
        yield f"moved with it wherever it was seen: {told(forced)}"
    if blamed.moves and blamed.unclear:
        yield (
            "whether it needs these as well is unknown, since nothing answered without: "
            f"{told(blamed.unclear)}"
        )
    elif blamed.unclear:
        yield (
            "which of these moves it needs is unknown, since nothing answered with one less: "
            f"{told(blamed.inseparable)}"
        )
    elif forced and not blamed.moves:
        yield f"from end to end none of these moves without the others: {told(forced)}"


def turn_facts(package: str, turn: Transition) -> Iterable[str]:
    """Where a turn was seen, what is unknown about it, and what moved beside."""
    yield f"{package} {turn.last} gives {GIVEN[turn.was]}, {turn.first} {GIVEN[turn.now]}"
    if turn.unknown:
        yield f"unknown between them: {', '.join(turn.unknown)}"
    if turn.beside:
        moved = ", ".join(f"{move.package} {words.move_text(move)}" for move in turn.beside)
        yield f"moved beside {package} {turn.first}: {moved}"


def repeats(histories: Sequence[History]) -> Iterable[str]:
    """How often each answer was given to one change: what its name rests on. The least and the
    most where several changes have these histories."""
    counts: dict[Answer, list[int]] = {}
    for history in histories:
        for answer, count in history.runs:
            counts.setdefault(answer, []).append(count)
    told = (
        f"{' to '.join(_ends(counts[each]))} gave {GIVEN[each]}" for each in GIVEN if each in counts
    )
    if counts:
        of = "each change" if len(histories) > 1 else "it"
        yield f"runs of {of} along {histories[0].package}: {', '.join(told)}; none disagrees"


def _ends(counts: Collection[int]) -> Iterable[str]:
    return dict.fromkeys(f"{each:,}" for each in (min(counts), max(counts)))


def _changes(
    keys: Iterable[Key],
    verdicts: Mapping[Key, BehaviourVerdict],
    middles: Mapping[Key, tuple[str, ...]],
) -> tuple[ChangeRow, ...]:
    by_behaviour: dict[str, list[BehaviourVerdict]] = {}
    for key in keys:
        by_behaviour.setdefault(key[0], []).append(verdicts[key])
    return tuple(_change(results, middles) for results in by_behaviour.values())


def _change(
    results: Sequence[BehaviourVerdict], middles: Mapping[Key, tuple[str, ...]]
) -> ChangeRow:
    shown = summary.Fold(results[0].verdict, tuple(results)).shown
    several = len({cell_of(each.cell).device for each in results}) > 1
    counted: dict[str, int] = {}
    for each in results:
        counted[each.verdict.value] = counted.get(each.verdict.value, 0) + 1
    return ChangeRow(
        one_line(shown.behaviour),
        one_line(words.cells_text([cell_of(each.cell) for each in results], several)),
        ", ".join(f"{count} {verdict}" for verdict, count in counted.items()),
        shown.cell,
        _example(shown),
        tuple((each.behaviour, each.cell) for each in results),
        middles.get((shown.behaviour, shown.cell), ()),
    )


def _example(result: BehaviourVerdict) -> str:
    """The observation that moved most, on both sides; else how the behaviour ended."""
    for entry in summary.differing(result):
        cut = sides(entry.baseline, entry.candidate, WIDTH)
        return f"{one_line(entry.name)}{cut.at}: {cut.baseline} → {cut.candidate}"
    return clip(one_line(result.reason), 2 * WIDTH)


def _unsearched(each: Unsearched) -> tuple[str, str, str]:
    behaviour, cell = each.change
    return (
        one_line(behaviour),
        one_line(cell),
        f"{each.verdict}: {clip(one_line(each.reason), 200)}",
    )
