"""The four files of a report: read back by parsers other than the code that wrote them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import report_world as world

from harness.report.files import ReportError, check_writable, json_text, write, write_json
from harness.report.html import to_html
from harness.report.jsonform import to_json
from harness.report.junit import to_junit
from harness.report.markdown import LIMIT, code, to_markdown
from harness.vocabulary.verdicts import FAILS_A_GATE, Verdict


def refuse(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


def strict(text: str) -> Any:
    return json.loads(text, parse_constant=refuse)


class Tags(HTMLParser):
    """Collects the tags of a page, and every attribute that could reach the network."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def test_json_has_the_documented_keys() -> None:
    data = strict(json_text(world.of_every_verdict()))
    documented = "baseline candidate moved stack_verdict packages behaviours counts skipped"
    assert {*documented.split(), "exit_code", "seconds"} <= set(data)
    assert data["baseline"] == {"sae-lens": "6.54.12", "torch": "2.13.0"}
    assert data["moved"][0] == {
        "package": "sae-lens",
        "from": "6.54.12",
        "to": "6.51.1",
        "went_back": True,
    }
    first = data["behaviours"][0]
    assert {"id", "cell", "verdict", "claim_ids", "observations", "reproduce"} <= set(first)
    assert {"name", "kind", "unit", "baseline", "candidate", "noise", "verdict"} <= set(
        first["observations"][0]
    )
    assert first["observations"][0]["noise"] == {"spread": 1e-6, "provenance": "bound float32"}
    assert data["skipped"][0]["count"] == 3


def test_json_counts_every_verdict() -> None:
    data = to_json(world.of_every_verdict())
    assert data["counts"] == {v.value: 2 if v is Verdict.CHANGED else 1 for v in Verdict}


def test_json_names_the_numbers_that_json_cannot_hold() -> None:
    odd = strict(json_text(world.of_every_verdict()))["behaviours"][-1]["observations"]
    assert odd[0]["candidate"] == ["NaN", "Infinity"]
    assert odd[2]["baseline"] == "-Infinity"
    assert odd[3]["distance"] == "Infinity"


def test_json_of_an_unsolvable_stack_has_no_candidate_pins() -> None:
    data = strict(json_text(world.unsolvable()))
    assert (data["candidate"], data["behaviours"], data["exit_code"]) == (None, [], 3)
    assert "transformer-lens<4" in data["stack_reason"]


def test_html_escapes_every_text_and_reaches_no_network() -> None:
    page = parsed(to_html(world.of_every_verdict()))
    assert "script" not in page.tags
    assert page.links == []
    assert "url(" not in to_html(world.of_every_verdict())
    assert world.SCRIPT in "".join(page.text)


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.SAME])
def test_html_shows_and_filters_each_verdict(verdict: Verdict) -> None:
    page = to_html(world.of_every_verdict())
    assert f"::<wbr>test_{verdict.value}<" in page
    assert f'id="show-{verdict.value}"' in page


def test_html_holds_full_values_beside_abbreviated_ones() -> None:
    ids = list(range(300))
    moved = world.numeric(ids, [*ids[:-1], 7])
    report = world.of_every_verdict()
    result = replace(report.behaviours[0], observations=(moved,))
    page = to_html(replace(report, behaviours=(result,)))
    assert ", 150, " in page
    assert "[299]" in page


def test_markdown_of_5000_behaviours_stays_below_its_limit_and_says_what_is_missing() -> None:
    text = to_markdown(world.of_many(5000))
    assert len(text.encode()) <= LIMIT < 65_536
    told = text.count("**changed** in")
    assert told > 10
    assert f"Truncated: {5000 - told:,} verdicts did not fit here" in text
    assert "5,000 verdicts: 5,000 changed" in text


def test_markdown_that_fits_is_not_called_truncated() -> None:
    assert "Truncated" not in to_markdown(world.of_every_verdict())


def test_markdown_keeps_tags_out_of_running_text() -> None:
    text = to_markdown(world.of_every_verdict())
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        outside = "" if fenced else "".join(line.split("`")[::2])
        assert "<script>" not in outside
    assert not fenced


def test_markdown_code_survives_backticks_and_table_bars() -> None:
    assert code("a`b|c") == "<code>a&#96;b&#124;c</code>"
    assert code("plain_id") == "`plain_id`"


def test_markdown_leads_with_the_headline() -> None:
    first = to_markdown(world.unsolvable()).splitlines()[0]
    assert first == "## The candidate bad is unsolvable (exit 3: a stack cannot be built)"


def junit(report: Any) -> ElementTree.Element:
    return ElementTree.fromstring(to_junit(report).encode())


def children(root: ElementTree.Element, verdict: Verdict) -> set[str]:
    case = root.find(f".//testcase[@name='test_{verdict.value}[smollm2-nf4-cpu]']")
    assert case is not None
    return {child.tag for child in case}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_junit_tells_each_verdict(verdict: Verdict) -> None:
    tags = children(junit(world.of_every_verdict()), verdict)
    if verdict is Verdict.BROKEN:
        assert tags == {"error"}
    elif verdict in FAILS_A_GATE:
        assert tags == {"failure"}
    elif verdict is Verdict.UNKNOWN:
        assert tags == {"skipped"}
    else:
        assert not tags & {"error", "failure", "skipped"}


def test_junit_fails_what_fail_on_chose() -> None:
    report = replace(world.of_every_verdict(), fail_on=frozenset({Verdict.DRIFTED}))
    assert children(junit(report), Verdict.DRIFTED) == {"failure"}
    assert children(junit(report), Verdict.GONE) == {"system-out"}


def test_junit_counts_what_it_holds() -> None:
    suite = junit(world.of_every_verdict()).find("testsuite")
    assert suite is not None
    for attribute, tag in (("errors", "error"), ("failures", "failure"), ("skipped", "skipped")):
        assert int(suite.get(attribute, "")) == len(suite.findall(f"testcase/{tag}")) > 0
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))


def test_junit_of_a_gate_that_measured_nothing_is_not_green() -> None:
    root = junit(replace(world.all_same(0), exit_code=4))
    assert root.get("errors") == "1"


def test_junit_of_an_unsolvable_stack_is_one_error_with_the_reason() -> None:
    error = junit(world.unsolvable()).find(".//testcase/error")
    assert error is not None
    assert "transformer-lens<4" in (error.text or "")


@pytest.mark.parametrize("make", [world.of_every_verdict, world.unsolvable])
def test_write_leaves_four_files_and_nothing_else(make: Any, tmp_path: Path) -> None:
    paths = write(make(), tmp_path / "deep" / "report")
    names = ["gate.html", "gate.json", "gate.md", "gate.xml"]
    assert sorted(path.name for path in paths) == names
    assert sorted(os.listdir(tmp_path / "deep" / "report")) == names
    strict(paths[0].read_text("utf-8"))
    ElementTree.parse(tmp_path / "deep" / "report" / "gate.xml")


def test_write_replaces_an_older_report(tmp_path: Path) -> None:
    write(world.of_every_verdict(), tmp_path)
    write(world.all_same(2), tmp_path)
    assert strict((tmp_path / "gate.json").read_text("utf-8"))["exit_code"] == 0


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("mine")
    with pytest.raises(ReportError) as caught:
        write(world.all_same(1), tmp_path / "report")
    assert caught.value.where == str(tmp_path / "report")
    assert caught.value.what == "the report cannot be written: a file is there, and no folder"
    assert "--report" in caught.value.next
    assert (tmp_path / "report").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="mounts need root")
def test_a_full_disk_is_a_clear_error_and_keeps_the_older_report(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        write_json(world.all_same(1), tmp_path / "gate.json")
        with pytest.raises(ReportError, match="no space left") as caught:
            write_json(world.of_many(50), tmp_path / "gate.json")
        assert isinstance(caught.value.__cause__, OSError)
        assert caught.value.__cause__.errno == errno.ENOSPC
        assert os.listdir(tmp_path) == ["gate.json"]
        assert strict((tmp_path / "gate.json").read_text("utf-8"))["exit_code"] == 0
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_device_is_a_clear_error() -> None:
    with pytest.raises(ReportError, match="no space left"):
        write_json(world.all_same(1), Path("/dev/full"))


def test_json_to_a_pipe_is_written_through(tmp_path: Path) -> None:
    write_json(world.all_same(1), Path("/dev/null"))
    assert not Path("/dev/null").is_file()


def test_a_page_of_huge_observations_is_bounded_and_says_what_it_leaves_out() -> None:
    values = [number / 7 for number in range(4000)]
    entries = tuple(
        replace(world.numeric(values, [*values[:-1], 0.0]), name=f"logits_{number}")
        for number in range(50)
    )
    many = tuple(
        replace(world.behaviour(Verdict.CHANGED, cell), observations=entries, reason="r" * 90_000)
        for cell in (f"cell{number}" for number in range(40))
    )
    report = replace(world.all_same(1), behaviours=many)
    text = to_html(report)
    assert 2_000_000 < len(text) < 6_000_000
    assert "full values left out here; gate.json has all" in text
    assert "10 more observations left out here; gate.json has all" in text
    assert text.count("full values</summary>") > 20
    (kept,) = to_json(replace(report, behaviours=many[-1:]))["behaviours"]
    assert [len(entry["baseline"]) for entry in kept["observations"]] == [4000] * 50


def test_cells_that_no_page_has_room_for_are_counted() -> None:
    many = tuple(
        replace(world.behaviour(Verdict.CHANGED, f"cell{number}"), reason=f"{number} " + "r" * 900)
        for number in range(9000)
    )
    text = to_html(replace(world.all_same(1), behaviours=many))
    shown = text.count("<h4>cell")
    assert f"{9000 - shown:,} more cells left out here; gate.json has all" in text
    assert len(text) < 9_000_000


def test_looking_whether_a_report_can_be_written_leaves_no_folder(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "report", tmp_path / "other" / "gate.json")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old").mkdir()
    check_writable(tmp_path / "old", None)
    assert [each.name for each in tmp_path.iterdir()] == ["old"]
