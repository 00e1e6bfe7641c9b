"""From an entry to checked files: the four sources, and all that goes wrong on the way."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_subjects import TEXT, TEXT_SHA256, WRONG, bundled, own_cache, ready, refused

from harness.subjects import prepare, prepared, read_registry
from harness.subjects.downloads import uv_settings
from harness.vocabulary.errors import NoEvidence, SubjectError
from harness.vocabulary.subjects import File, Subject

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_cache(tmp_path, monkeypatch)


def test_a_bundled_subject_lies_under_its_own_names(tmp_path: Path) -> None:
    found = ready(bundled(tmp_path))
    assert (found.directory / "name.txt").read_bytes() == TEXT
    assert found.directory.name == f"tiny-{found.digest[:12]}"


def test_a_wrong_hash_names_file_expected_and_got_and_leaves_nothing(
    tmp_path: Path, cache: Path
) -> None:
    error = refused(bundled(tmp_path, WRONG))
    assert str(tmp_path / "given" / "origin.txt") == error.where
    assert WRONG in error.allowed
    assert TEXT_SHA256 in error.allowed
    assert error.next
    assert [path for path in cache.iterdir() if path.suffix != ".lock"] == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    subject = bundled(tmp_path)
    (tmp_path / "given" / "origin.txt").unlink()
    assert "missing" in refused(subject).what


def make_wheel(directory: Path, content: bytes) -> str:
    """A wheel `tiny_subject` 1.0 that holds `content` and requires a package that is nowhere."""
    directory.mkdir(exist_ok=True)
    info = "tiny_subject-1.0.dist-info"
    members = {
        "tiny_subject/data.txt": content,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-subject\nVersion: 1.0\n"
        b"Requires-Dist: compiles-for-minutes\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in members.items()
    )
    wheel = directory / "tiny_subject-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture
def in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    return Subject(
        name="wheeled",
        architecture="none",
        source="wheel",
        format="tiktoken",
        abilities=frozenset({"tokenizer"}),
        package="tiny-subject",
        version="1.0",
        package_sha256=make_wheel(tmp_path / "wheels", TEXT),
        files=(File("tiny_subject/data.txt", "data.txt", TEXT_SHA256),),
    )


def test_a_wheel_is_unpacked_without_what_it_requires(in_a_wheel: Subject) -> None:
    found = ready(in_a_wheel)
    assert (found.directory / "data.txt").read_bytes() == TEXT
    assert {path.name for path in found.directory.iterdir()} == {"data.txt", ".checked.json"}


def test_a_wheel_with_other_bytes_is_refused(in_a_wheel: Subject) -> None:
    error = refused(replace(in_a_wheel, package_sha256=WRONG))
    assert "tiny-subject==1.0" in error.what
    assert WRONG in error.allowed
    assert in_a_wheel.package_sha256 in error.allowed


def test_a_file_in_a_wheel_with_other_bytes_is_refused(in_a_wheel: Subject) -> None:
    file = replace(in_a_wheel.files[0], sha256=WRONG)
    error = refused(replace(in_a_wheel, files=(file,)))
    assert TEXT_SHA256 in error.allowed


def test_a_package_that_the_index_lacks_is_named(in_a_wheel: Subject) -> None:
    assert "tiny-subject==2.0" in refused(replace(in_a_wheel, version="2.0")).what


def test_no_network_is_no_evidence(in_a_wheel: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_NO_INDEX")
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/index")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(NoEvidence, match="no network"):
        ready(in_a_wheel)


def test_pips_settings_count_where_uv_has_none() -> None:
    given = {
        "PIP_FIND_LINKS": "/wheels",
        "PIP_INDEX_URL": "https://a",
        "UV_DEFAULT_INDEX": "https://b",
    }
    assert uv_settings(given) == {"UV_FIND_LINKS": "/wheels"}


COMMIT = "0123456789" * 4


@pytest.fixture
def on_the_hub() -> Subject:
    return Subject(
        name="hubbed",
        architecture="none",
        source="hub",
        format="tiktoken",
        abilities=frozenset({"tokenizer"}),
        repository="someone/tiny",
        revision=COMMIT,
        files=(File("data.txt", "data.txt", TEXT_SHA256),),
    )


def test_a_hub_subject_comes_from_the_hubs_cache(tmp_path: Path, on_the_hub: Subject) -> None:
    snapshot = tmp_path / "hf" / "hub" / "models--someone--tiny" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "data.txt").write_bytes(TEXT)
    found = ready(on_the_hub)
    assert (found.directory / "data.txt").read_bytes() == TEXT
    assert not (found.directory / "data.txt").is_symlink()


def test_a_hub_subject_that_neither_cache_nor_network_has_is_no_evidence(
    on_the_hub: Subject,
) -> None:
    with pytest.raises(NoEvidence, match="hubbed"):
        ready(on_the_hub)


def test_a_folder_stays_where_it_is_and_changes_its_digest_with_its_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "tokenizer.json").write_bytes(b"{}")
    subject = Subject(
        name="mine",
        architecture="",
        source="path",
        format="transformers",
        abilities=frozenset({"tokenizer"}),
        directory=str(folder),
    )
    first = ready(subject)
    assert first.directory == folder
    assert prepared(subject) == first
    (folder / "tokenizer.json").write_bytes(b"[]")
    os.utime(folder / "tokenizer.json", (1, 1))
    assert ready(subject).digest != first.digest


def test_a_subject_to_be_converted_says_what_to_type_inside_a_run(tmp_path: Path) -> None:
    subject = replace(bundled(tmp_path), converted=(File("out", "out", WRONG),))
    assert refused(subject).next == "harness subjects prepare tiny"


def test_a_failed_conversion_says_its_last_words(tmp_path: Path) -> None:
    subject = replace(bundled(tmp_path), converted=(File("out", "out", WRONG),))
    with pytest.raises(SubjectError, match="does not convert"):
        prepare(subject, lambda: Path(sys.executable), tell=lambda line: None)


def test_the_bundled_files_are_those_of_the_registry() -> None:
    for subject in read_registry(ROOT).values():
        if subject.source == "bundled":
            assert ready(subject).entry == subject
