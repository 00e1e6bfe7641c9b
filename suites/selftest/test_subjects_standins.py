"""Stand-ins: laid out as a hub cache, the same bytes every time, found under their names."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.subjects.standins import COMMIT, STAND_INS, lay_out, snapshot
from harness.vocabulary.errors import UsageError

LOAD = """
import json, sys
from huggingface_hub import hf_hub_download
from transformers import AutoModelForSequenceClassification, AutoTokenizer
name = "distilbert-base-uncased-finetuned-sst-2-english"
tokenizer = AutoTokenizer.from_pretrained(name)
model = AutoModelForSequenceClassification.from_pretrained(name)
ids = tokenizer("This library is well designed.", return_tensors="pt")["input_ids"]
shape = list(model(ids).logits.shape)
pinned = hf_hub_download(f"distilbert/{name}", "config.json", revision="714eb0f")
print(json.dumps([shape, model.config.id2label[1],
                  tokenizer.decode(ids[0], skip_special_tokens=True), pinned]))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("transformers")
    place = tmp_path_factory.mktemp("hub")
    lay_out(place)
    return place


def test_every_stand_in_has_a_snapshot_that_main_names(place: Path) -> None:
    for repository in STAND_INS:
        folder = snapshot(place, repository)
        assert any(folder.iterdir())
        assert (folder.parents[1] / "refs" / "main").read_text() == COMMIT


def test_models_are_safetensors_and_nothing_is_pickled(place: Path) -> None:
    files = {path.name for path in place.rglob("*") if path.is_file()}
    assert "model.safetensors" in files
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in files)


def test_all_of_them_take_less_than_40_mb(place: Path) -> None:
    assert sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) < 40e6


def test_the_same_bytes_are_laid_out_every_time(place: Path, tmp_path: Path) -> None:
    names = ["t5-small", "mistralai/Mistral-7B-Instruct-v0.3", "jbloom/GPT2-Small-SAEs-Reformatted"]
    lay_out(tmp_path, names)
    for name in names:
        assert digests(snapshot(tmp_path, name)) == digests(snapshot(place, name))


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_gpt2_has_the_architectures_counts_and_the_field_that_transformer_lens_reads(
    place: Path,
) -> None:
    config = json.loads((snapshot(place, "gpt2") / "config.json").read_text())
    sizes = [config[key] for key in ("n_layer", "n_head", "n_positions", "n_ctx", "vocab_size")]
    assert sizes == [12, 12, 1024, 1024, 50257]


def test_a_library_loads_a_stand_in_by_name_offline(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**os.environ, **lay_out(place, [])},
        capture_output=True,
        text=True,
        check=True,
    )
    shape, label, text, pinned = json.loads(done.stdout)
    assert shape == [1, 2]
    assert label == "POSITIVE"
    assert text == "this library is well designed."
    assert Path(pinned).is_relative_to(place)


def test_a_repository_that_the_hub_lacks_has_no_stand_in() -> None:
    assert "Qwen/Qwen3-7B" not in STAND_INS


def test_an_unknown_repository_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no stand-in for 'gpt-5'") as refused:
        lay_out(tmp_path, ["gpt-5"])
    assert "t5-small" in refused.value.allowed
