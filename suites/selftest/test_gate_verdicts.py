"""One gate on a miniature world, in which every verdict occurs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

OLD = """
import os, signal
IDS = [1, 2, 3]
LOGIT = 1.0
TRUTH, LIE = True, False
PEAK, SAVED = 100 * 2**20, 400 * 2**20
def removed(): return 1
def restored(): raise RuntimeError("not yet")
def crash(): return 1
"""
NEW = """
import os, signal
IDS = [1, 2, 4]
LOGIT = 1.5
TRUTH, LIE = False, True
PEAK, SAVED = 400 * 2**20, 100 * 2**20
def restored(): return 1
def crash(): os.kill(os.getpid(), signal.SIGSEGV)
"""
SUITE = """
import os, uuid
import pytest
from harness.plugin import documents, requires

pytestmark = requires("gizmo")

def test_same(observe):
    import gizmo
    observe.exact("length", len(gizmo.IDS))
def test_drifted(observe):
    import gizmo
    observe.numeric("logit", gizmo.LOGIT)
@documents("gizmo.ids")
def test_changed(observe):
    import gizmo
    observe.exact("ids", gizmo.IDS)
def test_crashed():
    import gizmo
    gizmo.crash()
def test_regressed():
    import gizmo
    assert gizmo.TRUTH
def test_broken():
    import gizmo
    gizmo.removed()
def test_fixed():
    import gizmo
    assert gizmo.LIE
def test_restored():
    import gizmo
    gizmo.restored()
def test_failing():
    assert False, "never did"
def test_heavier(observe):
    import gizmo
    observe.cost("peak", gizmo.PEAK, "bytes")
def test_lighter(observe):
    import gizmo
    observe.cost("peak", gizmo.SAVED, "bytes")
def test_flaky(observe):
    observe.exact("id", uuid.uuid4().hex)
@requires("gadget")
def test_gone(): pass
@requires("novelty")
def test_new(): pass
@requires("brittle")
def test_unimportable(): pass
def test_skipped(): pytest.skip("has no chat template")
@requires("nowhere")
def test_absent(): pass
"""
EXPECTED = {
    "test_same": "same",
    "test_drifted": "drifted",
    "test_changed": "changed",
    "test_crashed": "broken",
    "test_regressed": "regressed",
    "test_broken": "broken",
    "test_fixed": "fixed",
    "test_restored": "fixed",
    "test_failing": "failing",
    "test_heavier": "heavier",
    "test_lighter": "lighter",
    "test_flaky": "flaky",
    "test_gone": "gone",
    "test_new": "new",
    "test_unimportable": "broken",
}


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    wheels = mini.wheelhouse
    make_wheel(wheels, "gizmo", "1.0", modules=modules("gizmo", OLD))
    make_wheel(wheels, "gizmo", "2.0", modules=modules("gizmo", NEW))
    make_wheel(wheels, "gadget", "1.0")
    make_wheel(wheels, "novelty", "1.0")
    make_wheel(wheels, "brittle", "1.0")
    broken = "raise ImportError('needs numpy 1\\nand more')\n"
    make_wheel(wheels, "brittle", "2.0", modules=modules("brittle", broken))
    mini.stack("reference", "gizmo==1.0", "gadget==1.0", "brittle==1.0")
    mini.stack("next", "gizmo==2.0", "novelty==1.0", "brittle==2.0")
    mini.suite("gizmos/test_gizmo.py", SUITE)
    mini.count_starts()
    return mini


@pytest.fixture(scope="module")
def answer(world: Miniature) -> Answer:
    return world.gate("--candidate", "next", "--report", str(world.home / "report"))


def test_every_behaviour_has_the_verdict_it_was_made_for(answer: Answer) -> None:
    assert answer.verdicts() == EXPECTED, answer.out + answer.err


def test_changes_exit_1(answer: Answer) -> None:
    assert answer.code == answer.report["exit_code"] == 1


def test_a_crash_costs_its_own_behaviour_only(answer: Answer) -> None:
    assert answer.behaviour("test_crashed")["reason"] == "the process died with SIGSEGV"
    assert answer.verdicts()["test_regressed"] == "regressed"


def test_gone_names_the_package_and_its_stack(answer: Answer) -> None:
    assert answer.behaviour("test_gone")["reason"] == "gadget is not in the candidate stack"


def test_skips_are_counted_with_their_reasons(answer: Answer) -> None:
    skipped = {entry["reason"]: entry["count"] for entry in answer.report["skipped"]}
    assert skipped["has no chat template"] == 1
    assert skipped["nowhere is not in this stack"] == 1


def test_a_package_that_does_not_import_is_named_with_its_first_line(answer: Answer) -> None:
    packages = {entry["package"]: entry for entry in answer.report["packages"]}
    assert packages["brittle"]["verdict"] == "unimportable"
    assert packages["brittle"]["reason"] == "ImportError: needs numpy 1"
    assert packages["gizmo"]["verdict"] == "same"


def test_a_change_names_its_claims_and_the_command_that_shows_it_again(
    answer: Answer, world: Miniature
) -> None:
    changed = answer.behaviour("test_changed")
    assert changed["claim_ids"] == ["gizmo.ids"]
    words = changed["reproduce"].split()
    assert words[:2] == ["harness", "gate"]
    again = world.gate(*words[2:])
    assert again.verdicts() == {"test_changed": "changed"}


def test_every_report_is_written(answer: Answer, world: Miniature) -> None:
    written = {path.name for path in (world.home / "report").iterdir()}
    assert written == {"gate.json", "gate.html", "gate.md", "gate.xml"}


def test_the_same_gate_again_runs_no_process_and_reports_the_same(
    answer: Answer, world: Miniature
) -> None:
    before = world.starts()
    again = world.gate("--candidate", "next")
    assert world.starts() == before > 0
    assert again.report | {"seconds": 0} == answer.report | {"seconds": 0}


def test_fail_on_chooses_what_fails(answer: Answer, world: Miniature) -> None:
    select = ("--candidate", "next", "--select", "gizmos/test_gizmo.py::test_drifted")
    assert world.gate(*select).code == 0
    assert world.gate(*select, "--fail-on", "drifted,flaky").code == 1


def test_a_stack_against_itself_runs_both_sides_and_finds_nothing(world: Miniature) -> None:
    quiet = ("test_same", "test_drifted", "test_changed", "test_heavier")
    before = world.starts()
    answer = world.gate(
        "--candidate", "reference", *(f"--select=gizmos/test_gizmo.py::{name}" for name in quiet)
    )
    assert answer.code == 0, answer.out + answer.err
    assert set(answer.verdicts().values()) == {"same"}
    assert world.starts() - before == 2
