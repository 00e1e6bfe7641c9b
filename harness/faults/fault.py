"""What a fault is, and the list of all of them."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.faults.patch import Patch
from harness.vocabulary.errors import UsageError
from harness.vocabulary.stacks import LIBRARIES

Install = Callable[[Patch], None]

KINDS = (
    "position", "mask", "cache", "weights", "attention", "normalisation", "activation",
    "quantisation", "dtype", "sampling", "tokens", "hooks", "training", "defaults", "api",
    "files", "memory", "errors",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One small thing done wrong in one library.

    `id` begins with the library's name and a dot. `why` tells what a user would suffer.
    `sees` are folders, files or ids of the few behaviours that can notice it, as `--select`
    takes them. `install` puts it into the library, which it imports.
    """

    id: str
    library: str
    kind: str
    why: str
    sees: tuple[str, ...]
    install: Install

    @property
    def module(self) -> str:
        """The module that defines it."""
        return self.install.__module__


_known: dict[str, Fault] = {}


def fault(
    id: str, *, library: str, kind: str, why: str, sees: tuple[str, ...]
) -> Callable[[Install], Install]:
    """Make a fault of the function that installs it. Raises ValueError where the entry is wrong."""

    def register(install: Install) -> Install:
        entry = Fault(id, library, kind, why, sees, install)
        problem = _problem(entry)
        if problem:
            raise ValueError(f"fault {id!r}: {problem}")
        _known[id] = entry
        return install

    return register


def _problem(entry: Fault) -> str:
    if entry.library not in LIBRARIES:
        return f"no library under test is called {entry.library!r} ({', '.join(LIBRARIES)})"
    if not entry.id.startswith(f"{entry.library}."):
        return f"its id does not begin with {entry.library}."
    if entry.kind not in KINDS:
        return f"unknown kind {entry.kind!r} ({', '.join(KINDS)})"
    if not entry.why or not entry.sees:
        return "it lacks why or sees"
    other = _known.get(entry.id)
    if other is not None and other.install.__qualname__ != entry.install.__qualname__:
        return f"{other.install.__qualname__} has the same id"
    return ""


def all_faults() -> tuple[Fault, ...]:
    """Every fault of every `of_*` module beside this one, by library and id."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("of_"):
            importlib.import_module(f"harness.faults.{module.name}")
    order = {library: place for place, library in enumerate(LIBRARIES)}
    return tuple(sorted(_known.values(), key=lambda each: (order[each.library], each.id)))


def fault_named(id: str) -> Fault:
    """The fault of that id. Raises UsageError with those that come near."""
    faults = {each.id: each for each in all_faults()}
    if id in faults:
        return faults[id]
    words = {each.partition(".")[2]: each for each in faults}
    near = difflib.get_close_matches(id, faults, n=3)
    near += [
        words[word] for word in difflib.get_close_matches(id.partition(".")[2] or id, words, n=3)
    ]
    near += [each for each in faults if each.startswith(f"{id}.")][:3]
    found = list(dict.fromkeys(near))[:3]
    raise UsageError(
        f"no fault is called {id!r}" + (f"; near: {', '.join(found)}" if found else ""),
        where=f"--fault {id}",
        allowed=f"the id of one of {len(faults)} faults: harness sensitivity --list",
        next=f"--fault {found[0]}" if found else "harness sensitivity --list",
    )
