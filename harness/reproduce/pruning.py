"""Tables of cases, cut down to the one case that a behaviour's parameters choose."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping

from harness.reproduce.closure import Closure
from harness.reproduce.modules import Module, Place, Text


def chosen(parameters: Mapping[str, str]) -> list[str]:
    """The parameters' values that are texts: what keys of a table can be."""
    values = (ast.literal_eval(each) for each in parameters.values() if each[:1] in "'\"")
    return [value for value in values if isinstance(value, str)]


def pruned(closure: Closure, keys: Collection[str]) -> dict[str, str]:
    """The files with a table of which `keys` choose an entry, by path, without the other entries.

    Only tables that the closure does nothing with but read one entry, `TABLE[key]`.
    """
    files: dict[str, str] = {}
    for place in closure.order:
        module = closure.module(place.module)
        table = _table(module, place)
        if table is None or not _only_read_by_key(closure, place):
            continue
        kept = _kept(table, module.text, keys)
        if kept is not None and module.text.path not in files:
            start, end = module.text.start(table), module.text.end(table)
            content = module.text.content
            files[module.text.path] = f"{content[:start]}{kept}{content[end:]}"
    return files


def _table(module: Module, place: Place) -> ast.Dict | None:
    first, *more = module.definitions[place.name]
    value = first.value if isinstance(first, (ast.Assign, ast.AnnAssign)) else None
    filled = any(isinstance(each, ast.Assign) for each in more)
    return value if isinstance(value, ast.Dict) and not filled else None


def _only_read_by_key(closure: Closure, place: Place) -> bool:
    return all(
        reference.use.keyed
        for other, references in closure.references.items()
        for reference in references
        if reference.target == place and other != place
    )


def _kept(table: ast.Dict, text: Text, keys: Collection[str]) -> str | None:
    """The table with the entry that `keys` choose alone; None where they choose none."""
    for key, value in _entries(table):
        if key in keys:
            inner = _kept(value, text, keys) if isinstance(value, ast.Dict) else None
            shown = inner or text.content[text.start(value) : text.end(value)]
            return f"{{{key!r}: {shown}}}"
    return None


def _entries(table: ast.Dict) -> Iterable[tuple[str, ast.expr]]:
    pairs: Iterator[tuple[ast.expr | None, ast.expr]] = zip(table.keys, table.values, strict=True)
    for key, value in pairs:
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, value
