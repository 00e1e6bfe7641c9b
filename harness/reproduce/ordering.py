"""The order of a script: what it is about first, what runs it last."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from harness.reproduce.closure import Closure
from harness.reproduce.modules import Place

OWN = "harness.standalone."
ABOUT = f"{OWN}given"
ENTRY = f"{OWN}entry"
RUNNING = (OWN, "harness.plugin.")
"""The beginnings of modules that say nothing of the behaviour: they run it."""


def sections(closure: Closure, texts: Mapping[Place, str]) -> Iterator[str]:
    """The definitions' texts with the file that each is from above it, where that changes.

    A constant or a class needs what it is made of before it. Of the rest what a script brings
    along comes after the project's own code, and long data last.
    """
    early = _needed_at_once(closure)
    last = ""
    for place in sorted(texts, key=lambda place: _rank(place, early, texts[place])):
        path = closure.module(place.module).text.path
        text = texts[place]
        if path != last and not place.module.startswith(OWN):
            text = f"# from {path}\n\n{text}"
        elif path != last and last and not last.startswith(OWN.replace(".", "/")):
            text = f"# what runs it\n\n{text}"
        last = path
        yield text


def _rank(place: Place, early: set[Place], text: str) -> int:
    if place.module == ABOUT and len(text) < 4000:
        return 0
    if place in early or not place.module.startswith(RUNNING):
        return 1
    if place.module == ENTRY:
        return 2
    return 4 if place.module == ABOUT else 3


def _needed_at_once(closure: Closure) -> set[Place]:
    """What constants and classes refer to, and all that those refer to in turn."""
    found: set[Place] = set()
    waiting = [
        target
        for place in closure.order
        if not _waits(closure, place)
        for target in _targets(closure, place)
    ]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += _targets(closure, place)
    return found


def _waits(closure: Closure, place: Place) -> bool:
    """Whether a definition needs nothing until it is called."""
    statements = closure.module(place.module).definitions[place.name]
    return isinstance(statements[0], ast.FunctionDef) and not statements[0].decorator_list


def _targets(closure: Closure, place: Place) -> list[Place]:
    return [r.target for r in closure.references[place] if isinstance(r.target, Place)]
