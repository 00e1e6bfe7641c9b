"""What the tasks of tokenizers hand to a library, and which vocabulary each one reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.speed.task import Asked, open_task
from harness.speed.tokenizing import RUN, Codec, measures, vocabulary
from harness.subjects import prepare, read_registry, select
from harness.vocabulary.costs import Arm
from harness.vocabulary.errors import NoEvidence, UsageError
from harness.vocabulary.places import home

TEXT = home() / "fixtures" / "autoencoders" / "text.txt"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache with the vocabularies that come along in the repository, and no other."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    monkeypatch.setenv("RAYON_NUM_THREADS", "1")
    for entry in select(read_registry(home()), ["cl100k", "o200k", "gpt2-tokenizer"]):
        prepare(entry)


def asked(library: str, subject: str = "", threads: int = 1) -> Asked:
    return Asked(f"tokenizers.{library}", Arm("here", "installed", subject), threads)


class Reader:
    """A codec of bytes, which counts those that pass through it."""

    def __init__(self) -> None:
        self.read = 0

    def encode(self, text: str) -> list[int]:
        ids = list(text.encode())
        self.read += len(ids)
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def decode(self, ids: list[int]) -> str:
        self.read += len(ids)
        return bytes(ids).decode()


def test_a_call_gets_through_the_bytes_that_its_quantity_says() -> None:
    reader = Reader()
    taken = {}
    for measure in measures(
        asked("tiktoken"), Codec(reader.encode, reader.encode_batch, reader.decode)
    ):
        reader.read = 0
        measure.call()
        taken[measure.quantity.name] = (reader.read, measure.quantity.amount)
    assert {name: read for name, (read, _) in taken.items()} == {
        name: amount for name, (_, amount) in taken.items()
    }
    assert taken["encode.long"][0] == taken["decode.long"][0] == TEXT.stat().st_size
    assert taken["encode.repeated"][0] == RUN
    lines = TEXT.read_bytes().splitlines()
    assert taken["encode.batch"][0] == sum(len(line) for line in lines)
    assert 1000 < taken["encode.short"][0] < 5000


def test_what_tiktoken_measures_is_real_work_of_the_library(cache: None) -> None:
    opened = open_task(asked("tiktoken"))
    done = {measure.quantity.id: measure.call() for measure in opened.measures}
    assert done["tokenizers.tiktoken/decode.long"] == TEXT.read_text(encoding="utf-8")
    # cl100k_base has a token of eight times "a", rank 70540, and none longer.
    assert done["tokenizers.tiktoken/encode.repeated"] == [70540] * (RUN // 8)


def test_the_run_of_one_character_is_one_piece_to_tiktokens_pattern(cache: None) -> None:
    regex = pytest.importorskip("regex")
    from harness.subjects import load_tokenizer

    pattern = load_tokenizer(vocabulary(asked("tiktoken"))).native._pat_str
    assert regex.findall(pattern, "a" * RUN) == ["a" * RUN]


@pytest.mark.parametrize(
    ("named", "read"), [("", "cl100k"), ("o200k", "o200k"), ("gpt2-tokenizer", "cl100k")]
)
def test_a_library_reads_the_subject_or_what_stands_in(cache: None, named: str, read: str) -> None:
    assert vocabulary(asked("tiktoken", named)).entry.name == read


def test_nothing_stands_in_for_a_subject_that_is_compared_with_another(cache: None) -> None:
    own = replace(asked("tiktoken", "gpt2-tokenizer"), own=True)
    with pytest.raises(UsageError, match="tiktoken does not read the vocabulary of gpt2"):
        vocabulary(own)
    assert vocabulary(replace(asked("tiktoken", "o200k"), own=True)).entry.name == "o200k"


def test_a_vocabulary_that_is_not_in_the_cache_is_no_evidence(cache: None) -> None:
    with pytest.raises(NoEvidence) as raised:
        open_task(asked("sentencepiece"))
    assert raised.value.next == "harness subjects prepare mistral-sentencepiece"


@pytest.mark.parametrize(("threads", "parallel"), [(1, "false"), (2, "true")])
def test_tokenizers_may_run_in_as_many_threads_as_were_asked_for(
    cache: None, threads: int, parallel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    open_task(asked("tiktoken", threads=threads))
    assert os.environ["TOKENIZERS_PARALLELISM"] == parallel
    assert os.environ["RAYON_NUM_THREADS"] == str(threads)
