"""What is asked of a search for blame and makes no sense, told before anything is run."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
from miniature import Answer, Miniature, modules
from report_world import of_every_verdict
from wheels import make_wheel

from harness import __version__, cli
from harness.report.files import write

SUITE = """
from harness.plugin import requires

@requires("engine")
def test_size(observe):
    import engine
    observe.exact("size", engine.size)
"""
SIZE = "machines/test_machine.py::test_size"


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    """An engine of two releases; nothing of it is built, unless a test fails."""
    mini = make_miniature()
    for version, size in (("1.0", 10), ("1.1", 11)):
        source = modules("engine", f"size = {size}\n")
        make_wheel(mini.wheelhouse, "engine", version, modules=source)
    mini.stack("reference", "engine==1.1")
    mini.suite("machines/test_machine.py", SUITE)
    return mini


def refused(answer: Answer) -> str:
    """What a command says that is refused as wrong usage; one error, and no more."""
    assert answer.code == 2, answer.err
    assert "Traceback" not in answer.err
    return answer.err


@pytest.mark.parametrize(
    ("package", "next"),
    [
        ("engine==1.1", "harness bisect engine --bad 1.1 …"),
        ("Engine >= 1.0, == 1.1", "harness bisect Engine --bad 1.1 …"),
        ("engine[fast]", "harness bisect engine …"),
        ("", "harness bisect PACKAGE …"),
    ],
)
def test_a_bisection_takes_the_name_of_a_package_alone(
    world: Miniature, package: str, next: str
) -> None:
    said = refused(world.run("bisect", package, "--behaviour", SIZE))
    assert said.startswith(f"harness: {package!r} is not the name of a package\n")
    assert said.endswith(f"  next:    {next}\n")


def test_of_a_package_that_the_index_does_not_know_near_ones_of_the_stack_are_named(
    world: Miniature,
) -> None:
    said = refused(world.run("bisect", "Enigne", "--behaviour", SIZE))
    assert "the package index has no package 'enigne'\n" in said
    assert "  allowed: a package of the index, as engine of reference\n" in said
    assert said.endswith("  next:    harness bisect engine …\n")


def test_a_package_that_nothing_is_near_to_may_be_on_another_index(world: Miniature) -> None:
    said = refused(world.run("bisect", "zzz", "--behaviour", SIZE))
    assert said.endswith("or name the index that has it in UV_INDEX\n")


def told(report: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `harness blame` says of a report that it cannot go by."""
    assert cli.main(["blame", str(report)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 4, "what, where, allowed, next"
    assert f"  where:   {report}\n" in shown.err
    return shown.err


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of a gate, as a gate writes it; of a stack that is none, so that nothing runs."""
    gate = replace(of_every_verdict(), command=("--candidate", "nowhere"))
    write(gate, tmp_path)
    return tmp_path / "gate.json"


def edited(report: Path, **fields: object) -> Path:
    report.write_text(json.dumps({**json.loads(report.read_text()), **fields}))
    return report


def test_for_a_folder_of_reports_blame_names_the_one_in_it(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(report.parent, capsys)
    assert said.startswith("harness: this is the folder of a report\n")
    assert said.endswith(f"  next:    harness blame {report}\n")


def test_for_another_folder_blame_says_how_to_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(tmp_path, capsys)
    assert "the report of the gate cannot be read: Is a directory\n" in said
    assert said.endswith("  next:    harness gate --candidate STACK --json gate.json\n")


def test_a_report_that_is_cut_off_is_told_from_one_of_something_else(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = report.read_text()
    report.write_text(text[: len(text) // 2])
    assert "the report of the gate is cut off, or no JSON: " in told(report, capsys)
    report.write_text("{}")
    assert "no report of a gate that says how it was gated\n" in told(report, capsys)


def test_a_report_of_another_format_names_both(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(edited(report, format=2), capsys)
    assert said.startswith("harness: the report of the gate is of format 2\n")
    assert f"  allowed: format 1, as harness {__version__} writes it\n" in said


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["--candidate", "nowhere", "--faster"], "unrecognized arguments: --faster"),
        (["--baseline", "reference"], "it names no candidate"),
    ],
)
def test_a_report_with_a_command_that_is_none_says_why(
    report: Path, command: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"says how it was gated: {why}\n" in told(edited(report, command=command), capsys)


SEARCHES = (
    ("gate", "--blame", "--candidate", "reference"),
    ("blame", "--candidate", "reference"),
    ("bisect", "engine", "--behaviour", SIZE),
)


@pytest.mark.parametrize("command", SEARCHES, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("cache", "why"),
    [
        ("file", "it is no folder"),
        ("file/inside", "Not a directory"),
        ("/proc", "No such file or directory"),
    ],
)
def test_a_cache_that_cannot_be_written_is_told_before_anything_else(
    world: Miniature, tmp_path: Path, command: tuple[str, ...], cache: str, why: str
) -> None:
    (tmp_path / "file").touch()
    elsewhere = copy(world)
    elsewhere.cache = tmp_path / cache
    said = refused(elsewhere.run(*command))
    assert said.startswith(f"harness: the cache cannot be written: {why}\n"), said
    assert f"  where:   {elsewhere.cache}\n" in said
    assert "  next:    set HARNESS_CACHE to such a folder" in said
