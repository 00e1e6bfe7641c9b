"""Runs code fragments of documents, each in a namespace of its own, in one process.

A script: `python runner.py FOLDER OUT`, with a JSON object on standard input that gives for
each fragment to run the expressions to evaluate in its namespace afterwards. A line of OUT
says of each what it raised, printed and evaluated to; written as it happens, so that
what went before a crash can be read. Memory that ran out ends it: that is no fault of a fragment.

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
from pathlib import Path
from typing import Any, NamedTuple


class Ran(NamedTuple):
    """What a fragment left: its namespace, what it raised (None if nothing) and printed."""

    namespace: dict[str, Any]
    error: str | None
    printed: str


def main(folder: Path, out: Path, asked: dict[str, dict[str, str]]) -> None:
    known: dict[str, Ran] = {}
    with out.open("w", encoding="utf-8") as file:
        for name, expressions in asked.items():
            ran = run(name, folder, known)
            values = {
                label: evaluate(expression, ran.namespace)
                for label, expression in expressions.items()
                if ran.error is None
            }
            line = {"name": name, "error": ran.error, "printed": ran.printed, "values": values}
            file.write(json.dumps(line) + "\n")
            file.flush()


def run(name: str, folder: Path, known: dict[str, Ran]) -> Ran:
    """Run one fragment once, and before it those it continues; one of them may have failed.

    In place of one that failed stands what to write instead, where `instead/` has that.
    """
    if name not in known:
        source = (folder / f"{name}.txt").read_text(encoding="utf-8")
        earlier = [run_or_instead(other, folder, known) for other in head(source, "after")]
        failed = next((ran.error for ran in earlier if ran.error), None)
        known[name] = Ran({}, failed, "") if failed else fresh_run(name, source, earlier)
    return known[name]


def run_or_instead(name: str, folder: Path, known: dict[str, Ran]) -> Ran:
    ran, instead = run(name, folder, known), f"instead/{name}"
    if ran.error and (folder / f"{instead}.txt").exists():
        return run(instead, folder, known)
    return ran


def fresh_run(name: str, source: str, earlier: list[Ran]) -> Ran:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for ran in earlier:
        namespace |= ran.namespace
    for given in head(source, "given"):
        exec(given, namespace)
    printed, error = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        seed()
        try:
            execute(source, name, namespace)
        except MemoryError:
            raise
        except Exception as raised:
            error = describe(raised)
    return Ran(namespace, error, printed.getvalue())


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
    if line.startswith("We couldn't connect to"):
        line = "no such repository in the hub of stand-ins"
    return f"{type(error).__name__}: {re.sub(r'/[^ ]*/', '', line)[:160]}".rstrip(": ")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), json.load(sys.stdin))
