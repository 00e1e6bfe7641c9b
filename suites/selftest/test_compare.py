"""`harness compare` on run records written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness import cli
from harness.vocabulary.observations import Noise, Observation
from harness.vocabulary.records import (
    Header,
    Outcome,
    end_line,
    header_line,
    import_line,
    observation_line,
    outcome_line,
    start_line,
)


def write(
    path: Path, *outcomes: Outcome, version: str = "1.0", cores: str = "2", fault: str = ""
) -> Path:
    header = Header({"lib": version}, {"cores": cores}, {}, {}, fault=fault)
    lines = [header_line(header), import_line("lib", "")]
    for outcome in outcomes:
        lines.append(start_line(*outcome.key))
        lines += [observation_line(*outcome.key, each) for each in outcome.observations]
        lines.append(outcome_line(outcome))
    path.write_text("".join([*lines, end_line(len(outcomes))]))
    return path


def held(name: str, value: float = 1.0) -> Outcome:
    logit = Observation("logit", "numeric", value, noise=Noise(0.001, "bound float32"))
    return Outcome(f"t.py::{name}", "lib", "held", observations=(logit,))


def compare(old: Path, new: Path, *options: str) -> tuple[int, dict[str, Any]]:
    file = old.parent / "compared.json"
    file.unlink(missing_ok=True)
    code = cli.main(["compare", str(old), str(new), "--json", str(file), *options])
    return code, json.loads(file.read_text()) if file.is_file() else {}


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {entry["id"].partition("::")[2]: entry["verdict"] for entry in report["behaviours"]}


def test_equal_records_exit_0(tmp_path: Path) -> None:
    code, report = compare(
        write(tmp_path / "a", held("x")), write(tmp_path / "b", held("x", 1.005))
    )
    assert (code, verdicts(report)) == (0, {"x": "same"})


def test_a_record_of_a_run_with_a_fault_is_noted(tmp_path: Path) -> None:
    faulty = write(tmp_path / "b", held("x"), fault="lib.turned")
    _, report = compare(write(tmp_path / "a", held("x")), faulty)
    assert report["notes"] == [
        "the run of the candidate had a fault put into a library: lib.turned"
    ]


@pytest.mark.parametrize("command", [["claims", "--record"], ["calibrate", "--from"]])
def test_a_record_of_a_run_with_a_fault_judges_and_calibrates_nothing(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    faulty = write(tmp_path / "a", held("x"), fault="lib.turned")
    assert cli.main([*command, str(faulty)]) == 2
    told = capsys.readouterr().err
    assert "the run had a fault in a library" in told
    assert "lib.turned" in told
    assert "next:    pytest --record=run.jsonl" in told


def test_drift_is_told_and_fails_only_where_asked(tmp_path: Path) -> None:
    old, new = write(tmp_path / "a", held("x")), write(tmp_path / "b", held("x", 1.5))
    assert compare(old, new)[0] == 0
    code, report = compare(old, new, "--fail-on", "drifted")
    assert (code, verdicts(report)) == (1, {"x": "drifted"})


def test_what_only_the_baseline_has_is_gone(tmp_path: Path) -> None:
    old, new = write(tmp_path / "a", held("x"), held("y")), write(tmp_path / "b", held("x"))
    code, report = compare(old, new)
    assert (code, verdicts(report)) == (1, {"x": "same", "y": "gone"})


ENTRY = """
[meant]
behaviour = "t.py::x"
cell = "lib"
verdict = "{verdict}"
until = "lib{until}"
reason = "meant so"
owner = "ann"
"""


@pytest.fixture
def bare_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without behaviours, so that any may be named."""
    home = tmp_path / "home"
    for part in ("suites", "fixtures", "snapshots"):
        (home / part).mkdir(parents=True)
    monkeypatch.setenv("HARNESS_HOME", str(home))
    return home


@pytest.mark.parametrize(
    ("verdict", "until", "code", "standing"),
    [
        ("drifted", "<3", 0, "holds"),
        ("changed", "<3", 1, "unmatched"),
        ("drifted", "<2", 1, "expired"),
    ],
)
def test_an_accepted_change_fails_nothing_and_is_listed_as_in_a_gate(
    bare_home: Path, tmp_path: Path, verdict: str, until: str, code: int, standing: str
) -> None:
    old = write(tmp_path / "a", held("x"))
    new = write(tmp_path / "b", held("x", 1.5), version="2.0")
    assert compare(old, new, "--fail-on", "drifted")[0] == 1
    own = tmp_path / "own.toml"
    for file in (own, bare_home / "fixtures" / "accepted.toml"):
        file.write_text(ENTRY.format(verdict=verdict, until=until))
        options = ("--accepted", str(own)) if file == own else ()
        found, report = compare(old, new, "--fail-on", "drifted", *options)
        (entry,) = report["accepted"]
        assert (found, entry["standing"]) == (code, standing)
        assert report["behaviours"][0]["accepted"] == ("meant" if standing == "holds" else None)


@pytest.mark.parametrize(("where", "code"), [("lib", 0), ("lab", 2)])
def test_a_cell_that_neither_the_project_nor_a_record_has_is_refused(
    bare_home: Path, tmp_path: Path, where: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (bare_home / "suites" / "test_t.py").write_text("def test_x(): ...\n")
    (bare_home / "fixtures" / "subjects.toml").write_text("")
    text = ENTRY.format(verdict="drifted", until="<3").replace("t.py::x", "test_t.py")
    (bare_home / "fixtures" / "accepted.toml").write_text(text.replace('"lib"', f'"{where}"'))
    record = write(tmp_path / "a", held("x"))
    assert compare(record, record)[0] == code
    assert ("no cell is 'lab'; near: lib" in capsys.readouterr().err) is (code == 2)


def test_records_are_compared_where_no_project_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path))
    record = write(tmp_path / "a", held("x"))
    assert compare(record, record)[0] == 0


def test_what_a_record_cut_off_did_not_reach_is_unknown(tmp_path: Path) -> None:
    old, new = (
        write(tmp_path / "a", held("x"), held("y")),
        write(tmp_path / "b", held("x"), held("y")),
    )
    text = new.read_text()
    new.write_text(text[: text.index('{"type":"outcome","behaviour":"t.py::y"') + 5])
    code, report = compare(old, new)
    assert (code, verdicts(report)) == (4, {"x": "same", "y": "unknown"})


def test_moved_versions_and_other_machines_are_told(tmp_path: Path) -> None:
    old = write(tmp_path / "a", held("x"))
    new = write(tmp_path / "b", held("x"), version="2.0", cores="8")
    _, report = compare(old, new)
    (moved,) = report["moved"]
    assert (moved["package"], moved["from"], moved["to"]) == ("lib", "1.0", "2.0")
    assert "different machines: cores 2 and 8" in report["notes"][0]


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\xff\xfe", b'{"type":"header","format":99}\n'])
def test_what_is_no_record_is_one_clear_error(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(tmp_path / "a", held("x"))
    bad = tmp_path / "b"
    bad.write_bytes(content)
    assert compare(good, bad)[0] == 2
    shown = capsys.readouterr().err
    assert str(bad) in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{\n "format": 1,\n "stack_verdict": "built"\n}\n', "the report of a gate"),
        ('{"cells": []}\n', "a list of cells"),
        ("<!doctype html>\n", "a page or an XML file"),
    ],
)
def test_what_is_taken_for_a_record_is_named(
    tmp_path: Path, content: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "gate.json"
    bad.write_text(content)
    assert compare(write(tmp_path / "a", held("x")), bad)[0] == 2
    shown = capsys.readouterr().err
    assert f"not a run record: it is {said}" in shown
    assert "next:    pytest --record=run.jsonl" in shown


def test_a_report_that_could_not_be_written_is_told_before_anything_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = write(tmp_path / "a", held("x"))
    code = cli.main(["compare", str(record), str(record), "--json", str(tmp_path)])
    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert "cannot be written" in shown.err
