"""Which probes are made together, where many searches share a world."""

from __future__ import annotations

from blame_world import Simulated

from harness.blame.asking import Wants, choose
from harness.blame.evidence import Evidence
from harness.vocabulary.blame import Key

FIRST: Key = ("suite/test_it.py::test_one", "float32")
SECOND: Key = ("suite/test_it.py::test_two", "nf4")


def chosen(wants: dict[Key, Wants[str]]) -> list[tuple[str, tuple[Key, ...]]]:
    world: Simulated[str] = Simulated({}, at_once=2)
    evidence: dict[Key, Evidence[str]] = {change: Evidence() for change in wants}
    return [(each.where, each.asked) for each in choose(wants, evidence, world)]


def test_what_may_be_needless_is_not_probed_while_a_probe_of_two_cells_keeps_both_busy() -> None:
    wants = Wants({"likely": 1.0, "aside": 0.3}, 5)
    assert chosen({FIRST: wants, SECOND: wants}) == [("likely", (FIRST, SECOND))]


def test_what_may_be_needless_is_probed_where_the_world_would_idle() -> None:
    wants = Wants({"likely": 1.0, "aside": 0.3}, 5)
    assert chosen({FIRST: wants}) == [("likely", (FIRST,)), ("aside", (FIRST,))]


def test_a_change_is_not_taken_along_to_what_is_least_likely_for_it() -> None:
    own = Wants({"transformers": 1.0}, 5)
    aside = Wants({"bitsandbytes": 1.0, "transformers": 0.2}, 5)
    assert chosen({FIRST: own, SECOND: aside}) == [
        ("transformers", (FIRST,)),
        ("bitsandbytes", (SECOND,)),
    ]


def test_repeats_are_never_needless() -> None:
    here, there = (Wants({where: 0.001}, 1, repeats=True) for where in ("here", "there"))
    assert sorted(chosen({FIRST: here, SECOND: there})) == [
        ("here", (FIRST,)),
        ("there", (SECOND,)),
    ]
    both = Wants({"here": 0.001, "there": 0.004}, 5, repeats=True)
    assert [where for where, _ in chosen({FIRST: both, SECOND: both})] == ["there", "there"]
