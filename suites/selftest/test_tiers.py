"""Tiers: what each takes, that each holds the one before, and where it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import Miniature, modules
from plugin_world import PluginWorld
from report_world import all_same
from wheels import make_wheel

from harness.vocabulary.errors import UsageError
from harness.vocabulary.records import Outcome, outcome_line, parse
from harness.vocabulary.tiers import TIERS, check_tier, in_cell, within

SUITE = """
    from harness.plugin import tier

    @tier("quick")
    def test_first(): pass
    def test_usual(): pass
    @tier("broad")
    def test_slow(): pass
    @pytest.mark.parametrize("n", [pytest.param(1, marks=tier("quick")), 2])
    @tier("broad")
    def test_each(n): pass
"""
QUICK = {"test_first", "test_each[1]"}
DEFAULT = QUICK | {"test_usual"}
BROAD = DEFAULT | {"test_slow", "test_each[2]"}


@pytest.fixture
def world(tmp_path: Path) -> PluginWorld:
    return PluginWorld.make(tmp_path)


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ((), DEFAULT),
        (("--tier=quick",), QUICK),
        (("--tier=default",), DEFAULT),
        (("--tier=broad",), BROAD),
    ],
)
def test_a_tier_takes_all_of_the_one_before_and_a_parameters_mark_wins(
    world: PluginWorld, options: tuple[str, ...], taken: set[str]
) -> None:
    world.behaviours(SUITE)
    ran = world.run(*options)
    assert {o.behaviour.partition("::")[2] for o in ran.record.outcomes} == taken


def test_tiers_are_ordered_by_containment() -> None:
    assert [[within(tier, asked) for tier in TIERS] for asked in TIERS] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_what_a_tier_leaves_out_is_counted_with_the_option_that_runs_it(
    world: PluginWorld,
) -> None:
    world.behaviours(SUITE)
    assert "left out: 2 x of the broad tier (--tier broad)" in world.run().output
    quick = world.run("--tier=quick").output
    assert "left out: 1 x of the default tier (--tier default)" in quick
    assert "left out: 2 x of the broad tier (--tier broad)" in quick


def test_an_outcome_carries_its_tier_and_a_command_that_runs_it(world: PluginWorld) -> None:
    world.behaviours(SUITE)
    ran = world.run("--tier=broad")
    assert ran.outcome("test_first").tier == "quick"
    assert ran.outcome("test_usual").tier == "default"
    assert ran.outcome("test_slow").tier == "broad"
    assert ran.outcome("test_slow").reproduce == (
        "pytest 'suites/test_suite.py::test_slow' --tier broad"
    )
    assert "--tier" not in ran.outcome("test_usual").reproduce


def test_a_record_without_tiers_is_of_the_default_one() -> None:
    header = '{"type":"header","versions":{},"hardware":{},"kernels":{},"subjects":{},"format":1}\n'
    fields = json.loads(outcome_line(Outcome("a.py::test_a", "python", "held")))
    del fields["tier"]
    (outcome,) = parse(header + json.dumps(fields) + "\n", "old").outcomes
    assert outcome.tier == "default"


@pytest.mark.parametrize("marked", ['tier("fast")', 'pytest.mark.tier("fast")'])
def test_a_wrong_word_names_the_tiers(world: PluginWorld, marked: str) -> None:
    world.behaviours(
        f"""
        from harness.plugin import tier

        @{marked}
        def test_one(): pass
        """
    )
    ran = world.run()
    assert ran.code in (2, 4)
    assert "unknown tier 'fast'" in ran.output
    assert "quick, default, broad" in ran.output
    assert "INTERNALERROR" not in ran.output


def test_no_other_word_is_a_tier() -> None:
    with pytest.raises(UsageError, match="unknown tier 'slow'"):
        check_tier("slow", "--tier")


GATED = """
from harness.plugin import requires, tier

pytestmark = requires("tiergizmo")

@tier("quick")
def test_first(): pass
def test_usual(): pass
@tier("broad")
def test_slow(): pass
"""


@pytest.fixture(scope="module")
def gated(make_miniature: Callable[[], Miniature]) -> Miniature:
    made = make_miniature()
    for version in ("1.0", "2.0"):
        make_wheel(made.wheelhouse, "tiergizmo", version, modules=modules("tiergizmo", ""))
    made.suite("theme/test_tiers.py", GATED)
    made.stack("reference", "tiergizmo==1.0")
    return made


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        (("--tier", "quick"), {"test_first"}),
        ((), {"test_first", "test_usual"}),
        (("--tier", "broad"), {"test_first", "test_usual", "test_slow"}),
    ],
)
def test_a_gate_takes_default_unless_told_and_says_which(
    gated: Miniature, options: tuple[str, ...], taken: set[str]
) -> None:
    answer = gated.gate("--candidate", "tiergizmo==2.0", *options)
    tier = options[1] if options else "default"
    assert set(answer.verdicts()) == taken
    assert answer.report["tier"] == tier
    assert f"→ candidate tiergizmo==2.0, tier {tier}" in answer.out


def test_a_select_in_another_tier_only_is_refused_with_that_tier(gated: Miniature) -> None:
    answer = gated.gate("--candidate", "tiergizmo==2.0", "--select", "*::test_slow")
    assert answer.code == 2
    assert "--tier broad (the default tier was asked for)" in answer.err


def test_records_of_any_tier_are_compared_without_one() -> None:
    assert all_same(1).tier is None


def test_the_quick_tier_loads_one_plain_and_one_quantised_precision_unless_told() -> None:
    assert in_cell("quick", None) == "quick"
    assert in_cell("quick", "float32") == "quick"
    assert in_cell("quick", "nf4") == "quick"
    assert in_cell("quick", "int8") == "default"
    assert in_cell("broad", "int8") == "broad"
