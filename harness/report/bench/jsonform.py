"""A benchmark as JSON, and back: nothing is lost between."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from harness.report.strict import finite
from harness.vocabulary.costs import BenchReport
from harness.vocabulary.errors import HarnessError

FORMAT = 1
KIND = "harness bench"


class BenchFileError(HarnessError):
    """A file is not a benchmark's JSON, or not one that this version reads."""


def to_json(report: BenchReport) -> dict[str, Any]:
    """Strict JSON: the fields of `BenchReport` and of all in it by name, every sample included.

    Times are seconds, sizes bytes. Numbers that JSON cannot hold stand as `NaN`, `Infinity`.
    """
    return {"kind": KIND, "format": FORMAT, **finite(dataclasses.asdict(_plain(report)))}


def text(report: BenchReport) -> str:
    return json.dumps(to_json(report), indent=1, allow_nan=False) + "\n"


def read(text: str, where: str) -> BenchReport:
    """What `text` was written from; `where` is the file's name, for errors.

    Raises BenchFileError.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise _error(f"not JSON: {error}", where) from None
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise _error("not a benchmark", where)
    if data.get("format") != FORMAT:
        raise _error(f"a benchmark of format {data.get('format')!r}", where)
    try:
        found = _read(BenchReport, data, "")
    except _Unreadable as error:
        raise _error(f"a benchmark that cannot be read: {error}", where) from None
    assert isinstance(found, BenchReport)
    return found


class _Unreadable(Exception):
    """A value is not of the type its field has."""


def _error(what: str, where: str) -> BenchFileError:
    return BenchFileError(
        what,
        where=where,
        allowed=f"what `harness bench --json` wrote, format {FORMAT}",
        next="harness bench --json FILE measures anew",
    )


def _plain(report: BenchReport) -> BenchReport:
    """`report` with plain dicts for mappings, which `asdict` would copy as they are."""
    limits = {arm: tuple(found) for arm, found in report.limits.items()}
    versions = {arm: dict(found) for arm, found in report.versions.items()}
    return dataclasses.replace(
        report, machine=dict(report.machine), versions=versions, limits=limits
    )


def _read(kind: Any, value: Any, at: str) -> Any:
    """`value` as `kind`, a type of the vocabulary; `at` is its place in the file."""
    origin, of = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, at)
    if origin is tuple and isinstance(value, list):
        return tuple(_read(of[0], each, f"{at}[{place}]") for place, each in enumerate(value))
    if origin is Mapping and isinstance(value, dict):
        return {_read(of[0], key, at): _read(of[1], v, f"{at}.{key}") for key, v in value.items()}
    if origin in (Union, types.UnionType):
        if value is None and type(None) in of:
            return None
        return _read(next(each for each in of if each is not type(None)), value, at)
    return _scalar(kind, value, at)


def _dataclass(kind: Any, value: Any, at: str) -> Any:
    if not isinstance(value, dict):
        raise _Unreadable(f"{at or 'the file'} is no object")
    wanted = {
        each.name: each.default is dataclasses.MISSING
        and each.default_factory is dataclasses.MISSING
        for each in dataclasses.fields(kind)
    }
    if lacking := [name for name, needed in wanted.items() if needed and name not in value]:
        raise _Unreadable(f"{at or 'the file'} has no {lacking[0]}")
    hints = _hints(kind)
    given = [name for name in wanted if name in value]
    return kind(**{name: _read(hints[name], value[name], f"{at}.{name}") for name in given})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _scalar(kind: Any, value: Any, at: str) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and (number or value in ("NaN", "Infinity", "-Infinity")):
        return float(value)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    if isinstance(kind, type) and issubclass(kind, Enum) and value in [each.value for each in kind]:
        return kind(value)
    if kind in (str, bool) and isinstance(value, kind):
        return value
    if kind is int and number and isinstance(value, int):
        return value
    raise _Unreadable(f"{at.lstrip('.')} is {value!r:.60}")
