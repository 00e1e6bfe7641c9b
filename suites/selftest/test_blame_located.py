"""Where the groups of a search for blame begin, in all reports of a gate."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from located_world import FOUND
from report_world import behaviour
from rich.console import Console

from harness.report import terminal
from harness.report.files import json_text
from harness.report.html import to_html
from harness.report.markdown import to_markdown
from harness.vocabulary.blame import Blamed, BlameReport, Standing
from harness.vocabulary.gated import GateReport
from harness.vocabulary.stacks import Move
from harness.vocabulary.verdicts import Verdict

CHANGED = behaviour(Verdict.CHANGED)
KEY = (CHANGED.behaviour, CHANGED.cell)
BLAMED = Blamed(Standing.NAMED, frozenset({"paint"}), frozenset(), (), (KEY,))
BEGIN = "Begins in layers.0.attn (CappedAttention)"


@pytest.fixture
def report() -> GateReport:
    moved = (Move("paint", "1.0", "2.0"),)
    gate = GateReport(None, None, moved, "built", "", (), (CHANGED,), (), (), 1, 1.0)
    return replace(gate, blame=BlameReport((BLAMED,), {}, located=(FOUND,)))


def test_a_terminal_and_markdown_tell_it_after_the_groups(report: GateReport) -> None:
    out = io.StringIO()
    terminal.render(report, Console(file=out, width=120))
    for text in (out.getvalue(), to_markdown(report)):
        assert text.index("paint") < text.index(BEGIN)


def test_the_page_draws_it_and_a_gate_without_has_no_such_part(report: GateReport) -> None:
    page = to_html(report)
    assert BEGIN in page
    assert "<h2>Where changes begin" in page
    assert "Growth by layer" in page
    assert report.blame is not None
    without = to_html(replace(report, blame=replace(report.blame, located=())))
    assert "Where changes begin" not in without


def test_json_has_it_beside_the_groups(report: GateReport) -> None:
    (found,) = json.loads(json_text(report))["blame"]["located"]
    assert found["model"]["origin"]["candidate"]["name"] == "layers.0.attn"
