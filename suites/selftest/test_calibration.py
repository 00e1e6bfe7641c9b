"""Calibrating: which conditions, what counts as moved, and the command on a miniature world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from miniature import Miniature, modules
from wheels import make_wheel

from harness.calibration.conditions import Condition, so_many, usual
from harness.calibration.kept import texts
from harness.calibration.spreads import (
    Calibration,
    Run,
    calibrate,
    check_alike,
    condition_of,
    freedom,
)
from harness.gate.notes import noise_note
from harness.vocabulary.errors import UsageError
from harness.vocabulary.noise import Spread, loads
from harness.vocabulary.observations import Noise, Observation
from harness.vocabulary.records import Header, Outcome

SIX = tuple(Condition(t, level) for level in ("auto", "avx2", "default") for t in (1, 2))


def header(threads: int = 1, kernels: str = "auto", **versions: str) -> Header:
    return Header(
        versions={"torch": "2.13.0", **versions},
        hardware={"processor": "A processor", "instructions": "avx2 fma"},
        kernels={"threads": str(threads), "ATEN_CPU_CAPABILITY": kernels},
        subjects={},
    )


def runs_of(kind: str, values: list[Any], statuses: str = "hhhhhh") -> tuple[Run, ...]:
    """Six runs, in the order of SIX, in which one behaviour observed these values."""
    found = []
    for condition, value, status in zip(SIX, values, statuses, strict=True):
        outcome = Outcome(
            "theme/test_it.py::test_it",
            "mini-float32-cpu",
            "held" if status == "h" else "failed",
            observations=(Observation("it", kind, value),),  # type: ignore[arg-type]
        )
        outcomes = {outcome.key: outcome}
        found.append(Run(condition, header(condition.threads, condition.kernels), outcomes))
    return tuple(found)


def spread_of(kind: str, values: list[Any]) -> Spread:
    (number,) = calibrate(runs_of(kind, values)).numbers
    return number.spread


def test_the_usual_conditions_are_every_thread_count_at_every_level_a_batch_and_a_repeat() -> None:
    batch, repeat = Condition(1, batch=2), Condition(1, repeat=1)
    assert usual(2, {"avx2", "avx512f"}) == (*SIX, batch, repeat)
    assert len(usual(8, {"avx2"})) == 11, "1, 2 and 8 threads"
    assert {each.kernels for each in usual(2, {"asimd"})} == {"auto", "default"}


def test_further_runs_are_repeats_and_too_few_are_refused() -> None:
    every = usual(2, {"avx2"})
    assert so_many(every, 10)[8:] == (Condition(1, repeat=2), Condition(1, repeat=3))
    with pytest.raises(UsageError, match="5 runs say too little"):
        so_many(every, 5)


def test_repeats_add_no_freedom() -> None:
    assert freedom(SIX) == (3, 5)
    assert freedom((*SIX, Condition(1, repeat=1))) == (3, 5)
    assert freedom((*SIX, Condition(1, batch=2))) == (4, 6)


def test_a_record_tells_its_condition_and_which_repeat_it_is() -> None:
    first = condition_of(header(2, "avx2"), [])
    assert first == Condition(2, "avx2")
    assert condition_of(header(2, "avx2"), [Condition(1), first]) == Condition(2, "avx2", repeat=1)


def test_the_spread_within_a_level_is_told_from_that_across() -> None:
    assert spread_of("numeric", [1.0, 1.25, 3.0, 3.5, 7.0, 7.0]) == Spread(0.5, 6.0)


def test_of_a_list_the_place_that_moved_most_counts() -> None:
    steady = [[1.0, 2.0], [3.0, 4.0]]
    moved = [[1.0, 2.0], [3.0, 4.5]]
    assert spread_of("numeric", [steady] * 5 + [moved]) == Spread(0.5, 0.5)


def test_what_moved_two_logits_past_each_other_is_noise_and_what_follows_is_not() -> None:
    """Where ids part one leads by 0.25, then follows by 0.5."""
    usual_ids = {"ids": [5, 6, 7], "gaps": [4.0, 0.25, 3.0]}
    flipped = {"ids": [5, 9, 1], "gaps": [4.125, 0.5, 90.0]}
    assert spread_of("tokens", [usual_ids] * 4 + [flipped] * 2) == Spread(0.0, 0.75)


def test_equal_ids_give_the_spread_of_their_gaps() -> None:
    first = {"ids": [5, 6], "gaps": [4.0, 2.0]}
    second = {"ids": [5, 6], "gaps": [4.0, 2.25]}
    assert spread_of("tokens", [first, second] * 3) == Spread(0.25, 0.25)


def test_a_number_that_stops_being_finite_is_no_noise_but_named() -> None:
    found = calibrate(runs_of("numeric", [[1.0, 2.0]] * 5 + [[1.0, None]]))
    assert found.numbers == ()
    assert [each.detail for each in found.differing] == ["a number became or stopped being finite"]
    assert spread_of("numeric", [[1.0, None], [1.5, None]] * 3) == Spread(0.5, 0.5)


ENDLESS = {"ids": [5, 6], "gaps": [4.0, None]}


def test_a_gap_without_a_number_is_no_noise() -> None:
    assert spread_of("tokens", [ENDLESS, {"ids": [5, 6], "gaps": [4.5, None]}] * 3).across == 0.5


@pytest.mark.parametrize(
    "other",
    [
        {"ids": [5, 7], "gaps": [4.0, 1.0]},
        {"ids": [5, 6, 8], "gaps": [4.0, None, 1.0]},
    ],
    ids=["another where nothing else was to be chosen", "longer"],
)
def test_ids_that_part_by_no_tie_are_named(other: Any) -> None:
    found = calibrate(runs_of("tokens", [ENDLESS] * 5 + [other]))
    assert found.numbers == ()
    assert [each.name for each in found.differing] == ["it"]


def test_what_is_not_equal_under_every_condition_is_named_with_the_condition() -> None:
    found = calibrate(runs_of("exact", ["a", "a", "b", "a", "a", "a"]))
    assert found.numbers == ()
    (differing,) = found.differing
    assert differing.name == "it"
    assert differing.conditions == "1 thread and 1 thread, ATEN_CPU_CAPABILITY=avx2"


def test_what_did_not_hold_in_every_run_is_not_measured() -> None:
    found = calibrate(runs_of("numeric", [1.0] * 6, "hhhfhh"))
    assert found.numbers == ()
    assert found.unheld == (("theme/test_it.py::test_it", "mini-float32-cpu"),)


def test_runs_of_two_stacks_are_refused() -> None:
    runs = (Run(SIX[0], header(), {}), Run(SIX[1], header(2, torch="2.14.0"), {}))
    with pytest.raises(UsageError, match="not of one stack: torch differ"):
        check_alike(runs)


def written(found: Calibration, old: str | None = None) -> dict[str, str | None]:
    return texts(found, "2026-11-21", lambda path: old)


def test_what_is_kept_says_where_it_was_measured() -> None:
    kept = written(calibrate(runs_of("numeric", [1.0, 1.25, 3.0, 3.5, 7.0, 7.0])))
    ((path, text),) = kept.items()
    assert path == "theme/test_it/mini-float32-cpu.noise.json"
    assert text is not None
    (group,) = loads(text, path)
    assert group.spreads == {"test_it it": Spread(0.5, 6.0)}
    where = group.provenance
    assert (where.device, where.processor) == ("cpu", "A processor")
    assert (where.kernels, where.threads) == (("auto", "avx2", "default"), (1, 2))
    assert (where.runs, where.within, where.across) == (6, 3, 5)
    assert where.versions == (("torch", "2.13.0"),)
    assert where.date == "2026-11-21"
    assert written(calibrate(runs_of("numeric", [1.0] * 6)), text)[path] != text


def test_what_is_no_number_any_more_loses_its_noise_and_an_empty_file_goes() -> None:
    ((path, text),) = written(calibrate(runs_of("numeric", [1.0] * 6))).items()
    assert written(calibrate(runs_of("exact", [1] * 6)), text) == {path: None}
    assert written(calibrate(runs_of("exact", [1] * 6))) == {}


def test_what_did_not_hold_this_time_keeps_its_noise() -> None:
    (text,) = written(calibrate(runs_of("numeric", [1.0] * 6))).values()
    assert written(calibrate(runs_of("numeric", [1.0] * 6, "ffffff")), text) == {}


def test_borrowed_noise_is_one_note_with_its_source() -> None:
    noise = Noise(1.0, "borrowed from An old one: measured there in 7 runs, 2026-11-21")
    observation = Observation("x", "numeric", 1.0, noise=noise)
    outcome = Outcome("a.py::test_a", "python", "held", observations=(observation, observation))
    note = noise_note([outcome])
    assert note.startswith("the noise of 2 numbers was not measured on a machine of this class")
    assert "from An old one" in note
    assert noise_note([]) == ""


SUITE = """
import os
from harness.plugin import requires

pytestmark = requires("noisegizmo")

def test_moves(observe):
    threads = int(os.environ["OMP_NUM_THREADS"])
    level = {None: 0.0, "avx2": 2.0, "default": 4.0}[os.environ.get("ATEN_CPU_CAPABILITY")]
    observe.numeric("logit", 100.0 + level * 2**-10 + threads * 2**-16)
def test_rests_on_a_tie(observe):
    observe.numeric("still", 1.0)
    observe.exact("choice", int(os.environ.get("ATEN_CPU_CAPABILITY") == "default"))
"""


@pytest.fixture(scope="module")
def mini(make_miniature: Callable[[], Miniature]) -> Miniature:
    made = make_miniature()
    for version in ("1.0", "2.0"):
        make_wheel(made.wheelhouse, "noisegizmo", version, modules=modules("noisegizmo", ""))
    made.suite("theme/test_gizmo.py", SUITE)
    made.stack("reference", "noisegizmo==1.0")
    made.count_starts()
    return made


def test_calibrating_runs_every_condition_and_a_gate_then_compares_with_it(
    mini: Miniature,
) -> None:
    answer = mini.run("calibrate", "--update", "--parallel", "2")
    conditions = answer.report["conditions"]
    assert {(c["threads"], c["kernels"]) for c in conditions} >= {
        (threads, level) for threads in (1, 2) for level in ("auto", "default")
    }
    assert mini.starts() == len(conditions), "a process for the one cell under each condition"
    numbers = {each["observation"]: each for each in answer.report["numbers"]}
    threads = max(c["threads"] for c in conditions) - 1
    assert numbers["logit"]["within"] == pytest.approx(threads * 2**-16)
    assert numbers["logit"]["across"] == pytest.approx(4 * 2**-10 + threads * 2**-16)
    assert (numbers["still"]["within"], numbers["still"]["across"]) == (0.0, 0.0)
    assert answer.code == 1, "an exact value that is another at another level"
    assert [each["observation"] for each in answer.report["differing"]] == ["choice"]
    assert "not equal: theme/test_gizmo.py::test_rests_on_a_tie" in answer.out
    noise = mini.home / "snapshots" / "theme" / "test_gizmo" / "noisegizmo.noise.json"
    assert f"noise kept in 1 file; review what git diff says:\n  wrote {noise}\n" in answer.out
    assert f"[1/{len(conditions)}] noisegizmo: " in answer.err, "all conditions are counted"
    assert "baseline" not in answer.err

    gate = mini.gate("--candidate", "noisegizmo==2.0", "--select", "*test_moves")
    (logit,) = gate.behaviour("test_moves")["observations"]
    assert logit["noise"]["provenance"].startswith(f"measured in {len(conditions)} runs")

    before = mini.starts()
    again = mini.run("calibrate", "--parallel", "2")
    assert again.report["numbers"] == answer.report["numbers"]
    assert mini.starts() >= before + 1, "a repeat truly runs again"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--runs", "3"), "3 runs say too little of the noise"),
        (("--from", "nowhere.jsonl"), "the run record cannot be read"),
        (("--select", "nothing"), "no behaviour matches 'nothing'"),
    ],
)
def test_what_cannot_be_measured_is_one_clear_error(
    mini: Miniature, arguments: tuple[str, ...], said: str
) -> None:
    answer = mini.run("calibrate", *arguments)
    assert answer.code == 2
    assert said in answer.err
