"""Many comparisons of the same two arms: how often each verdict was said."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report import words
from harness.report.bench import rows
from harness.report.bench.rows import Pair
from harness.report.numbers import ratio
from harness.report.plain import one_line
from harness.vocabulary.costs import Compared, CostVerdict

COLUMNS = (
    "quantity",
    "trials",
    *(each.value for each in CostVerdict),
    "median",
    "least",
    "greatest",
)


@dataclass(frozen=True)
class Trials:
    """Lines under `COLUMNS`, a quantity each and all at the end; and that end in words."""

    lines: tuple[tuple[str, ...], ...]
    told: str


def table(pair: Pair) -> Trials:
    """The verdicts of `pair` by quantity, and the median and the extremes of its ratios."""
    found: dict[str, list[Compared]] = {}
    for comparison in pair.trials:
        for each in comparison.compared:
            found.setdefault(each.quantity.id, []).append(each)
    every = [each for several in found.values() for each in several]
    lines = [_line(one_line(name), several, ratios=True) for name, several in found.items()]
    if len(found) > 1:
        lines.append(_line("all", every, ratios=False))
    return Trials(tuple(lines), _told(pair, every))


def _line(name: str, several: Sequence[Compared], *, ratios: bool) -> tuple[str, ...]:
    said = (str(count) if count else "·" for count in rows.counts(several).values())
    changes = sorted(each.decision.change.ratio for each in several) if ratios else []
    between = [statistics.median(changes), changes[0], changes[-1]] if changes else []
    return (name, str(len(several)), *said, *(map(ratio, between) if between else ("", "", "")))


def _told(pair: Pair, every: Sequence[Compared]) -> str:
    """`100 trials, 4 without any answer; 1,200 verdicts, 3.2 % inconclusive`."""
    empty = sum(not each.compared for each in pair.trials)
    none = f", {empty} in which nothing was measured" if empty else ""
    trials = words.plural(len(pair.trials), "trial")
    if not every:
        return f"{trials}{none}"
    unsure = rows.counts(every)[CostVerdict.INCONCLUSIVE]
    total = words.plural(len(every), "verdict")
    return f"{trials}{none}; {total}, {unsure:,} inconclusive ({100 * unsure / len(every):.1f} %)"
