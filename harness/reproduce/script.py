"""One stand-alone script for a change, put together from the project's own code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from harness.reproduce import frame, given, pins
from harness.reproduce.closure import Closure
from harness.reproduce.embedding import embedded
from harness.reproduce.expectation import expectation
from harness.reproduce.fixtures import Behaviour, Call, calls, required_packages
from harness.reproduce.flatten import Flat, flatten
from harness.reproduce.idle import without_idle_methods
from harness.reproduce.modules import Place, Read, Sources
from harness.reproduce.ordering import sections
from harness.reproduce.pruning import chosen, pruned
from harness.vocabulary.blame import Change
from harness.vocabulary.cells import QUANTISED, Cell
from harness.vocabulary.stacks import Lock
from harness.vocabulary.subjects import Subject

ENTRY = "harness.standalone.entry"
RUN = Place(ENTRY, "run")
MAIN = Place("harness.standalone.showing", "main")
STANDALONE = "harness.standalone."

INSTEAD: Mapping[Place, Place] = {
    Place("harness.vocabulary.places", "home"): Place("harness.standalone.files", "home"),
    Place("harness.vocabulary.errors", "HarnessError"): Place(
        "harness.standalone.errors", "HarnessError"
    ),
    **{
        Place("harness.subjects.drawn", name): Place("harness.standalone.drawn", name)
        for name in ("Drawn", "read_drawn", "drawn_folder")
    },
}
"""What a script has in the place of something that reads or checks more than it needs."""

REFUSED: Mapping[str, str] = {
    "harness.plugin.fixtures": "it uses {name}, which only a run of pytest has",
    "harness.plugin.options": "it uses {name}, which only a run of pytest has",
    "harness.speed": "it measures time: harness bench compares that, interleaved and repeated",
    "harness.vocabulary.places.cache_dir": "it reads the harness's cache",
}


@dataclass(frozen=True)
class Stack:
    """One of the two stacks: its versions, and what its environment holds."""

    lock: Lock
    installed: pins.Installed


@dataclass(frozen=True)
class Asked:
    """A change to write a script for.

    `digest` is that of the subject's files; `parameters` are Python expressions by name;
    `beside` packages that it needs though nothing in its text names them.
    """

    change: Change
    cell: Cell
    subject: Subject | None
    digest: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """The project's files: their text, their bytes, and what lies below a folder, by path."""

    text: Read
    content: Callable[[str], bytes | None]
    below: Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class Script:
    """A script by the name that its file should have, and the packages that it needs, a side."""

    name: str
    text: str
    packages: Mapping[str, tuple[str, ...]]


def script(
    asked: Asked, baseline: Stack, candidate: Stack, project: Project, python: str
) -> Script:
    """The script that shows `asked`. `python` is the version (3.11) that both stacks run on.

    Raises Unflattenable with the reason where there can be none.
    """
    change = asked.change
    expected = expectation(change.baseline, change.candidate)
    behaviour = Behaviour(change.behaviour, asked.parameters)
    chain = calls(behaviour, Sources(project.text))
    overlay = {
        "harness/standalone/given.py": given.module(
            asked.cell, asked.subject, asked.digest, expected
        ),
        "harness/standalone/entry.py": _entry(behaviour, chain),
    }
    bare = frozenset(call.definition for call in chain if not _ours(call.definition))
    closure = _closure(project.text, overlay, bare)
    overlay |= pruned(closure, chosen(asked.parameters))
    closure = _closure(project.text, overlay, bare)
    overlay |= without_idle_methods(closure)
    closure = _closure(project.text, overlay, bare)
    files = embedded(closure, asked.subject, behaviour, project.content, project.below)
    made = {call.definition: f"make_{call.name}" for call in chain if _is_fixture(call)}
    flat = flatten(closure, {RUN: "run", MAIN: "main"} | made)
    required = required_packages(behaviour, Sources(project.text))
    needs = _needs(asked.cell, [*required, *asked.beside], flat, baseline, candidate)
    filled = {
        place: given.filled(place, needs.baseline, files) or text
        for place, text in flat.definitions
    }
    body = [frame.imports(flat.imports), *sections(closure, filled), frame.GUARD]
    head = "\n".join(frame.header(change, needs.pins, python))
    text = f"{head}\n" + "\n\n\n".join(body) + "\n"
    return Script(_file_name(change), text, needs.packages)


def _closure(text: Read, overlay: Mapping[str, str], bare: frozenset[Place]) -> Closure:
    """All that a script consists of, with `overlay` in the place of the project's own files."""
    sources = Sources(lambda path: overlay.get(path) or text(path))
    closure = Closure(sources, INSTEAD, REFUSED, bare)
    closure.add(RUN)
    closure.add(MAIN)
    return closure


@dataclass(frozen=True)
class _Needs:
    """The pins of the header, the baseline's versions of those that differ, names by side."""

    pins: tuple[str, ...]
    baseline: Mapping[str, str]
    packages: Mapping[str, tuple[str, ...]]


def _needs(
    cell: Cell, required: Iterable[str], flat: Flat, baseline: Stack, candidate: Stack
) -> _Needs:
    text = "\n".join([*flat.imports, *(each for _, each in flat.definitions)])
    imported = pins.modules(text)
    also = [cell.subject, *required]
    if cell.precision in QUANTISED:
        also += ["bitsandbytes", "accelerate"]
    if "device_map" in text:
        also.append("accelerate")
    before, after = baseline.lock.versions, candidate.lock.versions
    # What one side says it needs the other has too: it may need it without saying so.
    every = sorted(
        {
            name
            for side in (baseline, candidate)
            for name in pins.packages(imported, side.installed, also)
        }
    )
    old, new = ([name for name in every if name in side] for side in (before, after))
    differ = {
        name: pins.public(before.get(name, ""))
        for name in every
        if before.get(name) != after.get(name)
    }
    names = {"baseline": tuple(old), "candidate": tuple(new)}
    return _Needs(tuple(pins.pinned(new, after)), differ, names)


def _entry(behaviour: Behaviour, chain: tuple[Call, ...]) -> str:
    """The module that makes the fixtures and calls the behaviour."""
    lines = ["from contextlib import ExitStack, contextmanager", "import sys"]
    for call in chain:
        name = call.definition.name
        lines.append(f"from {call.definition.module} import {name} as {_called(call)}")
    lines += ["", "def run(observe, stack):"]
    lines.append(f'    """{behaviour.id}"""')
    fixtures = {call.name for call in chain}
    for name, value in behaviour.parameters.items():
        if name not in fixtures:
            lines.append(f"    {name} = {value}")
    for call in chain:
        function = f"contextmanager({_called(call)})" if call.ends else _called(call)
        made = f"{function}({', '.join(call.arguments)})"
        made = f"stack.enter_context({made})" if call.ends else made
        lines.append(f"    {call.name} = {made}" if call.name else f"    {made}")
    return "\n".join(lines) + "\n"


def _ours(place: Place) -> bool:
    return place.module.startswith(STANDALONE)


def _called(call: Call) -> str:
    return f"make_{call.name}" if _is_fixture(call) else call.definition.name


def _is_fixture(call: Call) -> bool:
    return bool(call.name) and call.definition.name != "Request"


def _file_name(change: Change) -> str:
    """A name for a file: the behaviour's, without what file systems refuse."""
    test = change.behaviour.rpartition("::")[2]
    plain = re.sub(r"[^A-Za-z0-9]+", "-", f"{test} {change.cell}").strip("-")
    return f"{plain[:120]}.py"
