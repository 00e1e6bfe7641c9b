"""A pytest plugin for inside a stack: which values the parameters of behaviours have.

`pytest -p harness.plugin -p harness.parameters --parameters FILE` collects, writes them to FILE
as JSON, and runs nothing: by behaviour and cell (`ID@CELL`), each parameter as a Python
expression, null where its value has none.
"""

from __future__ import annotations

import ast
import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from harness.plugin.selection import CELL, behaviour_id


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--parameters", metavar="FILE", help="write the values of parameters there")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    found = {f"{behaviour_id(item)}@{item.stash[CELL].id}": _of(item) for item in items}
    Path(config.option.parameters).write_text(json.dumps(found), encoding="utf-8")
    items[:] = []


def _of(item: pytest.Item) -> dict[str, str | None]:
    callspec = getattr(item, "callspec", None)
    values = {} if callspec is None else callspec.params
    return {name: expression(value) for name, value in values.items() if name != "cell"}


def expression(value: Any) -> str | None:
    """`value` as Python that needs no import; None where there is no such text."""
    name = getattr(value, "__name__", "")
    if name and getattr(builtins, name, None) is value:
        return str(name)
    text = repr(value)
    try:
        return text if ast.literal_eval(text) == value else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
