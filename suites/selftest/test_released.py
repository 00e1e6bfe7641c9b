"""Released weights out of the hub's cache: found at their commit, checked, never fetched."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.running.conditions import released_here
from harness.subjects.released import released
from harness.vocabulary.errors import NoEvidence, SubjectError, UsageError

REVISION = "ab" * 20
CONFIG, WEIGHTS = b"{}", b"numbers"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one entry, and an empty hub cache."""
    (tmp_path / "fixtures").mkdir()
    known = hashlib.sha256(CONFIG).hexdigest()
    (tmp_path / "fixtures" / "released.toml").write_text(
        f'[tiny]\nrepository = "them/tiny"\nrevision = "{REVISION}"\n'
        f'files = ["config.json", "model.safetensors"]\nsha256 = {{"config.json" = "{known}"}}\n'
    )
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def place(home: Path, name: str, content: bytes, filed_as: str | None = None) -> Path:
    """A file as huggingface_hub keeps it: a link in the commit's folder to a blob."""
    repository = home / "hub" / "models--them--tiny"
    blob = repository / "blobs" / (filed_as or hashlib.sha256(content).hexdigest())
    link = repository / "snapshots" / REVISION / name
    for path in (blob, link):
        path.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    link.symlink_to(blob)
    return link.parent


def test_weights_in_the_cache_are_found(home: Path) -> None:
    folder = place(home, "config.json", CONFIG)
    place(home, "model.safetensors", WEIGHTS)
    assert released("tiny", home) == folder


def test_a_missing_file_names_the_command_that_fetches_all(home: Path) -> None:
    place(home, "config.json", CONFIG)
    with pytest.raises(NoEvidence) as error:
        released("tiny", home)
    assert error.value.next == (
        f"hf download them/tiny config.json model.safetensors --revision {REVISION}"
    )


def test_weights_that_are_not_what_they_are_filed_under_are_refused(home: Path) -> None:
    place(home, "config.json", CONFIG)
    place(home, "model.safetensors", WEIGHTS, filed_as=hashlib.sha256(b"others").hexdigest())
    with pytest.raises(SubjectError, match="is not the file"):
        released("tiny", home)


def test_weights_filed_under_no_hash_are_no_evidence(home: Path) -> None:
    place(home, "config.json", CONFIG)
    place(home, "model.safetensors", WEIGHTS, filed_as="weights")
    with pytest.raises(NoEvidence, match="without the sha256"):
        released("tiny", home)


def test_a_file_with_other_bytes_than_the_entry_says_is_refused(home: Path) -> None:
    place(home, "config.json", b"{1}")
    place(home, "model.safetensors", WEIGHTS)
    with pytest.raises(SubjectError, match=r"config\.json is not the file"):
        released("tiny", home)


def test_an_unknown_name_says_which_are_known(home: Path) -> None:
    with pytest.raises(UsageError, match="tiny"):
        released("huge", home)


def test_what_a_cell_depends_on_tells_which_weights_are_here(home: Path) -> None:
    before = released_here(home)
    place(home, "config.json", CONFIG)
    place(home, "model.safetensors", WEIGHTS)
    assert (before, released_here(home)) == (
        {"released weights": ""},
        {"released weights": "tiny"},
    )
