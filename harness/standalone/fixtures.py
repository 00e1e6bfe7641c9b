"""The fixtures of the plugin in a reproducer: plain functions, for its one cell."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.standalone.given import CELL
from harness.standalone.subjects import files_of_subject
from harness.vocabulary.cells import Cell


def cell() -> Cell:
    return Cell(*CELL)


def subject() -> Any:
    return files_of_subject()


def model(subject: Any, cell: Cell) -> Any:
    from harness.subjects.loading import load_model

    return load_model(subject, cell.precision or "float32", cell.device or "cpu")


def tokenizer(subject: Any) -> Any:
    from harness.subjects.text import load_tokenizer

    return load_tokenizer(subject)


def hf_tokenizer(tokenizer: Any) -> Any:
    return tokenizer.native


def bridge(model: Any, hf_tokenizer: Any, subject: Any) -> Any:
    from harness.subjects.lenses import load_bridge

    return load_bridge(model, hf_tokenizer, subject.directory)


def hooked(model: Any, hf_tokenizer: Any, subject: Any) -> Any:
    from harness.subjects.lenses import load_hooked

    return load_hooked(subject, model, hf_tokenizer)


def reference_logits(subject: Any, cell: Cell, tokenizer: Any) -> Any:
    from harness.measure.logits import prompt_logits
    from harness.subjects.loading import load_model

    return prompt_logits(load_model(subject, "float32", cell.device or "cpu"), tokenizer)


def load(subject: Any) -> Callable[..., Any]:
    from harness.subjects.loading import load_default

    return lambda **overrides: load_default(subject, **overrides)


def keep() -> Callable[[object, Callable[[], Any]], Any]:
    kept: dict[object, Any] = {}

    def keep(key: object, make: Callable[[], Any]) -> Any:
        if key not in kept:
            kept[key] = make()
        return kept[key]

    return keep


def work_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="reproducer-")).resolve()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def tmp_path() -> Iterator[Path]:
    with contextmanager(work_dir)() as folder:
        yield folder


def tmp_path_factory(work_dir: Path) -> Any:
    def mktemp(name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=name, dir=work_dir))

    return SimpleNamespace(mktemp=mktemp)


def monkeypatch() -> Iterator[Any]:
    import pytest

    with pytest.MonkeyPatch.context() as patch:
        yield patch


class Request:
    """What fixtures here ask of pytest's own."""

    def __init__(self, path: str, param: object = None, **values: Any) -> None:
        self.path = Path(path)
        self.param = param
        self._values = values

    def getfixturevalue(self, name: str) -> Any:
        return self._values[name]
