"""Prepared subjects in the cache: looked at, checked, made anew, and never taken half-made."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_subjects import TEXT, TEXT_SHA256, bundled, own_cache, ready

from harness.subjects import prepare, prepared, verify
from harness.vocabulary.errors import NoEvidence, SubjectError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_cache(tmp_path, monkeypatch)


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
from tiny_subjects import bundled, ready
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


def test_verifying_sees_what_a_stamp_hides(tmp_path: Path) -> None:
    found = ready(bundled(tmp_path))
    file = found.directory / "name.txt"
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_bytes(TEXT.upper())
    os.utime(file, ns=times)
    assert prepared(found.entry) == found
    with pytest.raises(SubjectError, match=r"name\.txt"):
        verify(found.entry)
