"""Methods of the project's classes that nothing in a script calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from harness.reproduce.closure import Closure
from harness.reproduce.modules import Module


def without_idle_methods(closure: Closure) -> dict[str, str]:
    """The files with such methods, by path, without them.

    A method is called by its name, so one whose name is read off nothing is not; what Python
    itself calls stays, and so does all of a class that inherits: its base may call it.
    """
    classes = [
        (closure.module(place.module), statement)
        for place in closure.order
        for statement in closure.module(place.module).definitions[place.name]
        if isinstance(statement, ast.ClassDef) and not statement.bases
    ]
    idle = _idle(closure, [cls for _, cls in classes])
    files: dict[str, str] = {}
    for module in {id(module): module for module, _ in classes}.values():
        own = [m for other, cls in classes if other is module for m in methods(cls) if m in idle]
        if own:
            files[module.text.path] = _without(module, own)
    return files


def _idle(closure: Closure, classes: Iterable[ast.ClassDef]) -> set[ast.FunctionDef]:
    """What is left of the methods after those that code in use names, one after the other."""
    idle = {method for cls in classes for method in methods(cls)}
    used = {
        name
        for place in closure.order
        for statement in closure.module(place.module).definitions[place.name]
        for name in _read(statement, idle)
    }
    while found := {method for method in idle if method.name in used}:
        idle -= found
        used |= {name for method in found for name in _read(method, idle)}
    return idle


def methods(cls: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    for statement in cls.body:
        if isinstance(statement, ast.FunctionDef) and not statement.name.startswith("__"):
            yield statement


def _read(node: ast.AST, left_out: set[ast.FunctionDef]) -> Iterator[str]:
    """The attributes that code reads; that of the methods `left_out` does not count."""
    if isinstance(node, ast.Attribute):
        yield node.attr
    for child in ast.iter_child_nodes(node):
        if child not in left_out:
            yield from _read(child, left_out)


def _without(module: Module, idle: Iterable[ast.FunctionDef]) -> str:
    """The file's text without these methods and the empty lines above them."""
    lines: list[str | None] = list(module.text.lines)
    for method in idle:
        first = min([method.lineno, *(each.lineno for each in method.decorator_list)]) - 1
        while first and not module.text.lines[first - 1].strip():
            first -= 1
        for number in range(first, method.end_lineno or method.lineno):
            lines[number] = None
    return "".join(line for line in lines if line is not None)
