"""A benchmark's page: self-contained, escaped, with plots that a browser can read."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import bench_report_world as world
import pytest

from harness.report import files
from harness.report.bench.forms import forms
from harness.report.bench.html import to_html
from harness.vocabulary.costs import BenchReport, CostVerdict, Interval


class Page(HTMLParser):
    """The tags, the links and the texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_data(self, data: str) -> None:
        self.text += data


def drawings(page: str) -> dict[str, ElementTree.Element]:
    """The plots of a page by their titles, read as XML."""
    found = [ElementTree.fromstring(each) for each in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]
    return {each.attrib["aria-label"]: each for each in found}


def texts(drawing: ElementTree.Element) -> set[str]:
    return {"".join(each.itertext()) for each in drawing.iter("text")}


@pytest.mark.parametrize("report", [world.slower(), world.varied(), world.of_foreign_text()])
def test_the_page_needs_no_script_and_no_network(report: BenchReport) -> None:
    text = to_html(report)
    page = Page(text)
    assert "script" not in page.tags
    assert all(link.startswith("#") for link in page.links)
    assert not re.search(r"url\((?!#)", text)
    assert "http://" not in text
    assert "https://" not in text


def test_foreign_text_is_shown_as_text_in_page_and_plots() -> None:
    text = to_html(world.of_foreign_text())
    assert "<script>" not in text
    assert Page(text).text.count(world.SCRIPT) > 5
    # What matplotlib would read as mathematics stays what it was.
    assert any("$x$" in told for each in drawings(text).values() for told in texts(each))


def test_every_link_within_the_page_leads_somewhere() -> None:
    text = to_html(world.varied())
    wanted = set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text))
    assert wanted
    assert wanted <= set(re.findall(r'id="([^"]+)"', text))


def test_plots_show_samples_growth_and_the_limit() -> None:
    found = drawings(to_html(world.varied()))
    assert found.keys() == {
        "Arms side by side", "decode as the context grows", "first-token as the context grows",
        "Share of the limit", "Samples of model", "Samples of load", "Samples of memory",
    }  # fmt: skip
    assert {"64", "256", "1024", "tokens of context"} <= texts(found["decode as the context grows"])
    assert {"load/seconds of read", "float32"} <= texts(found["Share of the limit"])
    assert {"baseline", "control", "candidate"} <= texts(found["Samples of memory"])


def test_growth_needs_two_contexts() -> None:
    assert not [title for title in drawings(to_html(world.slower())) if "grows" in title]


def test_a_ratio_far_from_one_does_not_squeeze_the_others() -> None:
    near = world.compared(replace(world.ENCODE, id="tokenizers.tiktoken/encode.short"), 1e-6, 1e-6)
    far = world.compared(world.ENCODE, 12.5, 0.125, CostVerdict.FASTER)
    found = drawings(to_html(world.report(world.comparison(near, far))))
    assert "encode.short" in texts(found["Samples of tokenizers.tiktoken"])
    assert "encode.repeated" in texts(found["Samples of tokenizers.tiktoken, far apart"])


def test_nothing_known_of_a_ratio_is_no_error() -> None:
    compared = world.compared(world.DECODE, 0.012, 0.012, CostVerdict.INCONCLUSIVE)
    unknown = Interval(1.0, 0.0, math.inf)
    decision = replace(compared.decision, change=unknown, control=unknown)
    for samples in (compared.samples, compared.samples[:1], ()):
        told = world.comparison(replace(compared, decision=decision, samples=samples))
        assert "0.00 to ∞" in to_html(world.report(told))


def test_trials_are_drawn_by_their_ratios() -> None:
    found = drawings(to_html(world.trials()))
    assert found.keys() == {"Ratios of the trials"}
    assert {"slower", "same", "inconclusive", "model/decode@256x1"} <= texts(
        found["Ratios of the trials"]
    )


def test_the_same_report_gives_the_same_page() -> None:
    assert to_html(world.slower()) == to_html(world.slower())


def test_without_matplotlib_the_page_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.style", None)
    text = to_html(world.slower())
    assert "no plots: matplotlib cannot be imported" in text
    assert "<svg" not in text
    assert "13.20 ms" in text


def test_a_report_of_nothing_has_every_form(tmp_path: Path) -> None:
    written = files.write_forms(forms(BenchReport((), {}, {}, exit_code=4)), tmp_path)
    assert {path.name for path in written} == {
        "bench.json", "bench.csv", "bench.md", "bench.benchmark.json", "bench.html"
    }  # fmt: skip
    assert "Nothing was measured" in (tmp_path / "bench.html").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_told_by_its_option(tmp_path: Path) -> None:
    with pytest.raises(files.ReportError, match="--csv somewhere"):
        files.check_writable(None, None, {"--csv": tmp_path})
    with pytest.raises(files.ReportError, match="--csv somewhere"):
        files.write_text(tmp_path, "text", "--csv")
