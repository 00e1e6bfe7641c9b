"""The samples of a benchmark as CSV, a row a sample: for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from harness.report.plain import one_line
from harness.vocabulary.costs import BenchReport, Comparison

COLUMNS = (
    "comparison", "baseline", "candidate", "quantity", "unit", "work", "amount", "role",
    "generation", "round", "place", "value", "cpu", "calls", "verdict",
)  # fmt: skip


def to_csv(report: BenchReport) -> str:
    """A header and a line a sample; `value` and `cpu` are a call's, in `unit` and in seconds.

    `comparison` counts from 1. `verdict` is of the quantity in that comparison.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, comparison in enumerate(report.comparisons, start=1):
        writer.writerows(_lines(number, comparison))
    return text.getvalue()


def _lines(number: int, comparison: Comparison) -> Iterator[tuple[object, ...]]:
    arms = one_line(comparison.baseline.name), one_line(comparison.candidate.name)
    for each in comparison.compared:
        quantity = each.quantity
        told = (one_line(quantity.id), quantity.unit, quantity.work, quantity.amount)
        for sample in each.samples:
            turn = (sample.role, sample.generation, sample.round, sample.place)
            cpu = "" if sample.cpu is None else sample.cpu
            verdict = each.decision.verdict.value
            yield (number, *arms, *told, *turn, sample.value, cpu, sample.calls, verdict)
