"""From an entry to checked files: the four sources, and all that goes wrong on the way."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from harness.subjects import Prepared, prepare, prepared, read_registry, verify
from harness.subjects.downloads import uv_settings
from harness.vocabulary.errors import NoEvidence, SubjectError
from harness.vocabulary.subjects import File, Subject

ROOT = Path(__file__).resolve().parents[2]
TEXT = b"hello world\n"
TEXT_SHA256 = "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447"
WRONG = "f" * 64


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache, an index and a hub of the test's own, all without a network."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "cache" / "subjects"


def bundled(tmp_path: Path, sha256: str = TEXT_SHA256) -> Subject:
    (tmp_path / "given").mkdir(exist_ok=True)
    (tmp_path / "given" / "origin.txt").write_bytes(TEXT)
    return Subject(
        name="tiny",
        architecture="none",
        source="bundled",
        format="tiktoken",
        abilities=frozenset({"tokenizer"}),
        directory=str(tmp_path / "given"),
        files=(File("origin.txt", "name.txt", sha256),),
    )


def ready(subject: Subject) -> Prepared:
    return prepare(subject, tell=lambda line: None)


def refused(subject: Subject) -> SubjectError:
    with pytest.raises(SubjectError) as caught:
        ready(subject)
    return caught.value


def test_a_bundled_subject_lies_under_its_own_names(tmp_path: Path) -> None:
    found = ready(bundled(tmp_path))
    assert (found.directory / "name.txt").read_bytes() == TEXT
    assert found.directory.name == f"tiny-{found.digest[:12]}"


def test_the_digest_is_the_sha256_of_the_files_hashes_and_names(tmp_path: Path) -> None:
    line = f"{TEXT_SHA256}  name.txt\n".encode()
    assert ready(bundled(tmp_path)).digest == hashlib.sha256(line).hexdigest()


def test_looking_finds_nothing_before_preparing_and_the_same_after(tmp_path: Path) -> None:
    subject = bundled(tmp_path)
    assert prepared(subject) is None
    assert ready(subject) == prepared(subject)


def test_looking_needs_no_source(tmp_path: Path) -> None:
    found = ready(bundled(tmp_path))
    shutil.rmtree(tmp_path / "given")
    assert prepared(found.entry) == found


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


def test_a_truncated_file_in_the_cache_is_an_error_to_look_at_and_made_anew_by_preparing(
    tmp_path: Path,
) -> None:
    found = ready(bundled(tmp_path))
    (found.directory / "name.txt").write_bytes(TEXT[:3])
    with pytest.raises(SubjectError) as caught:
        prepared(found.entry)
    assert caught.value.next == "harness subjects prepare tiny"
    told: list[str] = []
    assert prepare(found.entry, tell=told.append) == found
    assert (found.directory / "name.txt").read_bytes() == TEXT
    assert any("preparing it again" in line for line in told)


def test_a_change_that_keeps_the_size_is_seen_by_its_time(tmp_path: Path) -> None:
    found = ready(bundled(tmp_path))
    (found.directory / "name.txt").write_bytes(TEXT.upper())
    with pytest.raises(SubjectError, match=r"name\.txt"):
        prepared(found.entry)


def test_a_touched_file_is_hashed_again_and_taken(tmp_path: Path) -> None:
    found = ready(bundled(tmp_path))
    os.utime(found.directory / "name.txt", (1, 1))
    assert prepared(found.entry) == found


def test_an_unreadable_stamp_costs_a_hash_and_no_more(tmp_path: Path) -> None:
    found = ready(bundled(tmp_path))
    (found.directory / ".checked.json").write_bytes(b"\xff")
    assert prepared(found.entry) == found


def test_a_full_disk_says_so_and_leaves_nothing(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(TEXT[:3])
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(NoEvidence, match="no space left") as caught:
        ready(bundled(tmp_path))
    assert "HARNESS_CACHE" in caught.value.next
    assert [path for path in cache.iterdir() if path.suffix != ".lock"] == []


SLOW = """
import sys, time
from pathlib import Path
sys.path[:0] = [{root!r}, {here!r}]
import shutil
from test_subjects_sources import bundled, ready
copy = shutil.copyfile
def slow(source, target):
    target.write_bytes(b"half")
    print("copying", flush=True)
    time.sleep({seconds})
    copy(source, target)
shutil.copyfile = slow
print(ready(bundled(Path({tmp!r}))).digest, flush=True)
"""


def preparing_slowly(tmp_path: Path, seconds: float) -> subprocess.Popen[str]:
    """A process that is in the middle of preparing once this returns."""
    code = SLOW.format(
        root=str(ROOT), here=str(Path(__file__).parent), tmp=str(tmp_path), seconds=seconds
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "copying\n"
    return process


def test_a_killed_preparation_leaves_nothing_that_reads_as_whole(
    tmp_path: Path, cache: Path
) -> None:
    process = preparing_slowly(tmp_path, 60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    subject = bundled(tmp_path)
    assert prepared(subject) is None
    found = ready(subject)
    assert (found.directory / "name.txt").read_bytes() == TEXT
    assert list(cache.glob("*.unfinished.*")) == []


def test_a_second_preparation_waits_for_the_first(tmp_path: Path) -> None:
    process = preparing_slowly(tmp_path, 1)
    begun = time.monotonic()
    found = ready(bundled(tmp_path))
    assert time.monotonic() - begun > 0.5
    assert process.communicate()[0].strip() == found.digest


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


def test_verifying_sees_what_a_stamp_hides(tmp_path: Path) -> None:
    found = ready(bundled(tmp_path))
    file = found.directory / "name.txt"
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_bytes(TEXT.upper())
    os.utime(file, ns=times)
    assert prepared(found.entry) == found
    with pytest.raises(SubjectError, match=r"name\.txt"):
        verify(found.entry)
