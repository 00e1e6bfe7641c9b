"""Several candidates beside one baseline: the quantities that are asked for first, an arm a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.report.bench import amounts
from harness.report.bench.rows import Pair
from harness.report.numbers import ratio
from harness.report.plain import one_line
from harness.vocabulary.costs import Bound, Compared, Quantity

_FIRST = (
    ("load/seconds", "load/"),
    ("model/first-token@128x1", "model/first-token@"),
    ("model/decode@256x1", "model/decode@"),
    ("memory/footprint",),
    ("memory/peak.",),
)
"""Of each line the quantity that is there first: by its whole id, else by how that begins.

Of the peaks it is the phase that needs most."""

_OTHERS = 5
"""So many quantities are shown where none of the above was measured."""


@dataclass(frozen=True)
class Reading:
    """One quantity of one arm; `compared` is None for the baseline."""

    quantity: Quantity
    value: float
    bound: Bound | None
    compared: Compared | None = None


@dataclass(frozen=True)
class ArmCosts:
    """An arm and its readings by the quantity's id."""

    name: str
    readings: dict[str, Reading]


@dataclass(frozen=True)
class Overview:
    """A table: `columns` the heads, `lines` an arm's name and cells, a cell in several parts.

    `quantities` and `arms` are what it was made from.
    """

    columns: tuple[str, ...]
    lines: tuple[tuple[str, Sequence[tuple[str, ...]]], ...]
    quantities: tuple[Quantity, ...]
    arms: tuple[ArmCosts, ...]


def overview(pairs: Sequence[Pair]) -> Overview | None:
    """The arms of several pairs; None of a single pair, whose own table says it all.

    A baseline that several pairs share was measured beside each: it is shown as in the first
    that has the quantity.
    """
    if len(pairs) < 2:
        return None
    arms = arm_costs(pairs)
    quantities = _chosen({each.quantity.id: each for each in _compared(pairs)})
    if not quantities:
        return None
    columns = [_column(arms, each) for each in quantities]
    return Overview(
        ("arm", *(one_line(each.id) for each in quantities)),
        tuple((arm.name, cells) for arm, *cells in zip(arms, *columns, strict=True)),
        quantities,
        arms,
    )


def arm_costs(pairs: Iterable[Pair]) -> tuple[ArmCosts, ...]:
    """What each arm of `pairs` costs, each arm once, under a name of its own."""
    found: dict[str, ArmCosts] = {}
    for pair in pairs:
        comparison = pair.trials[0]
        baseline, candidate = one_line(pair.baseline.name), one_line(pair.candidate.name)
        if baseline == candidate:
            baseline, candidate = f"{baseline}, baseline", f"{candidate}, candidate"
        old, new = ArmCosts(baseline, {}), ArmCosts(candidate, {})
        for each in comparison.compared:
            old.readings[each.quantity.id] = Reading(
                each.quantity, each.baseline, each.bounds.get("baseline")
            )
            new.readings[each.quantity.id] = Reading(
                each.quantity, each.candidate, each.bounds.get("candidate"), each
            )
        for arm in (old, new):
            kept = found.setdefault(arm.name, arm)
            kept.readings.update(arm.readings | kept.readings)
    return tuple(found.values())


def _compared(pairs: Iterable[Pair]) -> Iterator[Compared]:
    return (each for pair in pairs for each in pair.trials[0].compared)


def _chosen(there: dict[str, Compared]) -> tuple[Quantity, ...]:
    found = []
    for wanted in _FIRST:
        matching = [each for id, each in there.items() if id.startswith(wanted[-1])]
        exact = [each for each in matching if each.quantity.id == wanted[0]]
        if wanted[-1] == "memory/peak.":
            matching.sort(key=lambda each: -each.baseline)
        found += [each.quantity for each in (exact or matching)[:1]]
    return tuple(found or [each.quantity for each in there.values()][:_OTHERS])


def _column(arms: Sequence[ArmCosts], quantity: Quantity) -> list[tuple[str, ...]]:
    """For each arm the value, the ratio with its verdict, the share of the limit."""
    readings = [arm.readings.get(quantity.id) for arm in arms]
    texts = iter(amounts.values([each.value for each in readings if each], quantity))
    return [_cell(each, next(texts)) if each else ("not measured",) for each in readings]


def _cell(reading: Reading, value: str) -> tuple[str, ...]:
    parts = [value]
    if reading.compared is not None:
        decision = reading.compared.decision
        parts.append(f"{ratio(decision.change.ratio)} {decision.verdict.value}")
    return tuple(filter(None, [*parts, amounts.share_text(reading.bound, reading.value)]))
