"""Both sides in processes of their own, under the python of these tests."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

import harness
from harness.blame.looks import Changed, Known
from harness.gate.world import Places
from harness.running.locating import Looker, locating_environment
from harness.running.locating_groups import locate_groups
from harness.running.processes import LocalProcesses
from harness.vocabulary.blame import Blamed, BlameReport, Change, Standing
from harness.vocabulary.cells import Cell
from harness.vocabulary.located import Look
from harness.vocabulary.places import cache_dir, home
from harness.vocabulary.verdicts import Verdict

pytest.importorskip("tokenizers")
pytest.importorskip("transformers")
HERE = Path(sys.executable)
ARCHITECTURES = home() / "fixtures" / "architectures"


class Telling(LocalProcesses):
    """Processes of this machine that tell what they were asked to run."""

    def __init__(self):
        super().__init__()
        self.commands = []

    def run(self, command, **more):
        self.commands.append(command)
        return super().run(command, **more)


@pytest.fixture
def processes():
    return Telling()


@pytest.fixture
def looker(processes):
    places = Places(home(), cache_dir(), Path(harness.__file__).parent)
    return Looker(HERE, HERE, processes, locating_environment(places, os.environ), 300)


def test_a_model_under_one_stack_twice_parts_nowhere_on_the_ids_of_the_baseline(looker, processes):
    """What the candidate's tokenizer makes of the prompt must not pass for another model."""
    found = looker.subject(Look(f"gemma2={ARCHITECTURES / 'gemma2'}", threads=(1, 2)))
    assert (found.lacking, found.found) == ((), False)
    assert (found.model.origin, found.model.first_bit, found.model.lacking) == (None, None, "")
    assert [each.name for each in found.model.growth] == ["model.layers.0", "model.layers.1", ""]
    before, after = processes.commands
    ids = f"--ids={','.join(map(str, found.model.baseline.ids))}"
    assert (len(found.model.baseline.ids), ids in before, ids in after) == (24, False, True)


def test_a_behaviour_of_a_tiny_architecture_is_located_in_that_one(looker):
    name = "architectures/test_tiny_numbers.py::test_logits[llama]"
    known = Known({}, drawn={"llama": str(ARCHITECTURES / "llama")})
    found = looker.change(Changed(name, Cell("transformers")), known)
    assert (found.behaviour, found.cell) == (name, "transformers")
    assert found.model.baseline.type == "LlamaForCausalLM"


def test_what_cannot_be_loaded_is_told_and_why(looker, tmp_path):
    (tmp_path / "empty").mkdir()
    look = Look(f"x={tmp_path / 'empty'}", ("tokenizer",), text="-tea")
    (told,) = looker.subject(look).lacking
    assert "empty could not be looked into" in told
    assert f"the baseline, {HERE}" in told
    assert "--text=-tea" in told


def test_that_the_model_itself_raises_is_all_that_is_said_of_it(looker):
    look = Look(f"llama={ARCHITECTURES / 'llama'}", ids=(5, 9999))
    assert looker.subject(look).lacking == (
        "the model of llama (LlamaForCausalLM) itself raises under the baseline: "
        "IndexError: index out of range in self",
    )


def test_a_group_is_located_by_the_change_that_can_be_looked_into_and_others_are_not(looker):
    known = Known({}, drawn={"llama": str(ARCHITECTURES / "llama")})
    keys = [
        ("tokenizers/test_x.py::test_y", "transformers"),
        ("architectures/test_tiny_numbers.py::test_logits[llama]", "transformers"),
    ]
    changes = {key: Change(*key, Verdict.DRIFTED, None, None) for key in keys}
    both, own, flaky = (
        Blamed(standing, frozenset({"transformers"}), frozenset(), (), tuple(of))
        for standing, of in (
            (Standing.NAMED, keys),
            (Standing.NAMED, keys[:1]),
            (Standing.FLAKY, keys),
        )
    )
    asked = []

    def looker_of(blamed):
        asked.append(blamed)
        return looker

    (found,) = locate_groups(BlameReport((both, own, flaky), changes), known, looker_of)
    assert (found.behaviour, found.looked) == (keys[1][0], ("model",))
    assert asked == [both]
    assert locate_groups(BlameReport((both,), changes), known, lambda _: None) == ()


NAMES = ("llama", "gpt2", "bert")
EVERY = [
    (f"architectures/test_tiny_numbers.py::test_logits[{name}]", "transformers") for name in NAMES
]
ALL_KNOWN = Known({}, drawn={name: str(ARCHITECTURES / name) for name in NAMES})


def groups_of(keys):
    """A group of its own for each change."""
    changes = {key: Change(*key, Verdict.DRIFTED, None, None) for key in keys}
    packages = frozenset({"transformers"})
    groups = (Blamed(Standing.NAMED, packages, frozenset(), (), (key,)) for key in keys)
    return BlameReport(tuple(groups), changes)


def test_groups_looked_into_at_a_time_are_told_in_their_order(looker):
    met = threading.Barrier(2, timeout=60)

    @dataclass(frozen=True)
    class Meeting(Looker):
        def change(self, changed, known):
            met.wait()
            return super().change(changed, known)

    meeting = Meeting(**vars(looker))
    found = locate_groups(groups_of(EVERY[:2]), ALL_KNOWN, lambda _: meeting, 2)
    assert [each.behaviour for each in found] == [name for name, _ in EVERY[:2]]
    assert [each.model.baseline.type for each in found] == ["LlamaForCausalLM", "GPT2LMHeadModel"]


def test_a_look_that_breaks_ends_no_other(looker):
    @dataclass(frozen=True)
    class Full(Looker):
        def change(self, changed, known):
            if "gpt2" in changed.behaviour:
                raise OSError("no space left on the disk")
            return super().change(changed, known)

    lookers = Full(**vars(looker))
    found = locate_groups(groups_of(EVERY), ALL_KNOWN, lambda _: lookers, 1)
    assert [each.lacking for each in found] == [(), ("no space left on the disk",), ()]
    assert [bool(each.model) for each in found] == [True, False, True]
