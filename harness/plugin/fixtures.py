"""Loaded subjects as fixtures: one pool a run, emptied cell by cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness import subjects
from harness.plugin.options import SETTINGS, Settings
from harness.plugin.preparing import FAILED
from harness.plugin.selection import CELL
from harness.subjects import Pool, Prepared
from harness.vocabulary.cells import Cell
from harness.vocabulary.subjects import Subject


class Bench:
    """What the fixtures of one run share: the pool, values kept a cell, time spent working.

    `work` counts seconds spent loading subjects and importing and calling libraries.
    """

    def __init__(self, settings: Settings, failed: Mapping[str, str]) -> None:
        self.settings = settings
        self.failed = failed
        self.pool = Pool(settings.memory_budget)
        self.work = 0.0
        self._depth = 0
        self._prepared: dict[str, Prepared] = {}
        self._kept: dict[object, Any] = {}
        self._reference: dict[str, Any] = {}

    def look(self, entry: Subject) -> Prepared | None:
        """The subject's files if the cache has them."""
        if entry.name not in self._prepared:
            found = subjects.prepared(entry)
            if found is None:
                return None
            self._prepared[entry.name] = found
        return self._prepared[entry.name]

    def prepared(self, name: str) -> Prepared:
        entry = next(entry for entry in self.settings.subjects if entry.name == name)
        found = self.look(entry)
        if found is None:
            why = self.failed.get(name, "its files are not in the cache")
            pytest.skip(f"{name}: {why} (harness subjects prepare {name})")
        return found

    @contextmanager
    def working(self) -> Iterator[None]:
        """Counts the time inside as work; once, however deep it is nested."""
        begun = time.perf_counter()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self.work += time.perf_counter() - begun

    def keep(self, key: object, make: Callable[[], Any]) -> Any:
        """`make()` once a cell: the value is dropped with the cell."""
        if key not in self._kept:
            with self.working():
                self._kept[key] = make()
        return self._kept[key]

    def reference_logits(self, name: str, device: str) -> Any:
        """float32 logits over the prompts, each [position, vocabulary]; kept for the run."""
        if name not in self._reference:
            from harness.measure.logits import prompt_logits

            prepared = self.prepared(name)
            cell = Cell(name, "float32", device)
            with self.working():
                model = self.pool.model(prepared, cell)
                can_read = "tokenizer" in prepared.entry.abilities
                tokenizer = self.pool.tokenizer(prepared) if can_read else None
                self._reference[name] = prompt_logits(model, tokenizer)
        return self._reference[name]

    def leave(self, cell: Cell) -> None:
        """Drop everything of `cell`."""
        self._kept.clear()
        self.pool.release(cell)


BENCH = pytest.StashKey[Bench]()


def bench_of(config: pytest.Config) -> Bench:
    if BENCH not in config.stash:
        config.stash[BENCH] = Bench(config.stash[SETTINGS], config.stash.get(FAILED, {}))
    return config.stash[BENCH]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The last cell is left with the process."""
    cell = item.stash[CELL]
    if nextitem is not None and nextitem.stash[CELL] != cell:
        bench_of(item.config).leave(cell)


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Bench:
    return bench_of(request.config)


@pytest.fixture
def cell(request: pytest.FixtureRequest) -> Cell:
    """The (subject, precision, device) that the behaviour runs in."""
    found: Cell = request.param
    return found


@pytest.fixture
def subject(bench: Bench, cell: Cell) -> Prepared:
    """The cell's subject: its entry and the directory with its files."""
    return bench.prepared(cell.subject)


@pytest.fixture
def model(bench: Bench, cell: Cell, subject: Prepared) -> Any:
    """The cell's transformers model, in evaluation mode, shared: never change it."""
    with bench.working():
        return bench.pool.model(subject, cell)


@pytest.fixture
def tokenizer(bench: Bench, subject: Prepared) -> Any:
    """The subject's tokenizer behind one interface: encode, decode, vocab_size, native."""
    with bench.working():
        return bench.pool.tokenizer(subject)


@pytest.fixture
def hf_tokenizer(tokenizer: Any) -> Any:
    """The transformers tokenizer itself, of subjects that transformers can read."""
    return tokenizer.native


@pytest.fixture
def bridge(bench: Bench, cell: Cell, subject: Prepared) -> Any:
    """A transformer_lens TransformerBridge over the cell's model."""
    with bench.working():
        return bench.pool.bridge(subject, cell)


@pytest.fixture
def hooked(bench: Bench, cell: Cell, subject: Prepared) -> Any:
    """A HookedTransformer with the subject's weights (transformer-lens below 4)."""
    with bench.working():
        return bench.pool.hooked(subject, cell)


@pytest.fixture
def reference_logits(bench: Bench, cell: Cell) -> Any:
    """float32 logits of the same subject over PROMPTS: a list of tensors [position, vocabulary]."""
    return bench.reference_logits(cell.subject, cell.device or "cpu")


@pytest.fixture
def load(subject: Prepared) -> Callable[..., Any]:
    """Load the subject afresh by plain `from_pretrained`, with these arguments and no others."""

    def load_default(**overrides: Any) -> Any:
        return subjects.load_default(subject, **overrides)

    return load_default


@pytest.fixture
def keep(bench: Bench) -> Callable[[object, Callable[[], Any]], Any]:
    """`keep(key, make)`: a value computed once a cell and shared by its behaviours."""
    return bench.keep


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    """An empty folder for the behaviour's files."""
    return tmp_path
