"""The report as one self-contained page: no network, no script, filtered by CSS alone."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.report.page import page
from harness.vocabulary.gated import GateReport


def to_html(report: GateReport) -> str:
    """`report` as an HTML page; every text of the report is escaped."""
    return render("gate.html", page(report))


def render(template: str, shown: object) -> str:
    """A template of this package, given `shown` as its `page`."""
    environment = Environment(
        loader=PackageLoader("harness.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(page=shown)
