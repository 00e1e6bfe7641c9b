"""The definitions of a closure as one text: the project's own lines, with names that fit."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from harness.reproduce.closure import Closure, Foreign, Reference
from harness.reproduce.errors import Unflattenable
from harness.reproduce.modules import Module, Place, Text, imported

Named = Place | Foreign


@dataclass(frozen=True)
class Edit:
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Flat:
    """`imports` are lines; `definitions` are texts in order, by where each is from."""

    imports: tuple[str, ...]
    definitions: tuple[tuple[Place, str], ...]


def flatten(closure: Closure, preferred: Mapping[Place, str]) -> Flat:
    """One text of everything in `closure`, with the names `preferred` where they fit."""
    names = _choose(closure, preferred)
    texts = tuple((place, _written(closure, place, names)) for place in closure.order)
    return Flat(tuple(_imports(names)), texts)


def _choose(closure: Closure, preferred: Mapping[Place, str]) -> dict[Named, str]:
    """A name for each definition and import that nothing else in the script has."""
    shadowed: dict[Named, set[str]] = {}
    for references in closure.references.values():
        for reference in references:
            shadowed.setdefault(reference.target, set()).update(reference.use.around)
    every: dict[Named, None] = dict.fromkeys(
        target for found in closure.references.values() for target in (r.target for r in found)
    )
    foreign = [each for each in every if isinstance(each, Foreign)]
    names: dict[Named, str] = {}
    taken: set[str] = set()
    every_one: list[Named] = [*preferred, *foreign, *closure.order]
    for each in every_one:
        if each in names or (isinstance(each, Place) and each not in closure.references):
            continue
        unfit = taken | shadowed.get(each, set())
        names[each] = next(name for name in _proposals(each, preferred) if name not in unfit)
        taken.add(names[each])
    return names


def _proposals(each: Named, preferred: Mapping[Place, str]) -> Iterator[str]:
    if isinstance(each, Place) and each in preferred:
        yield preferred[each]
    short = each.short if isinstance(each, Foreign) else each.name
    last = each.module.rpartition(".")[2]
    yield from (short, f"{short}_of_{last}")
    yield from (f"{short}_{number}" for number in range(2, 100))


def _imports(names: Mapping[Named, str]) -> Iterator[str]:
    plain: list[str] = []
    given: dict[str, list[str]] = {}
    for each, name in names.items():
        if isinstance(each, Foreign) and each.name is None:
            unlike = name != each.module.split(".")[0]
            plain.append(f"import {each.module}" + (f" as {name}" if unlike else ""))
        elif isinstance(each, Foreign):
            alias = f" as {name}" if name != each.name else ""
            given.setdefault(each.module, []).append(f"{each.name}{alias}")
    yield from sorted(plain)
    for module, these in sorted(given.items()):
        yield f"from {module} import {', '.join(sorted(these))}"


def _written(closure: Closure, place: Place, names: Mapping[Named, str]) -> str:
    """The definition's statements as they stand in their file, edited."""
    module = closure.module(place.module)
    edits = [
        edit
        for reference in closure.references[place]
        for edit in _renaming(reference, names, module.text)
    ]
    parts = []
    for statement in module.definitions[place.name]:
        start, end = _span(statement, module.text, place in closure.bare)
        own = [*edits, *_cleaning(statement, module, names[place])]
        parts.append(_apply(module.text.content, start, end, own))
    text = re.sub(r"  # (noqa|fmt|type).*", "", "\n".join(parts))
    return re.sub(r"^( *def \w+)\(\n +([^\n]{,70}?),?\n *\):", r"\1(\2):", text, flags=re.M)


def _renaming(reference: Reference, names: Mapping[Named, str], text: Text) -> Iterator[Edit]:
    use, name = reference.use, names[reference.target]
    if use.chain[0] == "__file__":
        yield Edit(use.start, use.ends[0], f'{name}() / "{text.path}"')
        return
    if reference.parts == 1 and use.chain[0] == name:
        return
    end = use.ends[reference.parts - 1]
    written = re.sub(r"\s", "", text.content[use.start : end])
    if written != ".".join(use.chain[: reference.parts]):
        raise Unflattenable(f"{'.'.join(use.chain)} stands in a text that cannot be taken apart")
    yield Edit(use.start, end, name)


def _span(statement: ast.stmt, text: Text, bare: bool) -> tuple[int, int]:
    """Whole lines, from the first decorator on unless it is to be `bare`."""
    first = statement.lineno
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and not bare:
        first = min([first, *(each.lineno for each in statement.decorator_list)])
    last = statement.end_lineno or first
    return text.line_start(first), text.line_start(last) + len(text.lines[last - 1].rstrip("\n"))


def _cleaning(statement: ast.stmt, module: Module, name: str) -> Iterator[Edit]:
    """Its own name, annotations of functions, imports of the project, its own file."""
    text = module.text
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and statement.name != name:
        word = "class" if isinstance(statement, ast.ClassDef) else "def"
        start = text.start(statement) + len(word) + 1
        yield Edit(start, start + len(statement.name), name)
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef):
            yield from _without_annotations(node, text)
            yield from _without_imports(node, text)


def _without_annotations(function: ast.FunctionDef, text: Text) -> Iterator[Edit]:
    every = ast.walk(function.args)
    for argument in every:
        if isinstance(argument, ast.arg) and argument.annotation is not None:
            end = text.end(argument.annotation)
            blank = re.compile(r"\s*=\s*").match(text.content, end)
            start = text.start(argument) + len(argument.arg)
            yield Edit(start, blank.end() if blank else end, "=" if blank else "")
    if function.returns is not None:
        start = text.content.rindex("->", 0, text.start(function.returns))
        start = len(text.content[:start].rstrip())
        yield Edit(start, text.end(function.returns), "")
    for node in ast.walk(function):
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            yield Edit(text.end(node.target), text.end(node.annotation), "")


def _without_imports(function: ast.FunctionDef, text: Text) -> Iterator[Edit]:
    body = function.body
    for statement in body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            ours = [what.ours for _, what in imported(statement)]
            if any(ours):
                last = statement.end_lineno or statement.lineno
                if last < len(text.lines) and not text.lines[last].strip():
                    last += 1
                end = text.line_start(last) + len(text.lines[last - 1])
                yield Edit(text.line_start(statement.lineno), end, "")


def _apply(content: str, start: int, end: int, edits: Collection[Edit]) -> str:
    parts, at = [], start
    for edit in sorted(
        {e for e in edits if start <= e.start and e.end <= end + 1}, key=lambda e: e.start
    ):
        if edit.start < at:
            raise Unflattenable("two edits of one place")
        parts += [content[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, content[at:end]])
