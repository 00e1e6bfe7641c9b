"""Accepted changes in every report: still listed, with reason and owner, and no failure."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import report_world as world
from rich.console import Console

from harness.report import acceptances, words
from harness.report.files import json_text
from harness.report.html import to_html
from harness.report.junit import to_junit
from harness.report.markdown import to_markdown
from harness.report.terminal import render
from harness.vocabulary.gated import GateReport, PackageVerdict

REPORT = world.of_accepted()
TERMS = f"accepted until torch<3 by ann: {world.SCRIPT}"
EXPIRED = "has expired: the candidate has torch 3.0"
DEAD = "matches nothing: none is changed of 3 same"


def printed(report: GateReport) -> str:
    out = io.StringIO()
    render(report, Console(file=out, width=100))
    return out.getvalue()


def of(*standings: str, only: slice = slice(None)) -> GateReport:
    entries = tuple(each for each in REPORT.accepted if each.standing in standings)
    return replace(
        REPORT, packages=(), moved=(), accepted=entries, behaviours=REPORT.behaviours[only]
    )


def test_the_headline_counts_what_is_not_accepted_and_then_what_is() -> None:
    assert words.headline(of("holds")) == (
        "1 changed of 4 verdicts, 2 changes accepted (exit 1: something changed)"
    )


def test_where_all_is_accepted_the_exit_code_says_so() -> None:
    report = replace(of("holds", only=slice(2)), exit_code=0)
    assert words.headline(report) == (
        "Nothing that fails the gate: 2 changed, 2 changes accepted "
        "(exit 0: nothing changed that is not accepted)"
    )


def test_the_headline_leads_with_entries_that_stand_no_longer() -> None:
    report = of("expired", "unmatched", only=slice(3, 4))
    assert words.headline(report) == (
        "1 acceptance expired; 1 acceptance without a match; "
        "No verdict that fails the gate: 1 drifted (exit 1: acceptances no longer stand)"
    )


def test_where_all_is_same_an_acceptance_that_fails_is_the_reason_of_the_exit_code() -> None:
    (dead,) = of("unmatched").accepted
    report = replace(world.all_same(3), accepted=(dead,), exit_code=1)
    assert words.headline(report) == (
        "1 acceptance without a match; No verdict that fails the gate: 3 same "
        "(exit 1: an acceptance no longer stands)"
    )


def test_a_change_beside_an_acceptance_that_fails_is_the_reason_of_the_exit_code() -> None:
    report = of("expired", only=slice(2, 3))
    assert words.headline(report) == (
        "1 acceptance expired; 1 changed of 1 verdict (exit 1: something changed)"
    )


def test_a_package_that_does_not_import_is_no_headline_that_nothing_changed() -> None:
    packages = (PackageVerdict("sae-lens", "unimportable", "ImportError: gone"),)
    report = replace(world.all_same(3), packages=packages, exit_code=1)
    assert words.headline(report) == (
        "cannot import sae-lens; No verdict that fails the gate: 3 same (exit 1: something changed)"
    )


def test_the_last_line_counts_what_is_accepted() -> None:
    assert words.counts_line(REPORT) == (
        "4 verdicts: 3 changed, 1 drifted; 2 accepted; 123 skipped; 1 min 2 s"
    )


def test_the_terminal_lists_entries_that_fail_before_those_that_hold() -> None:
    text = printed(REPORT)
    order = [f"  dead  {DEAD}\n", f"  old  {EXPIRED}\n", "  meant  accepts 2 changed\n"]
    places = [text.index(line) for line in order]
    assert places == sorted(places)
    assert "    next: take [dead] out of own.toml\n" in text
    assert "  and 1 more of which this gate can say nothing\n" in text


def test_of_a_package_that_the_candidate_lacks_near_ones_of_it_are_named() -> None:
    expired = replace(of("expired").accepted[0], version=None)
    for package, near in (("saelens", " (near: sae-lens)"), ("flax", "")):
        entry = replace(expired.entry, package=package)
        (row,) = acceptances.rows(replace(REPORT, accepted=(replace(expired, entry=entry),)))
        assert row.standing == f"has expired: the candidate has no {package}{near}"
        assert row.next.startswith(f"look at the change again, then take [{entry.id}] out of")
        meant = f'; if sae-lens was meant, until = "sae-lens{entry.versions}"'
        assert row.next.endswith(meant if near else "or give it a later until")


def test_the_terminal_tells_at_each_change_who_accepts_it_and_shows_it_last() -> None:
    lines = printed(REPORT).splitlines()
    behaviours = [line for line in lines if line.startswith("circuits/test_ioi.py::")]
    assert [line.rpartition("test_")[2] for line in behaviours] == ["changed", "drifted", "meant"]
    assert lines[lines.index("circuits/test_ioi.py::test_meant") + 2] == f"    {TERMS}"


def test_cells_that_are_accepted_are_not_folded_with_those_that_are_not() -> None:
    text = printed(REPORT)
    assert "changed  nf4 of smollm2\n    accepted" in text
    assert "changed  fp4 of smollm2\n    logit_difference" in text


def test_json_has_every_entry_and_its_id_at_each_change_it_accepts() -> None:
    data = json.loads(json_text(REPORT))
    standings = {each["id"]: each["standing"] for each in data["accepted"]}
    assert standings == {
        "meant": "holds",
        "elsewhere": "unseen",
        "dead": "unmatched",
        "old": "expired",
    }
    assert [each["accepted"] for each in data["behaviours"]] == ["meant", "meant", None, None]
    first = data["accepted"][0]
    assert (first["owner"], first["reason"], first["until"]) == ("ann", world.SCRIPT, "torch<3")
    assert (first["candidate"], first["found"]) == ("2.13.0", {"same": 3, "changed": 2})


def test_junit_passes_what_is_accepted_and_fails_entries_that_stand_no_longer() -> None:
    cases = {
        case.get("name"): {child.tag for child in case}
        for case in ElementTree.fromstring(to_junit(REPORT).encode()).iter("testcase")
    }
    assert cases["test_changed[smollm2-nf4-cpu]"] == {"system-out"}
    assert cases["test_changed[smollm2-fp4-cpu]"] == {"failure"}
    assert (cases["dead"], cases["old"], cases["meant"]) == (
        {"failure"},
        {"failure"},
        {"system-out"},
    )
    assert "elsewhere" not in cases


@pytest.mark.parametrize("form", [printed, to_markdown, to_html])
def test_every_report_lists_what_no_longer_stands_apart_from_what_is_accepted(form: object) -> None:
    assert callable(form)
    text = form(REPORT)
    order = ["Acceptances that no longer stand", DEAD, EXPIRED, "Accepted changes", "accepts 2"]
    places = [text.index(told) for told in order]
    assert places == sorted(places)
    assert "Accepted changes" not in form(of("expired", "unmatched"))
    assert "no longer stand" not in form(of("holds"))


@pytest.mark.parametrize("told", [EXPIRED, DEAD, "accepts 2 changed", "by ann", "own.toml"])
def test_markdown_and_page_list_every_entry(told: str) -> None:
    assert told in to_markdown(REPORT)
    assert told in to_html(REPORT)


def test_the_page_and_markdown_tell_at_each_change_who_accepts_it() -> None:
    assert to_html(REPORT).count('<p class="accepted">accepted until torch&lt;3 by ann') == 5
    assert to_markdown(REPORT).count("accepted until torch&#60;3 by ann") == 5


def test_a_reason_is_text_in_the_page_and_in_markdown() -> None:
    assert world.SCRIPT not in to_html(REPORT)
    assert f"by ann: {world.SCRIPT}" not in to_markdown(REPORT)


@pytest.mark.parametrize("form", [printed, to_markdown, to_html])
def test_without_entries_no_report_speaks_of_acceptance(form: object) -> None:
    assert callable(form)
    assert "ccepted" not in form(world.all_same(1)).replace(".accepted {", "")
