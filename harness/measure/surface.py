"""The surface of a library: what it lets its users name, call and read, a short text a name.

Rows are made for reading a difference: a removed method is one row, a changed default is one
row. Private names, annotations, and whatever a class has from outside its own library (object,
dict, torch.nn.Module) are left out, and so is anything that another machine would show otherwise.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

SPECIAL = ("__call__", "__contains__", "__getitem__", "__iter__", "__len__", "__setitem__")
"""The dunder methods that users reach by syntax; other underscored names are private."""

POSITIONS = 4
"""How many parameters are held to their position: further ones nobody gives without a name."""

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_LONGEST = 60
_ABSENT = object()


def of_module(module: ModuleType, names: Sequence[str] = ()) -> dict[str, str]:
    """Rows of the public functions, classes and constants of `module`, or of `names` alone.

    A name that is declared but cannot be read (a lazy import that fails) says what it raises; one
    of `names` that the module has not is left out.
    """
    rows: dict[str, str] = {}
    for name in sorted(names or _public(module)):
        try:
            value = getattr(module, name, _ABSENT)
        except BaseException as error:
            rows[name] = f"raises {type(error).__name__}"
            continue
        if value is not _ABSENT and not isinstance(value, ModuleType):
            rows |= _rows(name, value)
    return rows


def of_class(owner: type, names: Sequence[str] = ()) -> dict[str, str]:
    """Rows of a class: its bases, its constructor as `()`, and its public members.

    With `names`, of the members those alone, wherever they are defined.
    """
    rows = {"bases": ", ".join(base.__name__ for base in owner.__bases__)}
    if issubclass(owner, enum.Enum):
        return rows | {name: brief(member.value) for name, member in owner.__members__.items()}
    own = list(_own_classes(owner))
    if any(name in vars(base) for base in own for name in ("__init__", "__new__")):
        rows |= callable_rows("", owner)
    for name in sorted(names or _members(own)):
        found = inspect.getattr_static(owner, name, _ABSENT)
        if found is not _ABSENT:
            rows |= _member(name, found)
    return rows


def callable_rows(name: str, function: Callable[..., Any], bound: bool = False) -> dict[str, str]:
    """Rows of a callable: `name` with what must be given, `name(parameter)` with each default.

    `encode: (sequence)` and `encode(pair): #2 = None`, where #2 is its position among those that
    may be given without a name. So an optional parameter that is added adds a row and changes
    none; one more that must be given changes the first. `bound` leaves the first parameter (self)
    out. Of a compiled callable, whose signature is what somebody wrote about it, only the defaults
    of what may be given are told, and nothing of a constructor.
    """
    head = name or "()"
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return {head: "(…)"}
    if parameters and (bound or parameters[0].name in ("self", "cls")):
        del parameters[0]
    if _compiled(function):
        told = [] if isinstance(function, type) else parameters
        optional = {f"{name}({p.name})": _default(p, 0) for p in told if not _required(p)}
        return {head: "(…)"} | optional
    rows = {head: f"({', '.join(p.name for p in parameters if _required(p))})"}
    for position, parameter in enumerate(parameters, start=1):
        if not _required(parameter):
            rows[f"{name}({_starred(parameter)})"] = _default(parameter, position)
    return rows


def _compiled(function: Callable[..., Any]) -> bool:
    if not isinstance(function, type):
        return inspect.isbuiltin(function) or inspect.ismethoddescriptor(function)
    makers = (getattr(function, name) for name in ("__init__", "__new__"))
    return not any(inspect.isfunction(maker) for maker in makers)


def brief(value: Any) -> str:
    """A value in few characters, without addresses, paths or anything of this machine."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, (type, ModuleType)) or inspect.isroutine(value):
        return str(getattr(value, "__name__", type(value).__name__))
    if isinstance(value, float):
        return repr(float(value))
    if value is None or isinstance(value, (bool, int, str)):
        return _cut(repr(value))
    if type(value) in (list, tuple, set, frozenset, dict):
        return _cut(_container(value))
    if type(value).__module__ == "torch" and type(value).__name__ in ("dtype", "device"):
        return str(value)
    if type(value).__name__ == "_HAS_DEFAULT_FACTORY_CLASS":
        return "<factory>"
    return f"<{type(value).__name__}>"


def fields_of(config: Any) -> dict[str, str]:
    """The fields of a configuration object (one with `to_dict`, or a dataclass), briefly."""
    if hasattr(config, "to_dict"):
        values = config.to_dict()
    else:
        values = {item.name: getattr(config, item.name) for item in dataclasses.fields(config)}
    return {
        name: brief(value)
        for name, value in sorted(values.items())
        if not name.startswith("_") and name != "transformers_version"
    }


def _rows(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, type):
        return {name: f"class({', '.join(base.__name__ for base in value.__bases__)})"}
    if callable(value):
        return callable_rows(name, value)
    return {name: brief(value)}


def _public(module: ModuleType) -> list[str]:
    """`__all__`; without one, what the module holds that its own library made."""
    declared = getattr(module, "__all__", None)
    if declared:
        return [name for name in declared if not name.startswith("_")]
    library = module.__name__.partition(".")[0]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and _belongs(value, library)
    ]


def _belongs(value: Any, library: str) -> bool:
    if isinstance(value, ModuleType):
        return False
    if callable(value):
        home = getattr(value, "__module__", None) or library
        return str(home).partition(".")[0] == library
    return isinstance(value, (bool, int, float, str, tuple, frozenset))


def _own_classes(owner: type) -> Iterator[type]:
    """The classes in the resolution order that come from the library of `owner`."""
    library = owner.__module__.partition(".")[0]
    for base in owner.__mro__:
        if base.__module__.partition(".")[0] == library and base is not object:
            yield base


def _members(own: Sequence[type]) -> set[str]:
    found = {name: value for base in reversed(own) for name, value in vars(base).items()}
    return {
        name
        for name, value in found.items()
        if (not name.startswith("_") or name in SPECIAL) and not _foreign(value, own[0])
    }


def _foreign(value: Any, owner: type) -> bool:
    """Whether another library put this function into the class when it was imported."""
    if not inspect.isfunction(value):
        return False
    return value.__module__.partition(".")[0] != owner.__module__.partition(".")[0]


def _member(name: str, found: Any) -> dict[str, str]:
    if isinstance(found, staticmethod):
        return callable_rows(name, found.__func__)
    if isinstance(found, classmethod):
        return callable_rows(name, found.__func__, bound=True)
    if isinstance(found, type):
        return {name: "class"}
    if inspect.isroutine(found):
        return callable_rows(name, found, bound=inspect.isfunction(found))
    if inspect.isdatadescriptor(found) or hasattr(found, "__get__"):
        return {name: "attribute"}
    return {name: brief(found)}


def _required(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty and not _stars(parameter)


def _stars(parameter: inspect.Parameter) -> str:
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return "*"
    return "**" if parameter.kind is inspect.Parameter.VAR_KEYWORD else ""


def _starred(parameter: inspect.Parameter) -> str:
    return _stars(parameter) + parameter.name


def _default(parameter: inspect.Parameter, position: int) -> str:
    if _stars(parameter):
        return "any"
    by_position = parameter.kind in _POSITIONAL and 0 < position <= POSITIONS
    return f"{f'#{position} ' if by_position else ''}= {brief(parameter.default)}"


def _container(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{brief(k)}: {brief(v)}" for k, v in value.items()) + "}"
    items = [brief(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(items)) + "}"
    opening, closing = "[]" if isinstance(value, list) else "()"
    return opening + ", ".join(items) + closing


def _cut(text: str) -> str:
    text = re.sub(r"(?<![\w.])/(?:[\w.~-]+/)+[\w.~-]*", "<path>", text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
