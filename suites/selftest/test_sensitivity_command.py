"""`harness sensitivity` on a miniature library: four faults, real environments and processes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from miniature import ROOT, Answer, Miniature
from wheels import make_wheel

LIBRARY = "def ids(): return [1, 2, 3]\ndef size(): return 7\ndef spare(): return 0\n"
FAULTS = """
import os, signal
from functools import partial
from harness.faults.fault import fault

_fault = partial(fault, library="nnsight", why="somebody would care", sees=("minor",))


@_fault("nnsight.other-ids", kind="tokens")
def other_ids(patch):
    patch.wrap(patch.module("nnsight"), "ids", lambda original: lambda: [1, 2, 4])


@_fault("nnsight.dies", kind="memory")
def dies(patch):
    def deadly(original):
        return lambda: os.kill(os.getpid(), signal.SIGSEGV)
    patch.wrap(patch.module("nnsight"), "size", deadly)


@_fault("nnsight.unseen", kind="files")
def unseen(patch):
    patch.wrap(patch.module("nnsight"), "spare", lambda original: lambda: 1)


@_fault("nnsight.placeless", kind="api")
def placeless(patch):
    patch.replace(patch.module("nnsight"), "removed", None)
"""
SUITE = """
import uuid
from harness.plugin import requires, tier

pytestmark = requires("nnsight")

@tier("quick")
def test_ids(observe):
    import nnsight
    observe.exact("ids", nnsight.ids())
def test_size():
    import nnsight
    assert nnsight.size() == 7
def test_wavers(observe):
    observe.exact("new each time", uuid.uuid4().hex)
"""


@dataclass(frozen=True)
class World:
    """A miniature with a copy of the harness whose only faults are those above."""

    miniature: Miniature

    def try_faults(self, *arguments: str) -> Answer:
        return self.miniature.run("sensitivity", "--stack", "mini", *arguments)

    def fault(self, answer: Answer, name: str) -> dict[str, object]:
        (found,) = [e for e in answer.report["faults"] if e["id"] == f"nnsight.{name}"]
        return dict(found)


class WithOwnFaults(Miniature):
    package: Path

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "PYTHONPATH": str(self.package)}


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> World:
    miniature = make_miniature()
    make_wheel(miniature.wheelhouse, "nnsight", "0.0.417", modules={"nnsight/__init__.py": LIBRARY})
    miniature.__class__ = WithOwnFaults
    assert isinstance(miniature, WithOwnFaults)
    miniature.package = miniature.home.parent / "package"
    left_out = shutil.ignore_patterns("of_*.py", "__pycache__")
    shutil.copytree(ROOT / "harness", miniature.package / "harness", ignore=left_out)
    (miniature.package / "harness" / "faults" / "of_nnsight.py").write_text(FAULTS)
    miniature.stack("mini", "nnsight==0.0.417")
    miniature.suite("minor/test_nnsight.py", SUITE)
    return World(miniature)


@pytest.fixture(scope="module")
def answer(world: World) -> Answer:
    return world.try_faults()


def test_a_change_is_noticed_and_by_whom_is_told(world: World, answer: Answer) -> None:
    found = world.fault(answer, "other-ids")
    assert found["found"] is True
    assert found["by"] == [
        {
            "behaviour": "minor/test_nnsight.py::test_ids",
            "cell": "nnsight",
            "verdict": "changed",
            "tier": "quick",
            "detail": "ids: first difference at 2: 3 -> 4",
        }
    ]
    assert found["tiers"] == {"quick": True, "default": True, "broad": True}


def test_a_process_that_dies_is_noticed_by_the_behaviour_it_died_in(
    world: World, answer: Answer
) -> None:
    found = world.fault(answer, "dies")
    (notice,) = found["by"]  # type: ignore[misc]
    assert notice["behaviour"].endswith("::test_size")
    assert notice["verdict"] == "broken"
    assert "SIGSEGV" in notice["detail"]


def test_what_nobody_looks_at_survives_and_is_listed_with_its_reason(
    world: World, answer: Answer
) -> None:
    assert world.fault(answer, "unseen")["found"] is False
    assert "Survived (1)" in answer.out
    assert "somebody would care" in answer.out


def test_a_fault_without_a_place_is_unknown_and_not_counted(world: World, answer: Answer) -> None:
    found = world.fault(answer, "placeless")
    assert found["found"] is None
    assert "no attribute 'removed'" in str(found["reason"])
    assert answer.report["total"]["share"] == pytest.approx(2 / 3)


def test_a_behaviour_that_wavers_without_a_fault_judges_nothing(answer: Answer) -> None:
    (left_out,) = answer.report["left_out"]
    assert left_out["behaviour"].endswith("::test_wavers")
    assert "disagree" in left_out["reason"]


def test_the_exit_code_follows_the_bounds(world: World, answer: Answer) -> None:
    assert answer.code == 1
    assert world.try_faults("--least", "0.5", "--least-library", "0.5").code == 0
    unsure = world.try_faults("--least", "0.6", "--least-library", "0.6")
    assert unsure.code == 4, "of four faults two are noticed, and of one nothing is known"
    assert "bounds kept by what is known" in unsure.out
    assert world.try_faults("--fault", "nnsight.placeless").code == 4
    assert world.try_faults("--fault", "nnsight.other-idz").code == 2


def test_what_ran_before_does_not_run_again(world: World, answer: Answer) -> None:
    again = world.try_faults("--fault", "nnsight.other-ids,nnsight.unseen")
    assert "4 of 4 runs are kept from before" in again.err
    assert again.report["total"]["noticed"] == 1


def test_faults_are_listed_without_a_stack(world: World) -> None:
    answer = world.miniature.run("sensitivity", "--list", "--kind", "tokens,files")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "nnsight.other-ids  tokens",
        "  somebody would care",
        "nnsight.unseen  files",
        "  somebody would care",
        "2 faults in 1 library",
    ]
    assert [each["id"] for each in answer.report["faults"]] == [
        "nnsight.other-ids",
        "nnsight.unseen",
    ]


@pytest.mark.parametrize(
    ("asked", "next"),
    [
        (("--library", "nsight"), "--library nnsight"),
        (("--kind", "token"), "--kind tokens"),
        (("--kind", "zzz"), "harness sensitivity --list"),
    ],
)
def test_a_library_or_kind_that_no_fault_has_is_told_what_comes_near(
    world: World, asked: tuple[str, str], next: str
) -> None:
    answer = world.miniature.run("sensitivity", "--list", *asked)
    assert answer.code == 2
    assert f"next:    {next}" in answer.err
