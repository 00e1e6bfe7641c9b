"""`harness museum` on the miniature world: real stacks, real runs."""

from __future__ import annotations

import signal
import time
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

SUITE = """
from harness.plugin import requires, tier

@tier("quick")
@requires("exhibit")
def test_size(observe):
    import exhibit
    observe.exact("size", exhibit.size)

@requires("exhibit")
def test_weight(observe):
    import exhibit
    observe.exact("weight", exhibit.weight)

@tier("broad")
@requires("exhibit")
def test_slow():
    import time
    import exhibit
    time.sleep(exhibit.pause)
"""

CASE = """\
["{id}"]
package = "exhibit"
what = "{what}"
baseline = "reference"
candidate = "{candidate}"
kinds = {kinds}
select = ["{select}"]
shows = {shows}
why = "it no longer fits"
where = "reproduced"
"""
SIZE, WEIGHT = "exhibits/test_exhibit.py::test_size", "exhibits/test_exhibit.py::test_weight"


def case(
    name: str,
    candidate: str = "next",
    select: str = SIZE,
    kinds: str = '["changed"]',
    shows: str = "[]",
) -> str:
    return CASE.format(
        id=name, what=name, candidate=candidate, select=select, kinds=kinds, shows=shows
    )


CASES = "\n".join(
    [
        case("size-found", shows='["11 -> 16"]'),
        case("weight-missed", select=WEIGHT),
        case("weight-silent", select=WEIGHT, kinds="[]"),
        case("size-alarmed", kinds="[]"),
        case("unbuilt", candidate="exhibit==7.0"),
    ]
)


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    source = "size = {}\nweight = 2\npause = {}\n"
    for version, size, pause in (("1.0", 11, 0), ("2.0", 16, 0), ("3.0", 16, 300)):
        make_wheel(
            mini.wheelhouse,
            "exhibit",
            version,
            modules=modules("exhibit", source.format(size, pause)),
        )
    mini.stack("reference", "exhibit==1.0")
    mini.stack("next", "exhibit==2.0")
    mini.stack("slow", "exhibit==3.0")
    mini.suite("exhibits/test_exhibit.py", SUITE)
    (mini.home / "fixtures" / "museum.toml").write_text(CASES)
    mini.count_starts()
    return mini


@pytest.fixture(scope="module")
def all_cases(world: Miniature) -> Answer:
    return world.run("museum", "--report", str(world.home / "report"))


def standings(answer: Answer) -> dict[str, str]:
    return {entry["id"]: entry["standing"] for entry in answer.report["cases"]}


def entry(answer: Answer, name: str) -> dict[str, Any]:
    return dict(next(each for each in answer.report["cases"] if each["id"] == name))


def test_each_case_has_its_standing(all_cases: Answer) -> None:
    assert standings(all_cases) == {
        "size-found": "found",
        "weight-missed": "missed",
        "weight-silent": "silent",
        "size-alarmed": "alarmed",
        "unbuilt": "unknown",
    }, all_cases.err


def test_recall_and_false_alarms_are_counted(all_cases: Answer) -> None:
    report = all_cases.report
    assert (report["changes"], report["found"], report["unknown"]) == (3, 1, 1)
    assert (report["recall"], report["false_alarms"]) == (0.5, 1)
    assert "1 of 3 changes found (recall 50%), 1 unknown" in all_cases.out
    assert all_cases.code == 1


def test_the_finder_is_named_with_kind_and_evidence(all_cases: Answer) -> None:
    found = entry(all_cases, "size-found")
    assert (found["found"], found["kind"]) == (True, "changed")
    assert found["by"] == [
        {
            "behaviour": SIZE,
            "cell": "exhibit",
            "verdict": "changed",
            "tier": "quick",
            "evidence": "size: 11 -> 16",
        }
    ]
    assert "found by tier: quick 1, default 1, broad 1" in all_cases.out
    assert f"changed by {SIZE}" in all_cases.out
    assert entry(all_cases, "unbuilt")["found"] is None
    assert "exhibit==7.0" in entry(all_cases, "unbuilt")["reason"]


def test_progress_tells_case_of_all_and_an_estimate(all_cases: Answer) -> None:
    assert "[1/5]" in all_cases.err
    assert "left" in all_cases.err
    assert "[5/5]" in all_cases.err


def test_the_report_is_written_two_ways(all_cases: Answer, world: Miniature) -> None:
    folder = world.home / "report"
    assert {path.name for path in folder.iterdir()} == {"museum.json", "museum.md"}
    assert f"changed by `{SIZE}`" in (folder / "museum.md").read_text()


def test_the_same_again_runs_no_cell(all_cases: Answer, world: Miniature) -> None:
    before = world.starts()
    again = world.run("museum")
    assert standings(again) == standings(all_cases)
    assert world.starts() == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--case", "size-found,weight-silent"), 0),
        (("--case", "size-found", "--case", "unbuilt"), 3),
        (("--case", "unbuilt"), 3),
        (("--case", "size-alarmed"), 1),
    ],
)
def test_the_exit_code_of_a_part(
    all_cases: Answer, world: Miniature, arguments: tuple[str, ...], code: int
) -> None:
    assert world.run("museum", *arguments, "--jobs", "1").code == code


def test_a_smaller_tier_misses_what_only_a_larger_sees(all_cases: Answer, world: Miniature) -> None:
    quick = world.run("museum", "--tier", "quick", "--case", "size-found,weight-missed")
    assert standings(quick) == {"size-found": "found", "weight-missed": "missed"}
    assert "quick tier" in entry(quick, "weight-missed")["reason"]


def test_listing_runs_nothing(world: Miniature) -> None:
    before = world.starts()
    listed = world.run("museum", "--list", "--package", "exhibit")
    assert "size-found" in listed.out
    assert "5 cases" in listed.out
    assert (listed.code, world.starts()) == (0, before)
    (first, *others) = listed.report["cases"]
    assert (first["id"], first["expected"], len(others)) == ("size-found", ["changed"], 4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--case", "size-fuond"), "no case is called 'size-fuond'"),
        (("--case", ""), "--case is empty"),
        (("--package", "widget"), "no case of a package is called 'widget'"),
        (("--jobs", "0"), "no number from 1"),
        (("--list", "--report", "there"), "--list answers no case"),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(
    world: Miniature, arguments: tuple[str, ...], said: str
) -> None:
    answer = world.run("museum", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_a_case_that_selects_nothing_is_named_before_anything_runs(world: Miniature) -> None:
    file = world.home / "fixtures" / "museum.toml"
    file.write_text(case("typing", select="exhibits/test_exhibit.py::test_sise"))
    before = world.starts()
    try:
        answer = world.run("museum")
    finally:
        file.write_text(CASES)
    assert (answer.code, world.starts()) == (2, before)
    assert "[typing], select" in answer.err
    following = answer.err.partition("next:")[2].strip()
    assert tomllib.loads(following) == {"select": ["exhibits/test_exhibit.py::test_size"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[caf\xe9]", "it is no UTF-8"),
        (None, "Is a directory"),
        (b"", "there is no case"),
    ],
)
def test_a_file_of_cases_that_cannot_be_read_says_why_and_how_to_restore_it(
    world: Miniature, content: bytes | None, said: str
) -> None:
    file = world.home / "fixtures" / "museum.toml"
    file.unlink()
    try:
        file.mkdir() if content is None else file.write_bytes(content)
        answer = world.run("museum", "--list")
    finally:
        file.rmdir() if content is None else file.unlink()
        file.write_text(CASES)
    assert answer.code == 2
    assert said in answer.err
    assert f"next:    git checkout -- {file}" in answer.err


def test_an_interrupt_keeps_what_finished_and_the_same_again_goes_on(world: Miniature) -> None:
    file = world.home / "fixtures" / "museum.toml"
    slow = case("slow", candidate="slow", select="exhibits/test_exhibit.py::test_slow")
    file.write_text(f"{case('size-found')}\n{slow}")
    try:
        process = world.start("museum", "--jobs", "1")
        assert process.stderr is not None
        for line in process.stderr:
            if "[1/2]" in line:
                break
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "interrupted: 1 of 2 cases are finished and kept" in err
        assert err.endswith("\nto go on from here: harness museum --jobs 1\n")
        before = world.starts()
        assert world.run("museum", "--case", "size-found").code == 0
        assert world.starts() == before
    finally:
        file.write_text(CASES)
