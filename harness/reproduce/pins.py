"""The libraries that a script needs, with their exact versions, and what they need in turn."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Installed:
    """What an environment holds: the package that gives each module, and what packages need."""

    versions: Mapping[str, str]
    gives: Mapping[str, str]
    needs: Mapping[str, tuple[str, ...]]


def modules(text: str) -> list[str]:
    """The libraries that a script's text imports, by the name that it imports."""
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= dict.fromkeys(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found[node.module.split(".")[0]] = None
    return [name for name in found if name not in sys.stdlib_module_names]


def packages(imported: Iterable[str], installed: Installed, also: Collection[str]) -> list[str]:
    """The packages of these modules, `also` those named, and all that they need; by name."""
    first = [installed.gives[name] for name in imported if name in installed.gives]
    return sorted(_with_needs([*first, *also], installed))


def _with_needs(first: Iterable[str], installed: Installed) -> set[str]:
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        package = waiting.pop()
        if package not in found and package in installed.versions:
            found.add(package)
            waiting += installed.needs.get(package, ())
    return found


def pinned(names: Iterable[str], versions: Mapping[str, str]) -> Iterator[str]:
    """As the index knows them: without the label of a local build, such as +cpu."""
    return (f"{name}=={public(versions[name])}" for name in names)


def public(version: str) -> str:
    return version.partition("+")[0]
