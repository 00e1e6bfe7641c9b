"""A benchmark in pytest-benchmark's JSON, for `pytest-benchmark compare` and what reads that.

Its rounds are our turns, its iterations the calls of a turn. It knows seconds only: quantities
in bytes are left out.
"""

from __future__ import annotations

import json
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from harness import __version__
from harness.report.plain import one_line
from harness.report.strict import finite
from harness.vocabulary.costs import ROLES, BenchReport, Compared, Comparison, Sample

SCHEMA = "5.3.1"
"""The version of pytest-benchmark whose form this is."""


def to_benchmarks(report: BenchReport, when: datetime) -> dict[str, Any]:
    """A benchmark for each quantity and arm, grouped by quantity; `when` it was measured.

    `extra_info` has the verdict, the ratio and its interval.
    """
    return {
        "machine_info": _machine(report.machine),
        "commit_info": {"id": "unversioned", "dirty": False, "project": "harness"},
        "benchmarks": list(_benchmarks(report)),
        "datetime": when.astimezone(UTC).isoformat(),
        "version": SCHEMA,
    }


def text(report: BenchReport, when: datetime) -> str:
    return json.dumps(to_benchmarks(report, when), indent=1, allow_nan=False) + "\n"


def _machine(machine: Mapping[str, str]) -> dict[str, Any]:
    """`pytest-benchmark` names its files and warns of other machines by these fields."""
    return {
        "node": "",
        "processor": "",
        "machine": "",
        "python_implementation": "",
        "python_version": "",
        "system": "",
        "cpu": {"brand_raw": machine.get("processor", "")},
        "harness": __version__,
        **machine,
    }


def _benchmarks(report: BenchReport) -> Iterator[dict[str, Any]]:
    taken: dict[str, int] = {}
    for comparison in report.comparisons:
        for compared in comparison.compared:
            for role in ROLES:
                samples = [each for each in compared.samples if each.role == role]
                if samples and compared.quantity.unit == "s":
                    name = _unique(_name(comparison, compared, role), taken)
                    yield _benchmark(name, comparison, compared, samples)


def _name(comparison: Comparison, compared: Compared, role: str) -> str:
    """`model/decode@256x1[float32]`; the role too where two have the same name."""
    baseline, candidate = comparison.baseline.name, comparison.candidate.name
    arm = candidate if role == "candidate" else baseline
    told = arm if role != "control" and baseline != candidate else f"{arm} {role}".strip()
    return one_line(f"{compared.quantity.id}[{told}]")


def _unique(name: str, taken: dict[str, int]) -> str:
    """A baseline of several comparisons is measured in each: the second is `[float32, 2]`."""
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name[:-1]}, {taken[name]}]"


def _benchmark(
    name: str, comparison: Comparison, compared: Compared, samples: Sequence[Sample]
) -> dict[str, Any]:
    decision = compared.decision
    iterations = round(statistics.median(each.calls for each in samples))
    return {
        "group": one_line(compared.quantity.id),
        "name": name,
        "fullname": f"harness bench::{name}",
        "params": None,
        "param": name.partition("[")[2][:-1],
        "extra_info": finite(
            {
                "baseline": one_line(comparison.baseline.name),
                "candidate": one_line(comparison.candidate.name),
                "role": samples[0].role,
                "verdict": decision.verdict.value,
                "ratio": decision.change.ratio,
                "interval": [decision.change.low, decision.change.high],
                "work": compared.quantity.work,
                "amount": compared.quantity.amount,
            }
        ),
        "options": {
            "disable_gc": True,
            "timer": "perf_counter",
            "min_rounds": 1,
            "max_time": comparison.seconds,
            "min_time": 0.0,
            "warmup": True,
        },
        "stats": stats([each.value for each in samples], iterations),
    }


def stats(values: Sequence[float], iterations: int) -> dict[str, Any]:
    """The statistics that pytest-benchmark keeps of its rounds.

    The quartiles are those of `statistics.quantiles` over all values; of few values
    pytest-benchmark's own lie a little further out.
    """
    ordered = sorted(values)
    mean, total = statistics.fmean(ordered), sum(ordered)
    deviation = statistics.stdev(ordered) if len(ordered) > 1 else 0.0
    q1, middle, q3 = (
        statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else ordered * 3
    )
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    outside = sum(not low <= each <= high for each in ordered)
    far = sum(abs(each - mean) > deviation for each in ordered)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": deviation,
        "rounds": len(ordered),
        "median": middle,
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": outside,
        "stddev_outliers": far,
        "outliers": f"{far};{outside}",
        "ld15iqr": ordered[bisect_left(ordered, low)],
        "hd15iqr": ordered[bisect_right(ordered, high) - 1],
        "ops": len(ordered) / total if total else 0,
        "total": total,
        "data": list(values),
        "iterations": iterations,
    }
