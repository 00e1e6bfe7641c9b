"""`harness claims` and the claims of a gate, on the miniature world: real stacks, real runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

CLAIMS = """\
- {id: widget.sizes, system: widget, claim: The widget is 11 wide., expected: 11}
- {id: widget.kind, system: widget, claim: kind() is round., expected: round}
- id: widget.old-name
  system: widget
  claim: turn() turns it.
  expected: turns
  outdated: {since: widget 1.0, now: rotate()}
- {id: trinket.here, system: trinket, claim: The trinket imports., expected: imports}
- {id: far.away, system: far, claim: It is far., expected: far, unchecked: a place nobody goes}
"""

SUITE = """
from harness.plugin import documents, requires

@documents("widget.sizes")
@requires("widget")
def test_size(observe):
    import widget
    observe.claim("widget.sizes", widget.size, holds=widget.size == 11)

@documents("widget.kind")
@requires("widget")
def test_kind():
    import widget
    assert widget.kind() == "round"

@documents("widget.old-name")
@requires("widget")
def test_turn():
    import widget
    widget.turn()

@documents("trinket.here")
@requires("trinket")
def test_trinket():
    import trinket

@requires("widget")
def test_that_no_claim_names():
    raise SystemExit("ran")
"""


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    kind = "def kind(): return {!r}\n"
    make_wheel(
        mini.wheelhouse,
        "widget",
        "1.0",
        modules=modules("widget", "size = 16\n" + kind.format("round")),
    )
    make_wheel(
        mini.wheelhouse,
        "widget",
        "2.0",
        modules=modules("widget", "size = 11\n" + kind.format("square")),
    )
    make_wheel(mini.wheelhouse, "trinket", "1.0")
    mini.stack("reference", "widget==1.0", "trinket==1.0")
    mini.stack("next", "widget==2.0")
    mini.suite("widgets/test_widget.py", SUITE)
    (mini.home / "fixtures" / "claims.yaml").write_text(CLAIMS)
    mini.count_starts()
    return mini


@pytest.fixture(scope="module")
def alone(world: Miniature) -> Answer:
    return world.run("claims", "--report", str(world.home / "ledger"))


@pytest.fixture(scope="module")
def against(world: Miniature) -> Answer:
    return world.run("claims", "--stack", "next")


def verdicts(answer: Answer) -> dict[str, str]:
    return {entry["id"]: entry["verdict"] for entry in answer.report["claims"]}


def entry(answer: Answer, claim: str) -> dict[str, Any]:
    return dict(next(each for each in answer.report["claims"] if each["id"] == claim))


def test_each_claim_has_its_verdict(alone: Answer) -> None:
    assert verdicts(alone) == {
        "widget.sizes": "wrong",
        "widget.kind": "holds",
        "widget.old-name": "outdated",
        "trinket.here": "holds",
        "far.away": "unchecked",
    }, alone.err
    assert alone.code == 0, "a wrong claim is a finding"


def test_documented_stands_beside_observed(alone: Answer) -> None:
    size = entry(alone, "widget.sizes")
    assert (size["documented"], size["observed"]) == (11, 16)
    assert size["behaviour"] == ["widgets/test_widget.py::test_size"]
    turn = entry(alone, "widget.old-name")
    assert turn["reason"].startswith("AttributeError")
    assert turn["instead"] == "since widget 1.0; now: rotate()"
    assert entry(alone, "far.away")["reason"] == "a place nobody goes"


def test_the_ledger_is_written_three_ways(alone: Answer, world: Miniature) -> None:
    folder = world.home / "ledger"
    assert {p.name for p in folder.iterdir()} == {"claims.json", "claims.html", "claims.md"}
    assert "widget.sizes" in (folder / "claims.md").read_text()


def test_another_stack_shows_what_it_outdates_and_what_it_mends(against: Answer) -> None:
    changed = {each["id"]: (each["from"], each["to"]) for each in against.report["changed"]}
    assert changed == {
        "widget.sizes": ("wrong", "holds"),
        "widget.kind": ("holds", "outdated"),
        "trinket.here": ("holds", "unchecked"),
    }
    assert entry(against, "trinket.here")["reason"] == "trinket is not in this stack"
    assert against.code == 1, "a claim that held no longer does"
    assert "Other than under reference (3)" in against.out


def test_the_ledger_again_runs_no_process(alone: Answer, against: Answer, world: Miniature) -> None:
    before = world.starts()
    again = world.run("claims", "--stack", "next")
    assert world.starts() == before
    assert again.report == against.report


def test_only_the_claims_selected_are_checked(world: Miniature) -> None:
    assert verdicts(world.run("claims", "--select", "widget.s*")) == {"widget.sizes": "wrong"}


def test_a_run_record_is_judged_without_running(world: Miniature, alone: Answer) -> None:
    before = world.starts()
    for record in world.cache.glob("cells/*/record.jsonl"):
        if "test_turn" in record.read_text():
            judged = world.run("claims", "--record", str(record), "--select", "widget")
            assert verdicts(judged)["widget.old-name"] == "outdated"
            assert judged.code == 0
            assert world.starts() == before
            return
    raise AssertionError("no record was kept")


def test_a_gate_tells_which_claims_one_side_keeps(world: Miniature) -> None:
    gate = world.gate("--candidate", "next", "--select", "widgets/test_widget.py::test_kind")
    assert gate.report["claims"] == [
        {
            "id": "widget.kind",
            "from": "holds",
            "to": "outdated",
            "documented": "round",
            "baseline": None,
            "candidate": None,
            "reason": gate.behaviour("test_kind")["reason"],
        }
    ]
    assert "widget.kind" in gate.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--select", "widget.nothing"), "no claim matches"),
        (("--record", "nowhere.jsonl"), "cannot be read"),
        (("--record", "x", "--stack", "next"), "--stack would be passed over"),
        (("--record", "x", "--precision", "nf4"), "--precision would be passed over"),
        (("--select", "widget,trinkets"), "no claim matches 'trinkets'"),
        (("--stack", ""), "--stack is empty"),
        (("--stack", "nowhere"), "no stack is called 'nowhere'"),
        (("--select", ""), "--select is empty"),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(
    world: Miniature, arguments: tuple[str, ...], said: str
) -> None:
    answer = world.run("claims", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_claims_without_behaviours_run_nothing(world: Miniature) -> None:
    before = world.starts()
    answer = world.run("claims", "--select", "far")
    assert answer.code == 4
    assert verdicts(answer) == {"far.away": "unchecked"}
    assert world.starts() == before


def test_a_damaged_claims_file_ends_a_gate_before_it_runs(world: Miniature) -> None:
    file = world.home / "fixtures" / "claims.yaml"
    before = file.read_text()
    file.write_text("- {id: a}\n")
    try:
        answer = world.gate("--candidate", "next")
    finally:
        file.write_text(before)
    assert answer.code == 2
    assert "a lacks" in answer.err
