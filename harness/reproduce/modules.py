"""The project's Python files, taken apart into what each binds at its top level."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

OURS = ("harness", "suites", "conftest")

Read = Callable[[str], str | None]
"""The text of a file of the project by its path below home, None where there is none."""


@dataclass(frozen=True)
class Place:
    """A name that a module binds at its top level."""

    module: str
    name: str


@dataclass(frozen=True)
class Imported:
    """What an import binds: a module, or with `name` something in it; `alias` if it says `as`."""

    module: str
    name: str | None = None
    alias: str = ""

    @property
    def ours(self) -> bool:
        return self.module.split(".")[0] in OURS


@dataclass(frozen=True)
class Text:
    """A file's text, with the way from ast's places (lines, bytes) to characters."""

    path: str
    content: str

    @cached_property
    def lines(self) -> list[str]:
        return self.content.splitlines(keepends=True)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return starts

    def at(self, line: int, column: int) -> int:
        """The character that ast means by a line from 1 and a column in bytes."""
        before = self.lines[line - 1].encode()[:column] if line <= len(self.lines) else b""
        return self._starts[line - 1] + len(before.decode())

    def start(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        return self.at(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def line_start(self, line: int) -> int:
        return self._starts[line - 1]


@dataclass(frozen=True)
class Module:
    """A file: what its top level defines, by name, and what it imports.

    A definition is every statement that binds or fills the name; a docstring below it counts.
    `types` are names for annotations alone, which no script evaluates.
    """

    name: str
    text: Text
    definitions: Mapping[str, tuple[ast.stmt, ...]]
    imports: Mapping[str, Imported]
    types: frozenset[str] = frozenset()


class Sources:
    """The modules of the project, parsed as they are asked for."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[str, Module | None] = {}

    def module(self, name: str) -> Module | None:
        if name not in self._known:
            self._known[name] = self._parse(name)
        return self._known[name]

    def _parse(self, name: str) -> Module | None:
        base = name.replace(".", "/")
        for path in (f"{base}.py", f"{base}/__init__.py"):
            content = self._read(path)
            if content is not None:
                return taken_apart(name, Text(path, content))
        return None


def taken_apart(name: str, text: Text) -> Module:
    tree = ast.parse(text.content)
    definitions: dict[str, list[ast.stmt]] = {}
    imports: dict[str, Imported] = {}
    types: set[str] = set()
    bound: list[str] = []
    for statement in tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            imports |= dict(imported(statement, name))
            bound = []
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            types |= {bound for inner in statement.body for bound, _ in imported(inner, name)}
        elif is_text(statement):
            for each in bound:
                definitions[each].append(statement)
            bound = []
        else:
            bound = list(dict.fromkeys(_binds(statement)))
            for each in bound:
                definitions.setdefault(each, []).append(statement)
    kept = {each: tuple(statements) for each, statements in definitions.items()}
    return Module(name, text, kept, imports, frozenset(types))


def is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def imported(statement: ast.stmt, module: str = "") -> Iterator[tuple[str, Imported]]:
    """What an import statement binds, by name."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            bound = alias.asname or alias.name.split(".")[0]
            yield bound, Imported(alias.name, alias=alias.asname or "")
    elif isinstance(statement, ast.ImportFrom):
        base = statement.module or ""
        if statement.level:
            above = ".".join(module.split(".")[: -statement.level])
            base = f"{above}.{base}".strip(".")
        for alias in statement.names:
            yield alias.asname or alias.name, Imported(base, alias.name, alias.asname or "")


def _binds(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of the top level binds, or fills as `NAME[key] = ...` does."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
        return
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
        targets = [statement.target]
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                yield node.id
                if isinstance(target, (ast.Subscript, ast.Attribute)):
                    break
