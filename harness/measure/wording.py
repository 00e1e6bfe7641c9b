"""What a library answers in words: its errors and its warnings, without what another run varies."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.measure.surface import brief

LONGEST = 160

_VARYING = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"(?<![\w.:/])(?:[A-Za-z]:)?/(?:[^\s/'\"`:,()]+/)+[^\s/'\"`:,()]*"), "<path>"),
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "<address>"),
    (re.compile(r"\.cc\(\d+\)"), ".cc"),
    (re.compile(r"\s+"), " "),
    (re.compile(r"(\b(?:one of|[Aa]vailable|[Vv]alid|not in)\b[^:({[]*[:({[]).*"), r"\1 …"),
    (re.compile(r"(\bshould contain one of ).*", re.IGNORECASE), r"\1…"),
)
"""What another run, machine or release varies in one message: the last two are lists of names."""

_SET = re.compile(r"\{([^{}:]*)\}")


@dataclass(frozen=True)
class Answer:
    """How a call ended: the class of its error, or "" and what it returned, briefly."""

    error: str
    words: str

    @property
    def kind(self) -> str:
        """The class of the error, or what came instead of one."""
        return self.error or f"returns {self.words}"


def answer(call: Callable[[], Any]) -> Answer:
    """Call it; any error is an answer, also one that is no Exception (a panic of Rust code).

    A class is named with its library where it is none of Python's own.
    """
    try:
        value = call()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return Answer(named(type(error)), first_line(str(error)))
    return Answer("", returned(value))


def named(error: type[BaseException]) -> str:
    """`ValueError`, `pyo3_runtime.PanicException`: the name after its library's."""
    library = error.__module__.partition(".")[0]
    return error.__name__ if library == "builtins" else f"{library}.{error.__name__}"


def returned(value: Any) -> str:
    """A value briefly; of a tensor its dtype and shape."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{type(value).__name__} {value.dtype} {list(value.shape)}"
    return brief(value)


def first_line(text: str) -> str:
    """The first line that says something, without colours, paths and addresses, cut short."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    for varying, instead in _VARYING:
        line = varying.sub(instead, line)
    line = _SET.sub(lambda found: f"{{{', '.join(sorted(found[1].split(', ')))}}}", line).strip()
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


@contextmanager
def listening(libraries: Sequence[str]) -> Iterator[list[str]]:
    """What `libraries` (import names) warn of inside, in a list that is whole at the end.

    Python's warnings, raised in a file of theirs or on behalf of the caller, as `Category: text`;
    and what their loggers say at level WARNING, as `logged: text`; each once. Libraries that say
    a thing once a process say it again.
    """
    said: list[str] = []
    loggers = [logging.getLogger(name) for name in libraries]
    levels = [logger.level for logger in loggers]
    listener = _Listener(said)
    forget = getattr(getattr(logging.Logger, "warning_once", None), "cache_clear", None)
    if forget is not None:
        forget()
    for logger in loggers:
        logger.addHandler(listener)
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield said
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(listener)
            logger.setLevel(level)
    theirs = [warning for warning in caught if _of(warning.filename, libraries)]
    said += [f"{w.category.__name__}: {first_line(str(w.message))}" for w in theirs]
    said[:] = list(dict.fromkeys(said))


class _Listener(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(f"logged: {first_line(record.getMessage())}")


def _of(filename: str, libraries: Sequence[str]) -> bool:
    installed = "site-packages" in filename
    return not installed or any(f"/site-packages/{name}/" in filename for name in libraries)
