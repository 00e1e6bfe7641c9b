"""Rows of a surface, each against a definition written here and read by eye."""

from __future__ import annotations

import enum
import types
from dataclasses import dataclass, field

import pytest

from harness.measure import surface


class Shade(enum.Enum):
    DARK = 1


class Base:
    limit = 3

    def close(self) -> None: ...


class Ours(float):
    """A number that is written otherwise, as numpy's are."""

    def __repr__(self) -> str:
        return "Ours(0.5)"


class Lamp(Base):
    """A class with a member of each sort."""

    shade: object = Shade.DARK
    _private = 1

    def __init__(self, watts: int, colour: str = "white") -> None: ...

    def light(self, *rooms: str, dim: bool = False, **more: object) -> None: ...

    def __len__(self) -> int:
        return 0

    @property
    def hot(self) -> bool:
        return True

    @staticmethod
    def cheapest(of: object = object()) -> None: ...

    @classmethod
    def from_file(cls, path: str) -> None: ...


def test_a_class_is_told_by_a_row_for_each_public_name_and_optional_parameter():
    assert surface.of_class(Lamp) == {
        "bases": "Base",
        "()": "(watts)",
        "(colour)": "#2 = 'white'",
        "__len__": "()",
        "cheapest": "()",
        "cheapest(of)": "#1 = <object>",
        "close": "()",
        "from_file": "(path)",
        "hot": "attribute",
        "light": "()",
        "light(*rooms)": "any",
        "light(dim)": "= False",
        "light(**more)": "any",
        "limit": "3",
        "shade": "Shade.DARK",
    }


def test_of_a_compiled_callable_only_the_defaults_are_told():
    rows = surface.callable_rows("sorted", sorted)
    assert rows == {"sorted": "(…)", "sorted(key)": "= None", "sorted(reverse)": "= False"}
    assert surface.callable_rows("split", str.split, bound=False)["split(maxsplit)"] == "= -1"
    assert surface.callable_rows("", complex) == {"()": "(…)"}


def test_named_members_are_told_alone_and_a_name_that_is_not_there_is_left_out():
    rows = surface.of_class(Lamp, ["limit", "none_such"])
    assert set(rows) == {"bases", "()", "(colour)", "limit"}


def test_what_a_class_has_from_outside_its_library_is_left_out():
    class Table(dict):  # type: ignore[type-arg]
        def added(self) -> None: ...

    assert surface.of_class(Table) == {"bases": "dict", "added": "()"}


def test_a_function_that_another_library_put_into_a_class_is_left_out():
    class Patched:
        def ours(self) -> None: ...

    Patched.theirs = types.FunctionType((lambda self: None).__code__, {"__name__": "theirs"})  # type: ignore[attr-defined]
    assert "ours" in surface.of_class(Patched)
    assert "theirs" not in surface.of_class(Patched)


def test_an_optional_parameter_before_another_moves_it_and_one_behind_does_not():
    def before(a, b=1): ...
    def behind(a, b=1, c=2): ...
    def between(a, c=2, b=1): ...

    old = surface.callable_rows("f", before)
    assert old.items() <= surface.callable_rows("f", behind).items()
    assert surface.callable_rows("f", between)["f(b)"] == "#3 = 1" != old["f(b)"]


def test_a_parameter_that_must_be_given_changes_the_first_row():
    assert surface.callable_rows("f", lambda a, b: None) == {"f": "(a, b)"}


def test_a_module_is_told_by_what_its_own_library_made():
    module = types.ModuleType("ours.inner")
    own = types.FunctionType((lambda: None).__code__, {"__name__": "ours.inner"})
    vars(module).update(own=own, foreign=field, inner=types, LIMIT=5, _hidden=1)
    assert surface.of_module(module) == {"own": "()", "LIMIT": "5"}


def test_a_declared_name_that_does_not_import_says_what_it_raises():
    module = types.ModuleType("ours")
    module.__all__ = ["lazy"]  # type: ignore[attr-defined]

    def absent(name: str) -> object:
        raise ImportError(name)

    module.__getattr__ = absent  # type: ignore[method-assign]
    assert surface.of_module(module) == {"lazy": "raises ImportError"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "None"),
        ("/home/someone/cache/file", "'<path>'"),
        ({"b": 1, "a": (2, "x")}, "{'b': 1, 'a': (2, 'x')}"),
        ({"b", "a"}, "{'a', 'b'}"),
        (Ours(0.5), "0.5"),
        (Shade.DARK, "Shade.DARK"),
        (Base, "Base"),
        (Base(), "<Base>"),
        ("x" * 100, "'" + "x" * 58 + "…"),
    ],
)
def test_a_value_is_told_briefly_and_without_anything_of_this_machine(value, told):
    assert surface.brief(value) == told


def test_a_configuration_is_told_by_its_fields_without_the_version_that_wrote_it():
    @dataclass
    class Config:
        layers: int = 2
        names: tuple[str, ...] = ("a",)
        transformers_version: str = "5.0"
        _private: int = 0

    assert surface.fields_of(Config()) == {"layers": "2", "names": "('a')"}
