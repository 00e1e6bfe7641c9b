"""The report as one self-contained page: no network, no script, filtered by CSS alone."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.report.page import page
from harness.vocabulary.verdicts import GateReport


def to_html(report: GateReport) -> str:
    """`report` as an HTML page; every text of the report is escaped."""
    environment = Environment(
        loader=PackageLoader("harness.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("gate.html").render(page=page(report))
