"""The files that a script brings along: those that its code reads, if they are small."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from harness.reproduce.closure import Closure
from harness.reproduce.errors import Unflattenable
from harness.reproduce.files import paths
from harness.reproduce.fixtures import Behaviour
from harness.reproduce.given import pack
from harness.reproduce.modules import Place
from harness.vocabulary.subjects import Subject

MOST = 900_000
"""Characters that the files of a script may take in it, compressed."""

SMALL = 100_000
"""Bytes up to which a folder comes along whole."""

DRAWN = "harness.standalone.drawn"
ARCHITECTURES = "fixtures/architectures"
CONVERSION = ("harness/subjects/convert_gguf.py", "fixtures/stacks/conversion.txt")

Content = Callable[[str], bytes | None]
Below = Callable[[str], tuple[str, ...]]


def embedded(
    closure: Closure, subject: Subject | None, behaviour: Behaviour, content: Content, below: Below
) -> Mapping[str, bytes]:
    """The files by path below home. Raises Unflattenable where they are too many or too large."""
    wanted = dict.fromkeys(_read(closure, behaviour, content, below))
    files = {path: _bytes(path, content) for path in wanted}
    if Place(DRAWN, "read_drawn") in closure.references:
        files |= _drawn(behaviour, content, below)
    if Place("harness.standalone.subjects", "files_of_subject") in closure.references:
        files |= _of_subject(subject, content)
    size = sum(map(len, files.values()))
    if size > MOST // 2 and sum(len(pack(data)) for data in files.values()) > MOST:
        named = ", ".join(sorted(files)[:4])
        raise Unflattenable(f"it reads {size / 1e6:.1f} MB of the project's files ({named})")
    return files


def _bytes(path: str, content: Content) -> bytes:
    data = content(path)
    if data is None:
        raise Unflattenable(f"it reads {path}, which is none of the project's files")
    return data


def _read(closure: Closure, behaviour: Behaviour, content: Content, below: Below) -> Iterator[str]:
    """The files named; of a folder all, or of a large one those that a text in the code names."""
    for path in paths(closure):
        if path in (".", ARCHITECTURES):
            continue
        if content(path) is not None:
            yield path
        else:
            every = below(path)
            small = sum(len(_bytes(file, content)) for file in every) <= SMALL
            yield from every if small else _named(path, every, _words(closure, behaviour))


def _named(path: str, files: Iterable[str], words: Collection[str]) -> list[str]:
    """The files of a folder with one of `words` in their path below it; all if there is none."""
    every = list(files)
    parts = {file: set(file[len(path) + 1 :].split("/")) for file in every}
    return [file for file in every if not parts[file].isdisjoint(words)] or every


def _words(closure: Closure, behaviour: Behaviour) -> set[str]:
    """What may name something in a folder: parameters, and texts in the behaviour's code."""
    return {*_texts(" ".join(behaviour.parameters.values())), *_constants(closure)}


def _texts(expressions: str) -> set[str]:
    return {part.strip("'\"") for part in expressions.split()}


def _constants(closure: Closure) -> set[str]:
    return {
        node.value
        for place in closure.order
        if place.module.startswith("suites")
        for statement in closure.module(place.module).definitions[place.name]
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _drawn(behaviour: Behaviour, content: Content, below: Below) -> dict[str, bytes]:
    """The tiny models that the parameters name, and the lines of the index about them."""
    index = json.loads(_bytes(f"{ARCHITECTURES}/index.json", content))
    names = _texts(" ".join(behaviour.parameters.values())) & index.keys()
    if not names:
        raise Unflattenable("it does not say which of the tiny models it reads")
    kept = {name: {key: index[name][key] for key in ("model_type", "head")} for name in names}
    files = {f"{ARCHITECTURES}/index.json": json.dumps(kept).encode()}
    for name in sorted(names):
        files |= {p: _bytes(p, content) for p in below(f"{ARCHITECTURES}/{name}")}
    return files


def _of_subject(subject: Subject | None, content: Content) -> dict[str, bytes]:
    if subject is None:
        raise Unflattenable("its subject is not in the registry")
    if subject.source == "path":
        raise Unflattenable(f"its subject is a folder of yours, {subject.name}")
    if subject.source == "hub":
        raise Unflattenable(f"its subject, {subject.name}, is on a hub")
    if subject.source == "bundled" and not _is_tiktokens_own(subject):
        return {
            f"subject/{file.name}": _bytes(f"fixtures/{file.origin}", content)
            for file in subject.files
        }
    if subject.format == "gguf":
        return {path: _bytes(path, content) for path in CONVERSION}
    return {}


def _is_tiktokens_own(subject: Subject) -> bool:
    """Whether it is an encoding that tiktoken fetches itself: those are too large to bring."""
    return subject.format == "tiktoken" and not subject.pattern
