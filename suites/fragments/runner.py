"""Runs code fragments of documents, each in a namespace of its own, in one process.

A script: `python runner.py FOLDER OUT`, with a JSON object on standard input that gives for
each fragment to run the expressions to evaluate in its namespace afterwards. A line of OUT
says of each what it raised, printed, warned and evaluated to; written as it happens, so that
a crash costs only the rest.

A fragment's head says where it stands (`# from:`), which fragments it continues (`# after:`)
and what it takes for granted that the document leaves to the reader (`# given:`).
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import sys
import warnings
from pathlib import Path
from typing import Any


def main(folder: Path, out: Path, asked: dict[str, dict[str, str]]) -> None:
    namespaces: dict[str, dict[str, Any]] = {}
    with out.open("w", encoding="utf-8") as file:
        for name in asked:
            report = run(name, folder, namespaces)
            if report["error"] is None:
                report["values"] = {
                    label: evaluate(expression, namespaces[name])
                    for label, expression in asked[name].items()
                }
            file.write(json.dumps({"name": name, **report}) + "\n")
            file.flush()


def run(name: str, folder: Path, namespaces: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Run one fragment, and before it those it continues, unless they ran already."""
    source = (folder / f"{name}.txt").read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for earlier in head(source, "after"):
        if earlier not in namespaces:
            run(earlier, folder, namespaces)
        namespace |= namespaces[earlier]
    for given in head(source, "given"):
        exec(given, namespace)
    namespaces[name] = namespace
    printed = io.StringIO()
    error = None
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        seed()
        try:
            execute(source, name, namespace)
        except Exception as raised:
            error = describe(raised)
    kinds = sorted({warning.category.__name__ for warning in caught})
    return {"error": error, "printed": printed.getvalue(), "warned": kinds, "values": {}}


def execute(source: str, name: str, namespace: dict[str, Any]) -> None:
    """As a notebook cell: the value of a last expression is kept, as `_`."""
    tree = ast.parse(source, name)
    *_, last = tree.body
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.copy_location(
            ast.Assign(targets=[ast.Name("_", ast.Store())], value=last.value), last
        )
    exec(compile(ast.fix_missing_locations(tree), name, "exec"), namespace)


def head(source: str, key: str) -> list[str]:
    found = re.search(rf"(?m)^# {key}: (.*)$", source)
    if found is None:
        return []
    return found[1].split(", ") if key == "after" else [found[1]]


def seed() -> None:
    import random

    random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def evaluate(expression: str, namespace: dict[str, Any]) -> Any:
    value = eval(expression, namespace)
    return json.loads(json.dumps(value, default=list))


def describe(error: Exception) -> str:
    """Type and first line, without what differs from one machine to the next."""
    line = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {re.sub(r'/[^ ]*/', '', line)[:160]}".rstrip(": ")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), json.load(sys.stdin))
