"""`harness claims` and the claims of a gate, on the miniature world: real stacks, real runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

CLAIMS = """\
- {id: gizmo.sizes, system: gizmo, claim: The gizmo is 11 wide., expected: 11}
- {id: gizmo.kind, system: gizmo, claim: kind() is round., expected: round}
- id: gizmo.old-name
  system: gizmo
  claim: turn() turns it.
  expected: turns
  outdated: {since: gizmo 1.0, now: rotate()}
- {id: gadget.here, system: gadget, claim: The gadget imports., expected: imports}
- {id: far.away, system: far, claim: It is far., expected: far, unchecked: a place nobody goes}
"""

SUITE = """
from harness.plugin import documents, requires

@documents("gizmo.sizes")
@requires("gizmo")
def test_size(observe):
    import gizmo
    observe.claim("gizmo.sizes", gizmo.size, holds=gizmo.size == 11)

@documents("gizmo.kind")
@requires("gizmo")
def test_kind():
    import gizmo
    assert gizmo.kind() == "round"

@documents("gizmo.old-name")
@requires("gizmo")
def test_turn():
    import gizmo
    gizmo.turn()

@documents("gadget.here")
@requires("gadget")
def test_gadget():
    import gadget

@requires("gizmo")
def test_that_no_claim_names():
    raise SystemExit("ran")
"""


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    kind = "def kind(): return {!r}\n"
    make_wheel(
        mini.wheelhouse,
        "gizmo",
        "1.0",
        modules=modules("gizmo", "size = 16\n" + kind.format("round")),
    )
    make_wheel(
        mini.wheelhouse,
        "gizmo",
        "2.0",
        modules=modules("gizmo", "size = 11\n" + kind.format("square")),
    )
    make_wheel(mini.wheelhouse, "gadget", "1.0")
    mini.stack("reference", "gizmo==1.0", "gadget==1.0")
    mini.stack("next", "gizmo==2.0")
    mini.suite("gizmos/test_gizmo.py", SUITE)
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
        "gizmo.sizes": "wrong",
        "gizmo.kind": "holds",
        "gizmo.old-name": "outdated",
        "gadget.here": "holds",
        "far.away": "unchecked",
    }, alone.err
    assert alone.code == 0, "a wrong claim is a finding"


def test_documented_stands_beside_observed(alone: Answer) -> None:
    size = entry(alone, "gizmo.sizes")
    assert (size["documented"], size["observed"]) == (11, 16)
    assert size["behaviour"] == ["gizmos/test_gizmo.py::test_size"]
    turn = entry(alone, "gizmo.old-name")
    assert turn["reason"].startswith("AttributeError")
    assert turn["instead"] == "since gizmo 1.0; now: rotate()"
    assert entry(alone, "far.away")["reason"] == "a place nobody goes"


def test_the_ledger_is_written_three_ways(alone: Answer, world: Miniature) -> None:
    folder = world.home / "ledger"
    assert {p.name for p in folder.iterdir()} == {"claims.json", "claims.html", "claims.md"}
    assert "gizmo.sizes" in (folder / "claims.md").read_text()


def test_another_stack_shows_what_it_outdates_and_what_it_mends(against: Answer) -> None:
    changed = {each["id"]: (each["from"], each["to"]) for each in against.report["changed"]}
    assert changed == {
        "gizmo.sizes": ("wrong", "holds"),
        "gizmo.kind": ("holds", "outdated"),
        "gadget.here": ("holds", "unchecked"),
    }
    assert entry(against, "gadget.here")["reason"] == "gadget is not in this stack"
    assert against.code == 1, "a claim that held no longer does"
    assert "Other than under reference (3)" in against.out


def test_the_ledger_again_runs_no_process(alone: Answer, against: Answer, world: Miniature) -> None:
    before = world.starts()
    again = world.run("claims", "--stack", "next")
    assert world.starts() == before
    assert again.report == against.report


def test_only_the_claims_selected_are_checked(world: Miniature) -> None:
    assert verdicts(world.run("claims", "--select", "gizmo.s*")) == {"gizmo.sizes": "wrong"}


def test_a_run_record_is_judged_without_running(world: Miniature, alone: Answer) -> None:
    before = world.starts()
    for record in world.cache.glob("cells/*/record.jsonl"):
        if "test_turn" in record.read_text():
            judged = world.run("claims", "--record", str(record), "--select", "gizmo")
            assert verdicts(judged)["gizmo.old-name"] == "outdated"
            assert judged.code == 0
            assert world.starts() == before
            return
    raise AssertionError("no record was kept")


def test_a_gate_tells_which_claims_one_side_keeps(world: Miniature) -> None:
    gate = world.gate("--candidate", "next", "--select", "gizmos/test_gizmo.py::test_kind")
    assert gate.report["claims"] == [
        {
            "id": "gizmo.kind",
            "from": "holds",
            "to": "outdated",
            "documented": "round",
            "baseline": None,
            "candidate": None,
            "reason": gate.behaviour("test_kind")["reason"],
        }
    ]
    assert "gizmo.kind" in gate.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--select", "gizmo.nothing"), "no claim matches"),
        (("--record", "nowhere.jsonl"), "cannot be read"),
        (("--record", "x", "--stack", "next"), "--stack would be passed over"),
        (("--record", "x", "--precision", "nf4"), "--precision would be passed over"),
        (("--select", "gizmo,gadgets"), "no claim matches 'gadgets'"),
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
