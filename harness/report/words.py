"""The words of a result: headline, meaning of verdicts and exit codes, names of cells, sizes."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from harness.report import numbers, summary
from harness.report.plain import one_line
from harness.vocabulary.accepted import Standing
from harness.vocabulary.cells import PRECISIONS, Cell
from harness.vocabulary.comparison import wider
from harness.vocabulary.costs import CostVerdict
from harness.vocabulary.errors import ExitCode
from harness.vocabulary.gated import BehaviourVerdict, GateReport, ObservationVerdict
from harness.vocabulary.stacks import Move
from harness.vocabulary.verdicts import UNIMPORTABLE, Verdict

MEANING: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.BROKEN: "ran, now raises",
        Verdict.REGRESSED: "held, now does not",
        Verdict.CHANGED: "an exact observation differs",
        Verdict.GONE: "can no longer be run",
        Verdict.HEAVIER: "takes more memory",
        Verdict.SLOWER: "takes more time",
        Verdict.UNKNOWN: "no evidence: memory, time, disk or network ran out, or a file is damaged",
        Verdict.DRIFTED: "numbers moved beyond noise, nothing asserted changed",
        Verdict.FLAKY: "disagrees with itself",
        Verdict.FIXED: "did not hold, now does",
        Verdict.LIGHTER: "takes less memory",
        Verdict.FASTER: "takes less time",
        Verdict.NEW: "could not be run before",
        Verdict.FAILING: "does not hold in either stack",
        Verdict.SAME: "no difference beyond noise",
    }
)

_EXIT = {
    ExitCode.NOTHING_CHANGED: "nothing changed",
    ExitCode.CHANGED: "something changed",
    ExitCode.USAGE: "wrong usage",
    ExitCode.CANNOT_BUILD: "a stack cannot be built",
    ExitCode.INCONCLUSIVE: "inconclusive",
    ExitCode.INTERRUPTED: "interrupted",
}


V = TypeVar("V", bound=StrEnum)

COLUMNS = ("observation", "baseline", "candidate", f"size ({numbers.TIMES} noise)")


def names(report: GateReport) -> tuple[str, str]:
    """What the two sides are called."""
    return (
        one_line(report.baseline_name) or "the baseline",
        one_line(report.candidate_name) or "the candidate",
    )


def sides(report: GateReport) -> str:
    """Both sides by name, and how much of the suites ran."""
    baseline, candidate = names(report)
    ran = f", tier {report.tier}" if report.tier else ""
    return f"baseline {baseline} → candidate {candidate}{ran}"


def headline(report: GateReport) -> str:
    """One sentence: the verdict and what the exit code means."""
    return f"{_finding(report)} ({exit_meaning(report)})"


def exit_meaning(report: GateReport) -> str:
    """What the exit code says; where it is 1, whether a change or an acceptance made it so."""
    known = report.exit_code in list(ExitCode)
    meaning = _EXIT[ExitCode(report.exit_code)] if known else "no meaning is defined"
    if report.exit_code == ExitCode.NOTHING_CHANGED and summary.accepted(report):
        meaning += " that is not accepted"
    if report.exit_code == ExitCode.CHANGED and _only_lapsed(report):
        one = sum(each.fails for each in report.accepted) == 1
        meaning = "an acceptance no longer stands" if one else "acceptances no longer stand"
    return f"exit {report.exit_code}: {meaning}"


def _finding(report: GateReport) -> str:
    if report.stack_verdict != "built":
        return _unbuilt(report)
    clauses = [*_backwards(report), *_imports(report), *_lost(report), *_lapsed(report)]
    return "; ".join([*clauses, _verdicts(report), *_no_costs(report)])


def _unbuilt(report: GateReport) -> str:
    """Which side cannot be built: the one without a lock, else what the reason begins with."""
    baseline, candidate = names(report)
    if report.baseline is not None and report.candidate is None:
        return f"The candidate {candidate} is {report.stack_verdict}"
    if report.candidate is not None and report.baseline is None:
        return f"The baseline {baseline} is {report.stack_verdict}"
    first, *_ = [*report.stack_reason.strip().splitlines(), ""]
    return f"A stack is {report.stack_verdict}" + (f": {one_line(first)}" if first else "")


def _backwards(report: GateReport) -> list[str]:
    """A package that had to go back to satisfy the solver outweighs what follows from it."""
    moves = summary.went_back(report)
    told = [f"{m.package} went back from {m.baseline} to {m.candidate}" for m in moves[:2]]
    return [*told, f"{len(moves) - 2} more went back"] if len(moves) > 2 else told


def _imports(report: GateReport) -> list[str]:
    bad = _unimportable(report)
    return [f"cannot import {', '.join(bad)}"] if bad else []


def _unimportable(report: GateReport) -> list[str]:
    """The packages that fail the gate since they do not import."""
    notable = summary.notable_packages(report)
    return [p.package for p in notable if p.verdict == UNIMPORTABLE and p.accepted is None]


def _lost(report: GateReport) -> list[str]:
    """What only the candidate cannot do any more, by task or by quantity."""
    tasks = [one_line(task) for task in dict.fromkeys(each.task for each in report.lost)]
    more = f" and {len(tasks) - 3} more" if len(tasks) > 3 else ""
    return [f"only the candidate cannot do {', '.join(tasks[:3])}{more}"] if tasks else []


def _only_lapsed(report: GateReport) -> bool:
    """Whether nothing fails the gate but entries that accept nothing any more."""
    if any(_failing(report).values()) or _unimportable(report) or report.lost:
        return False
    return any(each.fails for each in report.accepted)


def _lapsed(report: GateReport) -> list[str]:
    """Entries that fail the gate themselves."""
    told = {Standing.EXPIRED: "expired", Standing.UNMATCHED: "without a match"}
    counted = Counter(each.standing for each in report.accepted)
    return [
        f"{plural(counted[standing], 'acceptance')} {words}"
        for standing, words in told.items()
        if counted[standing]
    ]


def _no_costs(report: GateReport) -> list[str]:
    if report.bench is None or any(each.compared for each in report.bench.comparisons):
        return []
    return ["no cost could be measured"]


def _verdicts(report: GateReport) -> str:
    found = summary.found(report)
    total = sum(found.values())
    accepted = summary.accepted(report)
    told = f", {plural(accepted.total(), 'change')} accepted" if accepted else ""
    failing = _failing(report)
    without = found[Verdict.UNKNOWN] + found.get(CostVerdict.INCONCLUSIVE, 0)
    if total == 0:
        return "Nothing was measured"
    if any(failing.values()):
        return f"{tally(failing)} of {plural(total, 'verdict')}{told}"
    if without == total:
        return f"No evidence: {tally(found)} of {plural(total, 'verdict')}"
    if without + found[Verdict.FAILING] == total:
        return f"Nothing was measured that could differ: {tally(found)}"
    fails = report.exit_code == ExitCode.CHANGED
    if found[Verdict.SAME] == total and not (fails or accepted):
        return f"Nothing changed: {plural(total, 'verdict')}, all same"
    lead = "No verdict" if fails else "Nothing"
    return f"{lead} that fails the gate: {tally(found)}{told}"


def _failing(report: GateReport) -> dict[Verdict | CostVerdict, int]:
    """How many of each verdict that fails the gate nobody accepts."""
    accepted = summary.accepted(report)
    counted = summary.found(report).items()
    return {verdict: n - accepted[verdict] for verdict, n in counted if verdict in report.fail_on}


def tally(found: Mapping[V, int]) -> str:
    """`2 broken, 1 changed`; nothing of what was not found."""
    return ", ".join(f"{count:,} {verdict.value}" for verdict, count in found.items() if count)


def counts_line(report: GateReport) -> str:
    """`412 verdicts: 2 broken, 410 same; 40 skipped; 3 min 2 s`."""
    found = summary.found(report)
    total = sum(found.values())
    skipped = sum(skip.count for skip in report.skipped)
    accepted = summary.accepted(report).total()
    parts = [f"{plural(total, 'verdict')}: {tally(found)}" if total else "0 verdicts"]
    parts += [f"{accepted:,} accepted"] if accepted else []
    parts += [f"{skipped:,} skipped"] if skipped else []
    return "; ".join([*parts, numbers.duration(report.seconds)])


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def move_text(move: Move) -> str:
    """`5.16.1 → 5.17.0`, `added 1.2`, `removed 1.2`."""
    if move.baseline is None:
        return f"added {move.candidate}"
    if move.candidate is None:
        return f"removed {move.baseline}"
    return f"{move.baseline} → {move.candidate}"


def cells_text(cells: Iterable[Cell], several_devices: bool) -> str:
    """`nf4, fp4 of smollm2-135m-instruct`; the device only where the report has several."""
    by_subject: dict[str, dict[str | None, None]] = {}
    for cell in cells:
        by_subject.setdefault(cell.subject, {})[_part(cell, several_devices)] = None
    subjects: dict[tuple[str, ...], list[str]] = {}
    for subject, parts in by_subject.items():
        subjects.setdefault(tuple(p for p in parts if p), []).append(subject)
    return "; ".join(
        f"{', '.join(parts)} of {', '.join(found)}" if parts else ", ".join(found)
        for parts, found in subjects.items()
    )


def _part(cell: Cell, several_devices: bool) -> str | None:
    if cell.precision not in PRECISIONS:
        return None
    return f"{cell.precision} on {cell.device}" if several_devices else cell.precision


def size(entry: ObservationVerdict) -> str:
    """How far the sides are apart: multiples of the noise, a ratio, or that they differ."""
    if entry.baseline is None or entry.candidate is None:
        return "only candidate" if entry.baseline is None else "only baseline"
    kind = entry.baseline.kind
    if kind == "cost":
        return "" if entry.distance is None else f"ratio {numbers.multiple(entry.distance)}"
    if kind in ("exact", "surface") or entry.distance is None:
        return "" if entry.verdict is Verdict.SAME else "differs"
    noise = wider(entry.baseline.noise, entry.candidate.noise)
    if noise is None or noise.spread <= 0:
        return "no noise known" if entry.distance else f"0 {numbers.TIMES} noise"
    return f"{numbers.multiple(entry.distance)} {numbers.TIMES} {noise.spread:.2g}"


def detail(entry: ObservationVerdict) -> str:
    """What the values do not show by themselves: where generations part, how one wavered."""
    kinds = {side.kind for side in (entry.baseline, entry.candidate) if side is not None}
    told = (
        kinds & {"tokens", "claim", "surface"}
        or len(kinds) > 1
        or entry.verdict in (Verdict.FLAKY, Verdict.UNKNOWN)
    )
    return one_line(entry.detail) if told else ""


def representative(fold: summary.Fold) -> str:
    """Whose values stand for a fold of several cells; nothing for a fold of one."""
    if len(fold.results) == 1:
        return ""
    shown = fold.shown
    why = "moved furthest" if any(e.distance for e in summary.differing(shown)) else "is shown"
    return f"of {len(fold.results)} cells, {shown.cell} {why}"


def noise_source(entry: ObservationVerdict) -> str:
    """Where the noise is known from: `bound float32`, or how it was measured."""
    sides = (side.noise if side else None for side in (entry.baseline, entry.candidate))
    noise = wider(*sides)
    return one_line(noise.provenance) if noise else ""


def again(result: BehaviourVerdict) -> list[str]:
    """The commands that show it again: a gate of it alone, and its script if it has one."""
    script = f"uv run {shlex.quote(result.script)}" if result.script else ""
    return [one_line(command) for command in (result.reproduce, script) if command]
