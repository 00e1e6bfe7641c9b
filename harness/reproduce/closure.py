"""Everything that a module's code needs of the project, followed from name to name."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.reproduce.errors import Unflattenable
from harness.reproduce.modules import Imported, Module, Place, Sources
from harness.reproduce.names import Use, uses

HOME = Place("harness.standalone.files", "home")
"""What a script has for the project's folder."""


@dataclass(frozen=True)
class Foreign:
    """What a library gives: `import module as alias`, or `from module import name as alias`."""

    module: str
    name: str | None = None
    alias: str = ""

    @property
    def short(self) -> str:
        """The name that the import binds."""
        return self.alias or self.name or self.module.split(".")[0]


@dataclass(frozen=True)
class Reference:
    """A use, what it means, and how many parts of its chain name that."""

    use: Use
    target: Place | Foreign
    parts: int


@dataclass
class Closure:
    """Definitions, each after those that it needs, and what is referred to in each.

    `instead` names what a script has in the place of something of the project; `refused` the
    beginnings of modules that no script may contain, with the reason. `bare` are functions whose
    decorators are left out.
    """

    sources: Sources
    instead: Mapping[Place, Place] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    bare: frozenset[Place] = frozenset()
    order: list[Place] = field(default_factory=list)
    references: dict[Place, list[Reference]] = field(default_factory=dict)

    def add(self, place: Place) -> None:
        """Put in `place` and all that it needs. Raises Unflattenable."""
        if place in self.references:
            return
        for beginning, why in self.refused.items():
            if f"{place.module}.{place.name}".startswith(beginning):
                raise Unflattenable(why.format(name=place.name))
        module = self.module(place.module)
        found = [
            reference
            for statement in module.definitions[place.name]
            for use in uses(_bare(statement) if place in self.bare else statement, module.text)
            if (reference := self._meaning(module, use)) is not None
        ]
        self.references[place] = found
        for reference in found:
            if isinstance(reference.target, Place):
                self.add(reference.target)
        self.order.append(place)

    def module(self, name: str) -> Module:
        found = self.sources.module(name)
        if found is None:
            raise Unflattenable(f"the module {name} is not one of the project's files")
        return found

    def _meaning(self, module: Module, use: Use) -> Reference | None:
        root = use.chain[0]
        if use.imported is not None:
            return self._through(use, use.imported, 1)
        if root in module.definitions:
            return Reference(use, self._instead(Place(module.name, root)), 1)
        if root in module.imports:
            return self._through(use, module.imports[root], 1)
        if root == "__file__":
            return Reference(use, HOME, 1)
        if root in module.types or hasattr(builtins, root) or root.startswith("__"):
            return None
        raise Unflattenable(f"{root} in {module.name} is defined nowhere")

    def _through(self, use: Use, what: Imported, parts: int) -> Reference:
        """Follow an import to a definition, over as many parts of the chain as it takes."""
        if not what.ours:
            return Reference(use, Foreign(what.module, what.name, what.alias), parts)
        if what.name is not None:
            found = self._named(what.module, what.name)
            if found is not None:
                if isinstance(found, Imported):
                    return self._through(use, found, parts)
                return Reference(use, found, parts)
            what = Imported(f"{what.module}.{what.name}")
        self.module(what.module)
        if parts >= len(use.chain):
            raise Unflattenable(f"the module {what.module} is handed on as a value")
        return self._through(use, Imported(what.module, use.chain[parts]), parts + 1)

    def _named(self, module: str, name: str) -> Place | Imported | None:
        """What `name` is in a module of ours: defined there, imported there, or a module itself."""
        place = self._instead(Place(module, name))
        found = self.sources.module(place.module)
        if found is None:
            return None
        if place.name in found.definitions:
            return place
        return found.imports.get(place.name)

    def _instead(self, place: Place) -> Place:
        return self.instead.get(place, place)


def _bare(statement: ast.stmt) -> ast.stmt:
    if not isinstance(statement, ast.FunctionDef):
        return statement
    return ast.FunctionDef(**(dict(ast.iter_fields(statement)) | {"decorator_list": []}))
