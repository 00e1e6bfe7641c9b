"""A subject of one small file, and a cache of a test's own to prepare it in."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.subjects import Prepared, prepare
from harness.vocabulary.errors import SubjectError
from harness.vocabulary.subjects import File, Subject

TEXT = b"hello world\n"
TEXT_SHA256 = "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447"
WRONG = "f" * 64


def own_cache(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache, an index and a hub in `directory`, all without a network; the cache's subjects."""
    monkeypatch.setenv("HARNESS_CACHE", str(directory / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(directory / "uv"))
    monkeypatch.setenv("HF_HOME", str(directory / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return directory / "cache" / "subjects"


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
