"""Which files of the project a script's code reads, as far as its text says so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from harness.reproduce.closure import HOME, Closure
from harness.reproduce.modules import Module


def paths(closure: Closure) -> list[str]:
    """Paths below home, of files and folders, that expressions of the closure's code name."""
    found: dict[str, None] = {}
    for place in closure.order:
        if place.module.startswith("harness.standalone"):
            continue
        module = closure.module(place.module)
        for statement in module.definitions[place.name]:
            looked = _Paths(closure, module)
            if not looked.is_path(statement):
                found |= dict.fromkeys(looked.within(statement))
        found.pop(module.text.path, None)
    return list(found)


class _Paths:
    def __init__(self, closure: Closure, module: Module) -> None:
        self.closure = closure
        self.module = module

    def is_path(self, statement: ast.stmt) -> bool:
        """Whether it is a constant that is a path: that is looked at where it is used."""
        if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
            return False
        return self.fold(statement.value) is not None

    def within(self, node: ast.AST) -> Iterator[str]:
        """The longest expressions that are paths."""
        path = self.fold(node) if isinstance(node, ast.expr) else None
        if path is not None:
            yield str(path)
            return
        for child in ast.iter_child_nodes(node):
            yield from self.within(child)

    def fold(self, node: ast.expr | None) -> PurePosixPath | None:
        """The path below home that an expression names; None where it is no such."""
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            left, right = self.fold(node.left), _text(node.right)
            return left / right if left is not None and right is not None else None
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            inner = self.fold(node.value)
            return inner.parent if inner is not None else None
        if isinstance(node, ast.Subscript):
            return self._above(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        return None

    def _name(self, name: str) -> PurePosixPath | None:
        if name == "__file__":
            return PurePosixPath(self.module.text.path)
        statements = self.module.definitions.get(name, ())
        if statements and isinstance(statements[0], (ast.Assign, ast.AnnAssign)):
            return self.fold(statements[0].value)
        what = self.module.imports.get(name)
        other = self.closure.sources.module(what.module) if what and what.ours else None
        if other is None or what is None or what.name is None:
            return None
        return _Paths(self.closure, other)._name(what.name)

    def _above(self, node: ast.Subscript) -> PurePosixPath | None:
        """`path.parents[2]`"""
        inner, index = node.value, node.slice
        if not (isinstance(inner, ast.Attribute) and inner.attr == "parents"):
            return None
        path = self.fold(inner.value)
        if path is None or not isinstance(index, ast.Constant):
            return None
        return path.parents[int(str(index.value))]

    def _call(self, node: ast.Call) -> PurePosixPath | None:
        if isinstance(node.func, ast.Name):
            if self._is_home(node.func.id):
                return PurePosixPath()
            known = node.func.id in ("Path", "str") and len(node.args) == 1
            return self.fold(node.args[0]) if known else None
        if not isinstance(node.func, ast.Attribute):
            return None
        path = self.fold(node.func.value)
        parts = [part for part in map(_text, node.args) if part is not None]
        if path is None or len(parts) != len(node.args):
            return None
        if node.func.attr == "joinpath":
            return path.joinpath(*parts)
        if node.func.attr == "with_name":
            return path.with_name(*parts)
        return path if node.func.attr in ("resolve", "absolute") else None

    def _is_home(self, name: str) -> bool:
        return any(
            reference.target == HOME and reference.use.chain[0] == name
            for place in self.closure.order
            if place.module == self.module.name
            for reference in self.closure.references[place]
        )


def _text(node: ast.expr) -> str | None:
    constant = node.value if isinstance(node, ast.Constant) else None
    return constant if isinstance(constant, str) else None
