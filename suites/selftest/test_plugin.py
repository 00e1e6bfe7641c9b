"""The plugin on small suites of its own: outcomes, snapshots, records, selection, summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from plugin_world import PluginWorld


@pytest.fixture
def world(tmp_path: Path) -> PluginWorld:
    return PluginWorld.make(tmp_path)


def test_each_way_to_end_has_its_status(world: PluginWorld) -> None:
    world.behaviours(
        """
        def test_holds(): pass
        def test_fails(): assert 1 == 2, "one is not two"
        def test_raises(): raise ValueError("no such thing")
        def test_skips(): pytest.skip("not here")
        @requires("no-such-package")
        def test_absent(): pass
        def test_runs_out(): raise MemoryError("out of memory")
        """
    )
    ran = world.run()
    statuses = {o.behaviour.partition("::")[2]: o.status for o in ran.record.outcomes}
    assert statuses == {
        "test_holds": "held",
        "test_fails": "failed",
        "test_raises": "raised",
        "test_skips": "skipped",
        "test_absent": "absent",
        "test_runs_out": "unknown",
    }
    assert ran.code == 1
    assert ran.outcome("test_raises").reason == "ValueError: no such thing"
    assert "absent: 1 x no-such-package is not in this stack" in ran.output
    assert "skipped: 1 x not here" in ran.output


def test_an_import_that_raises_breaks_what_requires_it_and_nothing_else(world: PluginWorld) -> None:
    site = world.root / "site"
    (site / "brokenlib").mkdir(parents=True)
    (site / "brokenlib" / "__init__.py").write_text("raise ImportError('no symbol here')")
    info = site / "brokenlib-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brokenlib\nVersion: 1.0\n")
    world.behaviours(
        """
        @requires("brokenlib")
        def test_first(): pass
        @requires("brokenlib")
        def test_second(): pass
        @requires("packaging")
        def test_other(): pass
        """
    )
    ran = world.run(PYTHONPATH=f"{site}:{Path(__file__).resolve().parents[2]}")
    assert ran.outcome("test_first").status == "raised"
    assert ran.outcome("test_second").status == "raised"
    assert ran.outcome("test_other").status == "held"
    assert ran.record.header.imports["brokenlib"] == "ImportError: no symbol here"
    assert ran.record.header.imports["packaging"] == ""


def test_until_expects_the_exception_from_that_release_on(world: PluginWorld) -> None:
    world.behaviours(
        """
        @until("packaging", "20", "it was removed")
        def test_raises(): raise AttributeError("removed")
        @until("packaging", "20", "it was removed")
        def test_still_works(): pass
        @until("packaging", "9999", "it will be removed")
        def test_not_yet(): pass
        @until("packaging", "9999", "it will be removed")
        def test_too_early(): raise AttributeError("removed")
        """
    )
    ran = world.run()
    raised = ran.outcome("test_raises")
    assert (raised.status, raised.expected) == ("raised", True)
    assert ran.outcome("test_still_works").status == "failed"
    assert ran.outcome("test_not_yet").status == "held"
    early = ran.outcome("test_too_early")
    assert (early.status, early.expected) == ("raised", False)
    assert "2 failed, 1 passed, 1 xfailed" in ran.output


SNAPSHOT_SUITE = """
    def test_value(observe):
        observe.numeric("score", {score})
        observe.exact("ids", [1, 2, 3])
"""


def test_a_missing_snapshot_fails_until_it_is_recorded(world: PluginWorld) -> None:
    world.behaviours(SNAPSHOT_SUITE.format(score=1.0))
    missing = world.run()
    assert missing.code == 1
    assert "score: no snapshot yet" in missing.output
    assert "pytest --snapshot-update" in missing.output
    assert world.run("--snapshot-update").code == 0
    assert world.run().code == 0
    assert (world.root / "snapshots" / "test_suite" / "python.ambr").exists()


def test_what_rests_on_released_weights_may_lack_a_snapshot(world: PluginWorld) -> None:
    world.behaviours(
        """
        import pytest

        @pytest.fixture
        def released():
            return "folder"

        def test_value(released, observe):
            observe.exact("label", "POSITIVE")
        """
    )
    ran = world.run()
    assert ran.code == 0
    assert "1 observations have no snapshot" in ran.output


def test_a_number_away_from_its_snapshot_says_by_how_much_and_how_to_see_it(
    world: PluginWorld,
) -> None:
    world.behaviours(SNAPSHOT_SUITE.format(score=1.0))
    world.run("--snapshot-update")
    world.behaviours(SNAPSHOT_SUITE.format(score=1.0 + 1.3e-3))
    ran = world.run()
    assert ran.code == 1
    assert "score: drifted (999 times the noise)" in ran.output
    assert "expected: 1.0 by the snapshot" in ran.output
    assert "observed: 1.0013" in ran.output
    assert "reproduce: pytest 'suites/test_suite.py::test_value'" in ran.output


def test_a_number_within_noise_leaves_the_snapshot_alone(world: PluginWorld) -> None:
    world.behaviours(SNAPSHOT_SUITE.format(score=1.0))
    world.run("--snapshot-update")
    file = world.root / "snapshots" / "test_suite" / "python.ambr"
    before = file.read_bytes()
    world.behaviours(SNAPSHOT_SUITE.format(score=1.000001))
    assert world.run().code == 0
    assert world.run("--snapshot-update").code == 0
    assert file.read_bytes() == before


def test_as_a_witness_the_snapshot_is_noted_and_fails_nothing(world: PluginWorld) -> None:
    world.behaviours(SNAPSHOT_SUITE.format(score=1.0))
    world.run("--snapshot-update")
    world.behaviours(SNAPSHOT_SUITE.format(score=2.0))
    ran = world.run("--snapshots=witness")
    assert ran.code == 0
    outcome = ran.outcome("test_value")
    assert outcome.status == "held"
    assert len(outcome.snapshot) == 1
    assert outcome.snapshot[0].startswith("score: drifted")


def test_a_damaged_snapshot_is_one_clear_error(world: PluginWorld) -> None:
    world.behaviours(SNAPSHOT_SUITE.format(score=1.0))
    world.run("--snapshot-update")
    file = world.root / "snapshots" / "test_suite" / "python.ambr"
    file.write_text(file.read_text().replace('"kind": "numeric",', '"kind": '))
    ran = world.run()
    assert ran.code == 1
    assert "the snapshot of 'score' cannot be read" in ran.output
    assert f"git checkout -- {file}" in ran.output


@pytest.mark.parametrize("ending", [".ambr", ".noise.json"])
def test_a_damaged_file_of_ours_is_no_evidence_and_shows_no_traceback(
    world: PluginWorld, ending: str
) -> None:
    world.behaviours(SNAPSHOT_SUITE.format(score=1.0))
    world.run("--snapshot-update")
    file = world.root / "snapshots" / "test_suite" / f"python{ending}"
    file.write_text('# name: test_value score\n  {"kind": \n# ---\n# serializer version: 1\n')
    ran = world.run()
    outcome = ran.outcome("test_value")
    assert (ran.code, outcome.status) == (1, "unknown")
    assert "RecordError" in outcome.reason
    assert "def " not in ran.output, "no source line of a traceback"
    (summary,) = [line for line in ran.output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert "test_value - the " in summary


def test_a_fixture_that_is_damaged_is_no_evidence(world: PluginWorld) -> None:
    world.behaviours(
        """
        def test_value():
            from harness.vocabulary.errors import FixtureError
            raise FixtureError("cut off", where="fixtures/a", next="git checkout -- fixtures/a")
        """
    )
    outcome = world.run().outcome("test_value")
    assert outcome.status == "unknown"
    assert "git checkout -- fixtures/a" in outcome.reason


def test_a_distributed_run_gives_the_same_outcomes(world: PluginWorld) -> None:
    world.behaviours(
        """
        @pytest.mark.parametrize("n", range(6))
        def test_number(n, observe):
            observe.exact("n", n)
            assert n != 4
        """
    )
    world.run("--snapshot-update")
    alone = world.run()
    outcomes = {(o.key, o.status, o.observations) for o in alone.record.outcomes}
    spread = world.run("-n", "2")
    assert {(o.key, o.status, o.observations) for o in spread.record.outcomes} == outcomes
    assert spread.record.complete
    assert "6 behaviours in 1 cells" in spread.output


def test_a_claim_that_does_not_hold_is_a_finding_that_the_snapshot_guards(
    world: PluginWorld,
) -> None:
    suite = """
        @documents("some.claim")
        def test_a(observe):
            observe.claim("some.claim", {seen}, holds={seen} == 11, steady={steady})
        """
    world.behaviours(suite.format(seen=16, steady=True))
    assert world.run("--snapshot-update").code == 0
    again = world.run()
    assert again.code == 0, "wrong, but as the snapshot has it"
    [observation] = again.outcome("test_a").observations
    assert (observation.name, observation.kind) == ("some.claim", "claim")
    assert observation.value == {"holds": False, "observed": 16, "steady": True}
    world.behaviours(suite.format(seen=17, steady=True))
    assert world.run().code == 1, "another value"
    world.behaviours(suite.format(seen=17, steady=False))
    assert world.run().code == 0, "a value that is not the same every run"
    world.behaviours(suite.format(seen=11, steady=False))
    assert world.run().code == 1, "it holds now"


def test_a_behaviour_may_only_decide_claims_that_it_documents(world: PluginWorld) -> None:
    world.behaviours("def test_a(observe): observe.claim('some.claim', 1, holds=True)")
    assert "not in the behaviour's @documents" in world.run().outcome("test_a").reason


def test_listing_cells_runs_nothing(world: PluginWorld) -> None:
    world.behaviours(
        """
        @requires("packaging")
        def test_a(): raise SystemExit("ran")
        """
    )
    plan = world.root / "plan.json"
    ran = world.run(f"--list-cells={plan}")
    assert ran.code == 0
    assert json.loads(plan.read_text()) == {
        "cells": [
            {
                "id": "packaging",
                "subject": "packaging",
                "precision": None,
                "device": None,
                "behaviours": ["test_suite.py::test_a"],
            }
        ]
    }


def test_a_killed_run_keeps_what_it_had(world: PluginWorld) -> None:
    world.behaviours(
        """
        import os, signal
        def test_a(observe): observe.exact("n", 1)
        def test_b(observe):
            observe.exact("n", 2)
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    ran = world.run("--snapshots=witness")
    assert ran.code == -9
    assert [o.behaviour for o in ran.record.outcomes] == ["test_suite.py::test_a"]
    assert ran.record.interrupted_in == ("test_suite.py::test_b", "python")
    assert not ran.record.complete


def test_only_the_behaviours_listed_run(world: PluginWorld) -> None:
    world.behaviours(
        """
        def test_a(): pass
        def test_b(): pass
        """
    )
    listed = world.root / "ids"
    listed.write_text("test_suite.py::test_b\n")
    ran = world.run(f"--behaviours-from={listed}")
    assert [o.behaviour for o in ran.record.outcomes] == ["test_suite.py::test_b"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--precision=float8", "allowed: float32, bfloat16, float16, int8, nf4, fp4"),
        ("--device=tpu", "allowed: cpu, cuda, cuda:N, mps"),
        ("--subject=nobody", "nobody"),
        ("--subject=mine=/nonexistent", "the subject's folder does not exist"),
        ("--memory-budget=lots", "allowed: e.g. 4GiB, 500MB"),
        ("--threads=0", "allowed: a number from 1"),
        ("--threads=100000", "100000 are too many threads"),
        ("--behaviours-from=nowhere", "the list of behaviours cannot be read"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_clear_error(
    world: PluginWorld, option: str, said: str
) -> None:
    world.behaviours("def test_a(observe): observe.numeric('x', 1.0)")
    ran = world.run(option)
    assert ran.code == 4
    assert said in ran.output
    assert "next: " in ran.output
    assert "Traceback" not in ran.output


def test_a_precision_that_the_device_lacks_is_refused(world: PluginWorld) -> None:
    world.behaviours("def test_a(cell): pass")
    ran = world.run("--device=mps", "--precision=nf4")
    assert ran.code == 4
    assert "nf4 needs bitsandbytes, which has no kernels for mps" in ran.output
    assert "allowed: float32, bfloat16, float16" in ran.output


def test_a_run_that_measured_nothing_is_no_success(world: PluginWorld) -> None:
    world.behaviours("def test_a(): pytest.skip('not today')")
    ran = world.run()
    assert ran.code == 5
    assert "nothing was measured" in ran.output
