"""The fixtures of a behaviour, in the order in which they are made, as plain calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.reproduce.errors import Unflattenable
from harness.reproduce.modules import Module, Place, Sources

BUILT_IN = "harness.standalone.fixtures"
GIVEN = ("observe",)


@dataclass(frozen=True)
class Behaviour:
    """A behaviour by its id: `suites/` + file, function, and parameters as expressions."""

    id: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return "suites/" + self.id.partition("::")[0]

    @property
    def function(self) -> str:
        return self.id.partition("::")[2].partition("[")[0]

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").replace("/", ".")


@dataclass(frozen=True)
class Call:
    """`name = definition(arguments)`; with `ends`, what follows its yield runs at the end."""

    name: str
    definition: Place
    arguments: tuple[str, ...]
    ends: bool


def calls(behaviour: Behaviour, sources: Sources) -> tuple[Call, ...]:
    """Every fixture that the behaviour needs, those that a fixture needs before it; then itself.

    Raises Unflattenable for a fixture that only pytest can give.
    """
    return tuple(_Chain(behaviour, sources).follow())


class _Chain:
    def __init__(self, behaviour: Behaviour, sources: Sources) -> None:
        self.behaviour = behaviour
        self.sources = sources
        self.made: dict[str, Call] = {}
        self.modules = list(self._modules())

    def _modules(self) -> Iterator[Module]:
        """Where fixtures are looked for: the nearest first."""
        parts = self.behaviour.module.split(".")
        names = [self.behaviour.module]
        names += [".".join([*parts[:depth], "conftest"]) for depth in range(len(parts) - 1, -1, -1)]
        for name in (*names, BUILT_IN):
            module = self.sources.module(name)
            if module is not None:
                yield module

    def follow(self) -> Iterator[Call]:
        test = self._test()
        for module in self.modules:
            for name, statements in module.definitions.items():
                if _is_fixture(statements[-1], "autouse"):
                    self._make(name)
        for name in _arguments(test):
            self._make(name)
        yield from self.made.values()
        place = Place(self.behaviour.module, self.behaviour.function)
        yield Call("", place, tuple(_arguments(test)), False)

    def _test(self) -> ast.FunctionDef:
        module = self.sources.module(self.behaviour.module)
        found = module.definitions.get(self.behaviour.function) if module else None
        if not found or not isinstance(found[0], ast.FunctionDef):
            raise Unflattenable("it is no function at the top of its file")
        return found[0]

    def _make(self, name: str) -> None:
        if name in self.made or name in GIVEN:
            return
        if name in self.behaviour.parameters and not self._takes_parameters(name):
            return
        place, function = self._find(name)
        for argument in _arguments(function):
            if argument == "request":
                self._request(name, function)
            else:
                self._make(argument)
        arguments = tuple(
            f"{name}_request" if argument == "request" else argument
            for argument in _arguments(function)
        )
        self.made[name] = Call(name, place, arguments, _yields(function))

    def _takes_parameters(self, name: str) -> bool:
        """Whether a parameter goes to the fixture of its name, not to the behaviour itself."""
        try:
            return "request" in _arguments(self._find(name)[1])
        except Unflattenable:
            return False

    def _find(self, name: str) -> tuple[Place, ast.FunctionDef]:
        for module in self.modules:
            for statement in module.definitions.get(name, ())[:1]:
                known = module.name == BUILT_IN or _is_fixture(statement)
                if isinstance(statement, ast.FunctionDef) and known:
                    return Place(module.name, name), statement
        raise Unflattenable(f"it asks for {name}, which only a run of pytest has")

    def _request(self, name: str, function: ast.FunctionDef) -> None:
        """What stands for pytest's request in a fixture: the values that it asks for by name."""
        asked = [
            node.args[0].value
            for node in ast.walk(function)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "getfixturevalue"
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ]
        for each in asked:
            self._make(each)
        param = self.behaviour.parameters.get(name, "None")
        arguments = (f'"{self.behaviour.path}"', param, *(f"{each}={each}" for each in asked))
        own = f"{name}_request"
        self.made[own] = Call(own, Place(BUILT_IN, "Request"), arguments, False)


def _is_fixture(statement: ast.stmt, keyword: str = "") -> bool:
    """Whether it is decorated as a fixture, with this keyword set to true if one is named."""
    for decorator in getattr(statement, "decorator_list", ()):
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(called, ast.Attribute) and called.attr == "fixture":
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            return not keyword or any(each.arg == keyword for each in keywords)
    return False


def _arguments(function: ast.FunctionDef) -> list[str]:
    return [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]


def _yields(function: ast.FunctionDef) -> bool:
    inner = {
        id(node)
        for other in ast.walk(function)
        if isinstance(other, ast.FunctionDef | ast.Lambda) and other is not function
        for node in ast.walk(other)
    }
    return any(isinstance(node, ast.Yield) and id(node) not in inner for node in ast.walk(function))


def required_packages(behaviour: Behaviour, sources: Sources) -> list[str]:
    """The packages that marks `requires(...)` of the behaviour and of its file name."""
    module = sources.module(behaviour.module)
    if module is None:
        return []
    marked = [
        *module.definitions.get(behaviour.function, ()),
        *module.definitions.get("pytestmark", ()),
    ]
    return [
        argument.value
        for statement in marked
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("requires")
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
