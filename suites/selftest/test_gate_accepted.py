"""`harness gate` with accepted changes, from the file to the exit code, in a miniature world."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

SUITE = """
def test_ids(observe):
    import ornament
    observe.exact("ids", ornament.IDS)
def test_protos():
    import ornament
    ornament.proto()
def test_bytes(observe):
    import ornament
    observe.exact("bytes", 3)
"""
BRITTLE = """
from harness.plugin import requires

@requires("brittle")
def test_it(): import brittle
"""
OLD = "IDS = [1, 2]\ndef proto(): return 1\n"
NEW = "IDS = [1, 3]\n"
ENTRY = """
["{id}"]
behaviour = "{behaviour}"
verdict = "{verdict}"
until = "{until}"
reason = "meant so"
owner = "ann@example.com"
"""
IDS = {"id": "ids", "behaviour": "ornaments/test_ornament.py::test_ids", "verdict": "changed"}
PROTOS = {"id": "protos", "behaviour": "ornaments/*::test_protos", "verdict": "broken"}
DEAD = {"id": "dead", "behaviour": "ornaments/test_ornament.py::test_bytes", "verdict": "changed"}


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    make_wheel(mini.wheelhouse, "ornament", "1.0", modules=modules("ornament", OLD))
    make_wheel(mini.wheelhouse, "ornament", "2.0", modules=modules("ornament", NEW))
    make_wheel(mini.wheelhouse, "brittle", "1.0")
    broken = modules("brittle", "raise OSError('not here')")
    make_wheel(mini.wheelhouse, "brittle", "2.0", modules=broken)
    mini.stack("reference", "ornament==1.0", "brittle==1.0")
    mini.suite("ornaments/test_ornament.py", SUITE)
    mini.suite("brittle/test_brittle.py", BRITTLE)
    mini.count_starts()
    return mini


def write(path: Path, *entries: dict[str, str]) -> None:
    path.write_text("".join(ENTRY.format(**{"until": "ornament<3", **each}) for each in entries))


def gate(world: Miniature, *entries: dict[str, str], options: tuple[str, ...] = ()) -> Answer:
    """A gate of ornament 2.0 by the project's own file with these entries."""
    write(world.home / "fixtures" / "accepted.toml", *entries)
    return world.gate("--candidate", "ornament==2.0", *options)


def standings(answer: Answer) -> dict[str, str]:
    return {each["id"]: each["standing"] for each in answer.report["accepted"]}


def test_a_project_without_a_file_accepts_nothing(world: Miniature) -> None:
    (world.home / "fixtures" / "accepted.toml").unlink(missing_ok=True)
    answer = world.gate("--candidate", "ornament==2.0")
    assert answer.code == 1, answer.out + answer.err
    assert answer.report["accepted"] == []


def test_when_every_change_is_accepted_the_gate_exits_0_and_lists_them(world: Miniature) -> None:
    answer = gate(world, IDS, PROTOS)
    assert answer.code == 0, answer.out + answer.err
    assert answer.verdicts()["test_ids"] == "changed"
    assert answer.behaviour("test_protos")["accepted"] == "protos"
    assert answer.out.count("accepted until ornament<3 by ann@example.com: meant so") == 4


def test_one_change_that_is_not_accepted_fails_the_gate(world: Miniature) -> None:
    assert gate(world, IDS).code == 1


def test_a_change_that_is_accepted_is_not_measured_again(world: Miniature) -> None:
    gate(world)
    before = world.starts()
    assert gate(world, IDS, PROTOS).code == 0
    assert world.starts() == before > 0


def test_an_entry_that_matches_nothing_fails_the_gate_and_says_what_to_do(
    world: Miniature,
) -> None:
    answer = gate(world, IDS, PROTOS, DEAD)
    assert answer.code == 1
    assert standings(answer) == {"ids": "holds", "protos": "holds", "dead": "unmatched"}
    assert "exit 1: an acceptance no longer stands" in answer.out.splitlines()[0]
    assert "next: take [dead] out of fixtures/accepted.toml\n" in answer.out


def test_an_entry_whose_bound_has_passed_fails_the_gate(world: Miniature) -> None:
    answer = gate(world, IDS, {**PROTOS, "until": "ornament<2"})
    assert answer.code == 1
    assert standings(answer)["protos"] == "expired"
    assert "has expired: the candidate has ornament 2.0\n" in answer.out


def test_an_entry_outside_what_was_selected_is_neither(world: Miniature) -> None:
    options = ("--select", "ornaments/test_ornament.py::test_ids")
    answer = gate(world, IDS, DEAD, {**PROTOS, "until": "ornament<2"}, options=options)
    assert answer.code == 0, answer.out + answer.err
    assert standings(answer) == {"ids": "holds", "dead": "unseen", "protos": "unseen"}


def test_a_part_of_what_an_entry_names_does_not_judge_it(world: Miniature) -> None:
    whole = {**DEAD, "behaviour": "ornaments"}
    one = ("--select", "ornaments/test_ornament.py::test_bytes")
    assert standings(gate(world, whole, options=one)) == {"dead": "unseen"}
    assert standings(gate(world, whole)) == {"dead": "holds"}


def test_a_file_of_ones_own_is_read_instead(world: Miniature, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    write(own, IDS, PROTOS)
    assert gate(world, DEAD, options=("--accepted", str(own))).code == 0


def test_what_brought_an_accepted_change_is_not_searched_nor_in_a_report_that_is_read_again(
    world: Miniature, tmp_path: Path
) -> None:
    own, report = tmp_path / "own.toml", tmp_path / "gate.json"
    write(own, IDS)
    options = ("--accepted", str(own), "--blame")
    first = gate(world, DEAD, options=options)
    report.write_text(json.dumps(first.report))
    again = world.run("blame", str(report))
    both = tmp_path / "both.toml"
    write(both, IDS, PROTOS)
    none = world.run("blame", str(report), "--accepted", str(both))
    assert (searched(first), searched(again)) == (["test_protos"], ["test_protos"]), again.err
    assert first.behaviour("test_ids")["accepted"] == "ids"
    assert (searched(none), none.code) == ([], 0), none.err


def searched(answer: Answer) -> list[str]:
    """The tests whose changes were put on something, or on nothing."""
    return [
        change["behaviour"].rpartition("::")[2]
        for group in answer.report["blame"]["groups"]
        for change in group["changes"]
    ]


def test_a_package_that_does_not_import_can_be_accepted_and_what_it_broke_beside(
    world: Miniature, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    broken = {"id": "it", "behaviour": "brittle", "verdict": "broken", "until": "brittle<3"}
    package = {**broken, "id": "gone", "verdict": "unimportable"}
    texts = [
        ENTRY.format(**broken),
        ENTRY.format(**package).replace("behaviour =", "package ="),
    ]
    codes = []
    for count in (1, 2):
        own.write_text("".join(texts[:count]))
        answer = world.gate("--candidate", "brittle==2.0", "--accepted", str(own))
        codes.append(answer.code)
    assert codes == [1, 0], answer.out + answer.err
    assert standings(answer) == {"it": "holds", "gone": "holds"}


REFUSED = [
    ("[ids]\nverdict = 3\n", "behaviour, quantity or package is missing", "[ids]"),
    ('["ids"', "the accepted changes cannot be read", "own.toml"),
    (
        ENTRY.format(**{**IDS, "until": "ornament<3", "behaviour": "ornaments/*::test_idz"}),
        "no behaviour matches",
        "[ids], behaviour",
    ),
    (
        ENTRY.format(**{**IDS, "until": "ornament<3"}) + 'cell = "pyton"\n',
        "no cell is 'pyton'; near: python",
        "[ids], cell",
    ),
    (
        ENTRY.format(**{**IDS, "until": "ornament<3"})
        .replace("behaviour =", "package =")
        .replace(IDS["behaviour"], "britle")
        .replace("changed", "unimportable"),
        "no test calls a package 'britle'; near: brittle",
        "[ids], package",
    ),
]


@pytest.mark.parametrize(("text", "what", "where"), REFUSED)
def test_a_damaged_file_is_refused_before_anything_runs(
    world: Miniature, tmp_path: Path, text: str, what: str, where: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    answer = world.gate("--candidate", "ornament==2.0", "--accepted", str(own))
    assert answer.code == 2
    assert what in answer.err
    assert where in answer.err
    assert "allowed:" in answer.err
    assert "next:" in answer.err


def test_an_entry_for_the_cell_of_a_library_holds_there(world: Miniature, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    write(own, IDS, PROTOS)
    own.write_text(own.read_text().replace("verdict =", 'cell = "python"\nverdict ='))
    answer = world.gate("--candidate", "ornament==2.0", "--accepted", str(own))
    assert answer.code == 0, answer.out + answer.err


def test_a_file_that_is_not_there_is_refused(world: Miniature) -> None:
    answer = world.gate("--candidate", "ornament==2.0", "--accepted", "nowhere.toml")
    assert answer.code == 2
    assert "No such file" in answer.err
    assert "where:   nowhere.toml" in answer.err


def test_blame_on_a_finished_gate_goes_by_the_file_that_the_gate_went_by(world: Miniature) -> None:
    mine, report = world.home / "mine.toml", world.home / "report"
    write(mine, IDS, PROTOS)
    write(world.home / "fixtures" / "accepted.toml")
    options = ("--accepted", str(mine), "--report", str(report))
    assert world.gate("--candidate", "ornament==2.0", *options).code == 0
    assert world.run("blame", str(report / "gate.json")).code == 0
    less = world.home / "less.toml"
    write(less, IDS)
    assert world.run("blame", str(report / "gate.json"), "--accepted", str(less)).code == 1
