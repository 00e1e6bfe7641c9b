"""A benchmark as lines: what every form of it says in the same words and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from harness.report import words
from harness.report.bench import amounts
from harness.report.numbers import duration, ratio
from harness.report.plain import one_line
from harness.vocabulary.costs import (
    Arm,
    BenchReport,
    Compared,
    Comparison,
    CostVerdict,
)
from harness.vocabulary.stacks import Move
from harness.vocabulary.verdicts import Verdict

MEANING: Mapping[CostVerdict, str] = MappingProxyType(
    {
        each: words.MEANING[Verdict(each.value)]
        for each in CostVerdict
        if each is not CostVerdict.INCONCLUSIVE
    }
    | {CostVerdict.INCONCLUSIVE: "no verdict: the control moved too, or the budget ended first"}
)

LEGEND = (
    "baseline and candidate are medians of all turns; the ratio is the candidate's against "
    "baseline and control together, from the undisturbed quarter of each generation's turns, and "
    "so not the one median by the other; cpu is the same of processor time, control the control "
    "against the baseline"
)

TONES: Mapping[CostVerdict, str] = MappingProxyType(
    {
        CostVerdict.SLOWER: "bad",
        CostVerdict.HEAVIER: "bad",
        CostVerdict.FASTER: "good",
        CostVerdict.LIGHTER: "good",
        CostVerdict.SAME: "",
        CostVerdict.INCONCLUSIVE: "warn",
    }
)

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "name": "quantity",
        "baseline": "baseline",
        "candidate": "candidate",
        "ratio": "ratio",
        "interval": "interval",
        "cpu": "cpu",
        "control": "control",
        "limit": "of the limit",
        "verdict": "verdict",
        "rate": "rate",
    }
)
"""A column of the table of costs by the field of `Row` that it shows."""


@dataclass(frozen=True)
class Row:
    """A quantity of a comparison. Empty is what was not measured or does not apply.

    `ratio` and `cpu` are candidate over baseline; `limit` the share of the least time that the
    machine could take; `control` the baseline's second process over its first.
    """

    name: str
    baseline: str
    candidate: str
    ratio: str
    interval: str
    cpu: str
    control: str
    limit: str
    verdict: str
    rate: str
    reason: str
    tone: str


@dataclass(frozen=True)
class Task:
    """The rows of one task, and which columns any of them fills."""

    name: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Two arms, and every time that they were compared."""

    baseline: Arm
    candidate: Arm
    trials: tuple[Comparison, ...]


def pairs(report: BenchReport) -> tuple[Pair, ...]:
    """The comparisons by their arms: several of the same two are trials."""
    found: dict[tuple[Arm, Arm], list[Comparison]] = {}
    for each in report.comparisons:
        found.setdefault((each.baseline, each.candidate), []).append(each)
    return tuple(Pair(*arms, tuple(trials)) for arms, trials in found.items())


def headline(report: BenchReport) -> str:
    """`2 slower, 14 same of 16 verdicts; 3 min 2 s (exit 1)`."""
    found = counts(each for comparison in report.comparisons for each in comparison.compared)
    total = sum(found.values())
    told = f"{words.tally(found)} of {words.plural(total, 'verdict')}"
    end = f"{duration(report.seconds)} (exit {report.exit_code})"
    return f"{told if total else 'Nothing was measured'}; {end}"


def tone(report: BenchReport) -> str:
    return {0: "good", 4: "warn"}.get(report.exit_code, "bad")


def counts(compared: Iterable[Compared]) -> dict[CostVerdict, int]:
    """How often each verdict was said, in the order of the verdicts."""
    found = dict.fromkeys(CostVerdict, 0)
    for each in compared:
        found[each.decision.verdict] += 1
    return found


def title(baseline: Arm, candidate: Arm) -> str:
    names = one_line(baseline.name), one_line(candidate.name)
    return f"{names[0]} with itself" if names[0] == names[1] else amounts.ARROW.join(names)


def arms(baseline: Arm, candidate: Arm) -> str:
    """What the arms have in common and what not: `smollm2, cpu, precision float32 → nf4`."""
    told = []
    for each in fields(Arm):
        old, new = (one_line(getattr(arm, each.name)) for arm in (baseline, candidate))
        if each.name == "name" or (not old and not new):
            continue
        label = "" if each.name in ("subject", "precision", "device") else f"{each.name} "
        told.append(
            f"{label}{old}" if old == new else f"{each.name} {old or 'none'} → {new or 'none'}"
        )
    return ", ".join(told)


def moves(report: BenchReport, pair: Pair) -> tuple[str, ...]:
    """The packages whose versions differ: `transformers 5.16.1 → 5.17.0`."""
    old, new = (report.versions.get(arm.name) for arm in (pair.baseline, pair.candidate))
    if old is None or new is None:
        return ()
    return tuple(
        f"{one_line(package)} {one_line(words.move_text(move))}"
        for package in sorted(old.keys() | new.keys())
        for move in [Move(package, old.get(package), new.get(package))]
        if move.baseline != move.candidate
    )


def tasks(comparison: Comparison) -> tuple[Task, ...]:
    """The rows of a comparison by task, in the order they were measured."""
    found: dict[str, list[Row]] = {}
    for each in comparison.compared:
        found.setdefault(each.quantity.task, []).append(row(each))
    return tuple(
        Task(
            one_line(name),
            tuple(rows),
            tuple(field for field in COLUMNS if any(getattr(row, field) for row in rows)),
        )
        for name, rows in found.items()
    )


def row(each: Compared) -> Row:
    decision = each.decision
    baseline, candidate = amounts.values((each.baseline, each.candidate), each.quantity)
    return Row(
        one_line(each.quantity.name),
        baseline,
        candidate,
        ratio(decision.change.ratio),
        amounts.interval(decision.change),
        "" if decision.cpu is None else ratio(decision.cpu),
        ratio(decision.control.ratio),
        _both_shares(each),
        decision.verdict.value,
        amounts.rates((each.baseline, each.candidate), each.quantity),
        one_line(_reason(each)),
        "good" if each.accepted else TONES[decision.verdict],
    )


def _both_shares(each: Compared) -> str:
    baseline = amounts.share_text(each.bounds.get("baseline"), each.baseline)
    candidate = amounts.share_text(each.bounds.get("candidate"), each.candidate)
    old, _, kind = baseline.partition(" of ")
    new, _, other = candidate.partition(" of ")
    if baseline and kind == other:
        return f"{old}{amounts.ARROW}{new} of {kind}"
    return amounts.ARROW.join(text for text in (baseline, candidate) if text)


def limits(report: BenchReport) -> tuple[tuple[str, str], ...]:
    """What the machine can do at best, by arm: `read float32 23.40 GB/s, …`."""
    return tuple(
        (one_line(arm), ", ".join(map(amounts.limit_text, found)))
        for arm, found in report.limits.items()
        if found
    )


def reasons(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """The reasons of the verdicts that have one, with their quantity."""
    return tuple(
        (one_line(each.quantity.id), one_line(reason))
        for each in comparison.compared
        if (reason := _reason(each))
    )


def _reason(each: Compared) -> str:
    """Why the verdict was said, and the entry that accepts it."""
    accepted = f"accepted as [{each.accepted}]" if each.accepted else ""
    return "; ".join(filter(None, [each.decision.reason, accepted]))


def legend(report: BenchReport) -> str:
    """What the columns of the tables are; nothing where there is no table."""
    return LEGEND if any(each.compared for each in report.comparisons) else ""


def machine(report: BenchReport) -> str:
    return ", ".join(
        f"{one_line(name)} {one_line(value)}" for name, value in report.machine.items()
    )


def measured_text(comparison: Comparison) -> str:
    """`3 generations, 24 rounds, 41.2 s`: how much the verdicts stand on, at most."""
    decisions = [each.decision for each in comparison.compared]
    generations = max((each.generations for each in decisions), default=0)
    rounds = max((each.rounds for each in decisions), default=0)
    return (
        f"{words.plural(generations, 'generation')}, {words.plural(rounds, 'round')}, "
        f"{duration(comparison.seconds)}"
    )


def versions(report: BenchReport) -> tuple[tuple[str, str], ...]:
    """The packages of each arm: `torch 2.13.0, transformers 5.16.1`."""
    return tuple(
        (one_line(arm), one_line(", ".join(f"{name} {found[name]}" for name in sorted(found))))
        for arm, found in report.versions.items()
        if found
    )
