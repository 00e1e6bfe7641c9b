"""Tasks as a worker opens them, on a tiny model in this process."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest

from harness.speed.loading import Kept
from harness.speed.serving import answer, opening
from harness.speed.task import Asked, Measure, Opened, open_task
from harness.speed.timing import turn
from harness.subjects.checkpoints import write_llama
from harness.vocabulary.costs import Arm, Quantity
from harness.vocabulary.errors import UsageError
from harness.vocabulary.turns import Answer, Missing, Once, Ready, Turn, Turned, Warm

WEIGHTS = 4 * (2 * (3 * 16 * 24 + 2 * 16 * 16 + 2 * 16 * 8 + 2 * 16) + 16)
"""Bytes of the tiny Llama's layers and last norm in float32, its two tables left out."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tiny")
    write_llama(folder, dtype="float32", max_position_embeddings=64)
    return f"tiny={folder}"


def opened(task: str, subject: str, *, limits: bool = False, plant: str = "") -> Opened:
    return open_task(Asked(task, Arm("tiny", "installed", subject, plant=plant), 1, limits))


def test_a_load_is_measured_first_cold_and_again_and_again(tiny: str) -> None:
    found = opened("load", tiny, limits=True)
    measured = {each.quantity.name for each in found.once}
    missed = {each.quantity.partition("/")[2] for each in found.missed}
    assert "first" in measured
    # Not every file system lets a file be dropped: then that is said.
    assert measured | missed == {"first", "cold"}
    assert not measured & missed
    (again,) = found.measures
    assert again.quantity == Quantity("load/seconds", "s", least=0.005)
    assert again.stretch == 1
    (limit,) = found.limits
    folder = Path(tiny.partition("=")[2])
    size = (folder / "model.safetensors").stat().st_size
    assert {each.quantity: each.seconds for each in found.bounds} == {
        "load/first": size / limit.rate,
        "load/seconds": size / limit.rate,
    }


def test_a_load_is_over_before_its_model_goes() -> None:
    """The model is there when the clock stops, and gone before the next load begins."""
    alive: list[weakref.ref[Any]] = []
    seen: list[int] = []

    class Model:
        pass

    def load() -> Model:
        seen.append(sum(each() is not None for each in alive))
        model = Model()
        alive.append(weakref.ref(model))
        return model

    def settle() -> None:
        """Called before a load, and after it while the clock still runs."""
        seen.append(sum(each() is not None for each in alive))

    kept = Kept(load)
    measure = Measure(Quantity("load/seconds", "s"), kept.load, kept.drop, 1, settle)
    turn(measure, 0.0)
    turn(measure, 0.0)
    assert seen == [0, 0, 1] * 2


def test_limits_are_measured_only_if_they_are_asked_for(tiny: str) -> None:
    assert opened("load", tiny).limits == ()
    assert opened("model", tiny).bounds == ()


def test_memory_is_told_by_phase(tiny: str) -> None:
    found = {each.quantity.name: each for each in opened("memory", tiny).once}
    assert list(found) == [
        *("peak.import", "peak.load", "resident.load", "footprint"),
        *("peak.prefill", "peak.decode", "remains"),
    ]
    assert {each.quantity.unit for each in found.values()} == {"bytes"}
    assert not any(each.quantity.repeats for each in found.values())
    tables = 2 * 4 * 16 * (256 + 1)
    assert found["footprint"].value == pytest.approx(WEIGHTS + tables, rel=0.02)


def test_an_unknown_plant_is_refused_by_the_task(tiny: str) -> None:
    with pytest.raises(UsageError, match="no slowdown that can be planted"):
        opened("load", tiny, plant="load=2")


def test_a_call_that_raises_is_missed_and_the_worker_stays_usable() -> None:
    failing = iter([RuntimeError("no kernel\nat line 3")])

    def call() -> None:
        for error in failing:
            raise error

    measures = {"t/q": Measure(Quantity("t/q", "s"), call)}
    assert answer(measures, Warm("t/q")) == Missing("t/q", "RuntimeError: no kernel")
    assert isinstance(answer(measures, Turn("t/q", 0.0)), Turned)


def test_what_was_measured_while_opening_is_told_before_it_is_ready(tiny: str) -> None:
    told: list[Answer] = []
    asked = Asked("load", Arm("tiny", "installed", tiny), 1)
    assert [each.quantity.id for each in opening(asked, told.append)] == ["load/seconds"]
    assert isinstance(told[0], Once)
    assert told[0].quantity == "load/first"
    ready = told[-1]
    assert isinstance(ready, Ready)
    assert [each.repeats for each in ready.quantities][-1]
    assert ready.machine["threads"] == "1"


def test_the_part_after_the_dot_is_what_a_task_is_about() -> None:
    asked = Asked("tokenizers.tiktoken", Arm("a", "installed"), 1)
    assert asked.of == "tiktoken"
    assert asked.quantity("encode.long") == "tokenizers.tiktoken/encode.long"
