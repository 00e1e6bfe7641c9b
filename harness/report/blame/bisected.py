"""The histories of a bisection by hand, in words and as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.report import words
from harness.report.blame import rows
from harness.report.blame.jsonform import effort_json, history_json, searched_json
from harness.report.blame.middles import middles_by_change
from harness.report.plain import one_line
from harness.vocabulary.blame import (
    Answer,
    BisectReport,
    Change,
    History,
    Key,
    Place,
    Standing,
)
from harness.vocabulary.errors import ExitCode

FORMAT = 1


def exit_code(report: BisectReport) -> ExitCode:
    """0 where every history was found, also that nothing changed, and 4 where one was not."""
    alone = len(report.searched.releases) == 2
    found = all(_is_found(history, alone=alone) for history in report.histories)
    return ExitCode.NOTHING_CHANGED if found else ExitCode.INCONCLUSIVE


def _is_found(history: History, *, alone: bool) -> bool:
    """Whether it names a turn, or nothing turns: not at the ends alone, if anything is between."""
    if history.standing is not Standing.UNVERIFIED or not history.scanned:
        return history.standing is Standing.NAMED
    answers = [answer for _, answer in history.probed]
    return set(answers) == {Answer.BEFORE} and (alone or len(answers) > 2)


def to_json(report: BisectReport) -> dict[str, Any]:
    """`report` as strict JSON: `histories` as in the blame of a gate, `stack` its pins."""
    return {
        "format": FORMAT,
        "stack": report.stack.versions,
        "stack_name": report.stack.name,
        "searched": searched_json(report.searched),
        "histories": [history_json(history) for history in report.histories],
        "effort": effort_json(report.effort),
        "notes": list(report.notes),
        "exit_code": int(exit_code(report)),
    }


def render(report: BisectReport, console: Console) -> None:
    """Print every history, those that are alike together."""
    place = report.searched.place
    alike: dict[tuple[object, ...], list[History]] = {}
    for each in report.histories:
        alike.setdefault((each.standing, each.transitions, each.reason), []).append(each)
    for histories in sorted(alike.values(), key=lambda each: (each[0].standing, -len(each))):
        _history(histories, report.changes, place, console)
    for line in (*rows.left_out(report.searched), *report.notes):
        _line(console, Text.assemble(("note: ", "yellow"), one_line(line)))
    first, *_, last = report.searched.releases
    count = words.plural(len(report.searched.releases), place)
    ends = f"{report.searched.package} {first} to {last}, {count}"
    _line(console, Text(f"{ends}, over {one_line(report.stack.name)}", style="dim"))
    _line(console, Text(rows.effort(report.effort), style="dim"))


def _history(
    alike: Sequence[History], changes: Mapping[Key, Change], place: Place, console: Console
) -> None:
    history = alike[0]
    named = history.standing is Standing.NAMED
    title = title_of(history, place)
    _line(console, Text(title, style="bold red" if named else "bold yellow"))
    for turn in history.transitions:
        for fact in rows.turn_facts(history.package, turn):
            _line(console, Text(f"    {fact}", style="dim"))
    _line(console, Text(f"    seen: {', '.join(stretches(history.probed))}", style="dim"))
    for fact in rows.repeats(alike) if named else ():
        _line(console, Text(f"    {fact}", style="dim"))
    for (behaviour, cell), told in middles_by_change(alike, changes).items():
        _line(console, Text(f"  {one_line(behaviour)} in {one_line(cell)}"))
        for line in told:
            _line(console, Text(f"    {line}"))
    console.print()


def title_of(history: History, place: Place) -> str:
    """`transformers: appeared in 5.3.0, gone in 5.22.0`, or why nothing is named."""
    if history.standing is not Standing.NAMED:
        return f"{history.package}: no {place} named: {one_line(history.reason)}"
    return f"{history.package}: {', '.join(map(rows.turned, history.transitions))}"


def stretches(probed: Iterable[tuple[str, Answer]]) -> Iterable[str]:
    """Releases that follow each other and answer alike: `the old answer in 5.0.0 to 5.2.1`."""
    for answer, part in groupby(probed, key=lambda each: each[1]):
        releases = [release for release, _ in part]
        ends = dict.fromkeys((releases[0], releases[-1]))
        yield f"{rows.GIVEN[answer]} in {' to '.join(ends)}"


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True)
