"""`harness locate` on the miniature world: real stacks, and a tokenizer whose stages are known.

The miniature's sentencepiece splits at blanks and numbers a piece by its length; 2.0 lowers the
text first, 3.0 refuses to load, 4.0 never ends loading.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import Answer, Miniature, modules
from wheels import make_wheel

PROCESSOR = """
class SentencePieceProcessor:
    def Load(self, path):
        {load}

    def normalize(self, text):
        return {normal}

    def encode(self, text, out_type=int, add_bos=False, add_eos=False):
        pieces = self.normalize(text).split(" ")
        if out_type is str:
            return pieces
        return [1] * add_bos + [len(piece) for piece in pieces] + [2] * add_eos

    def decode(self, ids):
        return " ".join("x" * id for id in ids)

    def vocab_size(self):
        return 99

chosen, gap = {chosen}
"""

SUITE = """
from harness.plugin import needs, requires

@needs("tokenizer")
def test_ids(tokenizer, observe):
    observe.exact("normal", tokenizer.native.normalize("Tea Time"))

@needs("tokenizer")
def test_name(tokenizer, observe):
    observe.exact("normal", tokenizer.native.normalize("Tea"))

@requires("sentencepiece")
def test_greedy(observe):
    import sentencepiece
    observe.tokens("ids", [5, sentencepiece.chosen], [9.0, sentencepiece.gap], scale=1e4)

@requires("sentencepiece")
def test_steady(observe):
    observe.exact("one", 1)
"""
NAMES = ("ids", "greedy", "steady")
IDS, GREEDY, STEADY = (f"pieces/test_pieces.py::test_{name}" for name in NAMES)
SUBJECT = ("--subject", "words=words")


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    for name, version, load, normal, chosen in (
        ("reference", "1.0", "pass", "text", "(6, 0.001)"),
        ("lowers", "2.0", "pass", "text.lower()", "(7, 0.002)"),
        ("refuses", "3.0", 'raise RuntimeError("no such model here")', "text", "(7, 5.0)"),
        ("waits", "4.0", "import time; time.sleep(300)", "text", "(6, 0.001)"),
    ):
        source = PROCESSOR.format(load=load, normal=normal, chosen=chosen)
        make_wheel(
            mini.wheelhouse, "sentencepiece", version, modules=modules("sentencepiece", source)
        )
        mini.stack(name, f"sentencepiece=={version}")
    mini.suite("pieces/test_pieces.py", SUITE)
    (mini.home / "words").mkdir()
    (mini.home / "words" / "words.model").write_bytes(b"any")
    return mini


def locate(world: Miniature, candidate: str, *arguments: str) -> Answer:
    return world.run("locate", "--candidate", candidate, *arguments)


def test_a_behaviour_that_changed_is_located_in_the_stage_that_does(world: Miniature) -> None:
    found = locate(world, "lowers", *SUBJECT, "--behaviour", IDS, "--text", "Tea Time")
    assert found.code == 1, found.err
    assert (found.report["behaviour"], found.report["cell"]) == (IDS, "words")
    assert found.report["stage"]["stage"] == "normaliser"
    assert found.report["stage"]["later"] == ["model"]
    assert "Begins in the normaliser of the tokenizer" in found.out


def test_a_subject_is_located_without_any_behaviour(world: Miniature) -> None:
    found = locate(world, "lowers", *SUBJECT)
    assert (found.code, found.report["stage"]["text"]) == (1, "english"), found.err
    same = locate(world, "reference", *SUBJECT)
    assert (same.code, same.report["stage"]) == (0, None)


def test_of_several_changes_the_one_that_is_looked_into_is_named(world: Miniature) -> None:
    found = locate(world, "lowers", *SUBJECT, "--behaviour", "pieces/test_pieces.py")
    assert (found.code, found.report["behaviour"]) == (1, IDS), found.err
    assert f"of 2 changes one is looked into, {IDS} in words; --behaviour" in found.err


def test_ids_that_part_where_both_gaps_are_noise_are_a_tie(world: Miniature) -> None:
    """Of logits of size 1e4, noise of float32 is 0.013, and ten times that is allowed."""
    found = locate(world, "lowers", "--behaviour", GREEDY)
    assert "ids: parts at token 1: a tie that flipped" in found.out
    assert "makes its own objects" in found.out
    assert found.report["partings"][0][1]["verdict"] == "tie"


def test_ids_that_part_where_one_gap_is_wide_are_another_choice(world: Miniature) -> None:
    found = locate(world, "refuses", "--behaviour", GREEDY)
    assert (found.code, found.report["partings"][0][1]["verdict"]) == (1, "change"), found.err


def test_what_did_not_change_has_nothing_to_locate(world: Miniature) -> None:
    found = locate(world, "lowers", "--behaviour", STEADY)
    assert (found.code, found.report) == (0, {})
    assert "did not change" in found.err


def test_a_stack_that_cannot_load_it_is_no_evidence(world: Miniature) -> None:
    found = locate(world, "refuses", *SUBJECT)
    assert found.code == 4
    assert "RuntimeError: no such model here" in found.out


def test_the_command_that_shows_the_whole_error_runs_as_printed_in_any_folder(
    world: Miniature, tmp_path: Path
) -> None:
    (reason,) = locate(world, "refuses", *SUBJECT).report["lacking"]
    command = reason.partition("for the whole error: ")[2]
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr.startswith("Traceback"), done.stderr
    assert done.stderr.endswith("RuntimeError: no such model here\n")


def test_a_stack_that_cannot_be_made_ends_as_that(world: Miniature) -> None:
    found = locate(world, "sentencepiece==9.0", "--behaviour", IDS, *SUBJECT)
    assert (found.code, found.report) == (3, {})
    assert "sentencepiece" in found.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to look into"),
        ((*SUBJECT, "--cell", "words"), "--cell belongs to a behaviour"),
        ((*SUBJECT, "--precision", "nf4,fp4"), "--precision names 2"),
        (("--behaviour", STEADY, "--cell", "word"), "does not run in cell 'word'"),
        (("--behaviour", "pieces/test_pieces.py::test_idx"), "no behaviour matches"),
    ],
)
def test_what_names_nothing_to_look_into_is_refused(
    world: Miniature, arguments: tuple[str, ...], said: str
) -> None:
    found = locate(world, "lowers", *arguments)
    assert found.code == 2
    assert said in found.err


def test_an_interrupt_ends_what_looks_and_says_so(world: Miniature) -> None:
    process = world.start("locate", "--candidate", "waits", *SUBJECT)
    assert process.stderr is not None
    seen = iter(process.stderr.readline, "")
    assert any("looking into the tokenizer of words: candidate" in line for line in seen)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith(
        "interrupted; what was looked into is not kept\n"
        "to go on from here: harness locate --candidate waits --subject words=words\n"
    )
    assert "Traceback" not in err


def test_a_search_for_blame_tells_where_its_groups_begin(world: Miniature) -> None:
    """Of the group of the ids, for that of the generation has nothing to look into."""
    found = world.gate("--candidate", "lowers", "--blame", *SUBJECT)
    assert found.code == 1, found.err
    (located,) = found.report["blame"]["located"]
    assert (located["behaviour"], located["stage"]["stage"]) == (IDS, "normaliser")
    assert "Begins in the normaliser of the tokenizer" in found.out
