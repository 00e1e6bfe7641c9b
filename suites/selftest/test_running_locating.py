"""Both sides in processes of their own, under the python of these tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import harness
from harness.running.conditions import cell_environment
from harness.running.inside import inside_folder
from harness.running.locating import Look, Looker
from harness.running.processes import LocalProcesses
from harness.vocabulary.errors import NoEvidence
from harness.vocabulary.places import cache_dir, home

pytest.importorskip("tokenizers")
pytest.importorskip("transformers")
HERE = Path(sys.executable)


@pytest.fixture
def looker(tmp_path):
    inside = inside_folder(tmp_path, Path(harness.__file__).parent)
    environment = cell_environment(
        os.environ, home=home(), cache=cache_dir(), inside=inside, threads=1
    )
    return Looker(LocalProcesses(), environment, timeout=300)


def test_a_model_under_one_stack_twice_parts_nowhere(looker):
    folder = home() / "fixtures" / "architectures" / "gemma2"
    found = looker.model(HERE, HERE, Look(f"gemma2={folder}", threads=(1, 2)))
    assert (found.origin, found.first_bit, found.lacking) == (None, None, "")
    assert [each.name for each in found.growth] == ["model.layers.0", "model.layers.1", ""]


def test_a_model_that_cannot_be_loaded_is_no_evidence_and_says_why(looker, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoEvidence, match="of x=.*empty could not be looked into") as raised:
        looker.tokenizer(HERE, HERE, Look(f"x={tmp_path / 'empty'}", text="-tea"))
    assert raised.value.where == str(HERE)
    assert "--text=-tea" in raised.value.next
