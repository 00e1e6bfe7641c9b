"""The files of a benchmark's report, by name: what `--report` writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from harness.report.bench import benchmarkform, csvform, jsonform, markdown
from harness.report.bench.html import to_html
from harness.vocabulary.costs import BenchReport


def forms(report: BenchReport) -> Mapping[str, Callable[[], str]]:
    """A text for each file, made when it is asked for; for `files.write_forms`."""
    now = datetime.now(UTC)
    return {
        "bench.json": lambda: jsonform.text(report),
        "bench.csv": lambda: csvform.to_csv(report),
        "bench.md": lambda: markdown.to_markdown(report),
        "bench.benchmark.json": lambda: benchmarkform.text(report, now),
        "bench.html": lambda: to_html(report),
    }
