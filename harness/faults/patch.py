"""How a fault gets into a library that is loaded: attributes replaced, or a line of a function.

What cannot be replaced is an error: a fault that silently did nothing would count as unseen.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable
from importlib import metadata
from types import CodeType, FunctionType, ModuleType
from typing import Any

from harness.vocabulary.errors import ExitCode, HarnessError


class FaultError(HarnessError):
    """A fault cannot be put into the library as this stack has it."""

    exit_code = ExitCode.INCONCLUSIVE


class Patch:
    """Puts one fault into loaded libraries. `fault` is its id, for errors.

    Where an owner is a module, what other loaded modules took from it under the same name is
    replaced with it: `from a import f` leaves a second name of `f`.
    """

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self._edited: dict[FunctionType, str] = {}

    def module(self, name: str) -> Any:
        """Import a module of the library under test. Raises FaultError where there is none."""
        try:
            return importlib.import_module(name)
        except ImportError as error:
            raise self._error(f"no module {name}: {error}", name) from None

    def replace(self, owner: Any, name: str, new: Any) -> None:
        """Set the attribute `name` of a module, a class or an object to `new`."""
        self._set(owner, name, new, self._found(owner, name))

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Set the attribute to what `make` makes of it.

        Of a static or class method and of a property, `make` is given the function (for a
        class method: that takes the class), and its result becomes one again. The result keeps
        the name and signature of the original: a fault is in what a function does.
        """
        found = self._found(owner, name)
        if isinstance(found, (staticmethod, classmethod)):
            new: Any = type(found)(_dressed(make(found.__func__), found.__func__))
        elif isinstance(found, property):
            if found.fget is None:
                raise self._error(f"the property {name} cannot be read", _name(owner))
            new = property(_dressed(make(found.fget), found.fget), found.fset, found.fdel)
        else:
            original = getattr(owner, name) if not inspect.isclass(owner) else found
            new = _dressed(make(original), original)
        self._set(owner, name, new, found)

    def item(self, mapping: Any, key: Any, make: Callable[[Any], Any]) -> None:
        """Set an entry of a mapping or list of the library to what `make` makes of it."""
        try:
            original = mapping[key]
        except (KeyError, IndexError):
            raise self._error(f"no entry {key!r}", type(mapping).__name__) from None
        mapping[key] = make(original)

    def edit(self, owner: Any, name: str, old: str, new: str) -> None:
        """Replace the piece of text `old`, there once, in the source of a function of the library.

        The function itself is changed, so that everything that has taken it meets the fault.
        """
        found = self._found(owner, name)
        if isinstance(found, property):
            found = found.fget
        function = inspect.unwrap(getattr(found, "__func__", found))
        where = f"{_name(owner)}.{name}"
        if not isinstance(function, FunctionType):
            raise self._error(f"{name} is not a function written in Python", where)
        source = self._edited.get(function) or textwrap.dedent(inspect.getsource(function))
        count = source.count(old)
        if count != 1:
            raise self._error(f"{old!r} is {count} times in its source, not once", where)
        self._edited[function] = source.replace(old, new)
        try:
            function.__code__ = _compiled(function, self._edited[function])
        except (SyntaxError, ValueError) as error:
            raise self._error(f"cannot be edited: {error}", where) from None

    def _found(self, owner: Any, name: str) -> Any:
        """The attribute as it stands: descriptors are not called."""
        if isinstance(owner, ModuleType):
            # transformers imports its modules when their names are first asked for.
            found = getattr(owner, name, _MISSING)
        else:
            found = inspect.getattr_static(owner, name, _MISSING)
        if found is _MISSING:
            raise self._error(f"no attribute {name!r}", _name(owner))
        return found

    def _set(self, owner: Any, name: str, new: Any, old: Any) -> None:
        try:
            setattr(owner, name, new)
        except (AttributeError, TypeError) as error:
            raise self._error(f"{name!r} cannot be set: {error}", _name(owner)) from None
        if isinstance(owner, ModuleType):
            for module in list(sys.modules.values()):
                if getattr(module, "__dict__", {}).get(name, _MISSING) is old:
                    setattr(module, name, new)

    def _error(self, what: str, where: str) -> FaultError:
        package = where.partition(".")[0]
        return FaultError(
            f"the fault {self.fault} cannot be installed: {what}",
            where=f"{where} of {package} {_version(package)}",
            allowed="a stack whose library still has it, such as the reference",
            next="harness sensitivity --stack reference --fault " + self.fault,
        )


_MISSING = object()


def _dressed(new: Any, original: Any) -> Any:
    return functools.update_wrapper(new, original) if inspect.isfunction(new) else new


def _name(owner: Any) -> str:
    if isinstance(owner, ModuleType):
        return owner.__name__
    if not inspect.isclass(owner):
        owner = type(owner)
    return f"{owner.__module__}.{owner.__qualname__}"


def _version(package: str) -> str:
    try:
        return metadata.version(package.replace("_", "-"))
    except metadata.PackageNotFoundError:
        return "(version unknown)"


def _compiled(function: FunctionType, source: str) -> CodeType:
    """The code of `source`, a definition of `function` without its decorators' effects.

    The free variables of the function (`super()` needs `__class__`) are made free again.
    """
    body = source[_start(source) :]
    free = function.__code__.co_freevars
    lines = ["from __future__ import annotations", "def _outer():"]
    lines += [f"    {name} = None" for name in free]
    lines += [textwrap.indent(body, "    "), f"    return {function.__name__}"]
    file = function.__code__.co_filename
    outer = compile("\n".join(lines), file, "exec").co_consts
    found = next(each for each in outer if isinstance(each, CodeType) and each.co_name == "_outer")
    code = next(
        each
        for each in found.co_consts
        if isinstance(each, CodeType) and each.co_name == function.__name__
    )
    if code.co_freevars != free:
        raise ValueError(f"its free variables are {free}, would be {code.co_freevars}")
    return code.replace(
        co_qualname=function.__code__.co_qualname,
        co_firstlineno=function.__code__.co_firstlineno,
    )


def _start(source: str) -> int:
    """Where the definition begins after its decorators."""
    at = 0
    for line in source.splitlines(keepends=True):
        if line.startswith(("def ", "async def ")):
            return at
        at += len(line)
    raise ValueError("its source is no definition")
