"""From a stack argument to what is to be resolved."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from harness.stacks.pins import (
    ARGUMENT_SYNTAX,
    PIN_SYNTAX,
    Pin,
    read_pins,
    read_specifiers,
    split,
)
from harness.vocabulary.errors import UsageError
from harness.vocabulary.stacks import LIBRARIES

REFERENCE = "reference"
TOOLS: tuple[str, ...] = ("pytest", "syrupy", "pytest-benchmark", "pytest-xdist")
"""What runs the behaviours inside a stack."""
_OTHERS = frozenset({".csv", ".html", ".json", ".jsonl", ".lock", ".md", ".toml", ".xml", ".yaml"})
"""What files are called that people give for pins: reports, records, locks of other tools."""
HELD: frozenset[str] = frozenset({"torch"})
"""What moves only where the user names it: another build is gigabytes and another machine's."""


@dataclass(frozen=True)
class Request:
    """What a stack argument asks for.

    `required` must hold; `preferred` are pins kept unless something forces them to move;
    `named` are the packages that the user wrote versions for.
    """

    name: str
    required: tuple[Pin, ...]
    preferred: tuple[Pin, ...]
    named: frozenset[str]


def folder(home: Path) -> Path:
    return home / "fixtures" / "stacks"


def names(home: Path) -> list[str]:
    """The stacks that come along, and those put beside them."""
    return sorted(path.stem for path in folder(home).glob("*.txt"))


def understand(
    argument: str, *, home: Path, no_downgrade: bool = False, roots: tuple[str, ...] | None = None
) -> Request:
    """Read a stack argument: a name, a path to a file of pins, or specifiers over a stack.

    Specifiers are laid over the reference, or over the stack whose name comes first
    (`"bridge transformers==5.17.0"`). `roots` are the packages of that stack which must
    stay; by default its libraries under test and the tools. Raises UsageError.
    """
    words = split(argument)
    if not words:
        raise UsageError(
            "an empty stack argument",
            allowed=_allowed(home),
            next=f'"{LIBRARIES[1]}==VERSION" to lay a version over the reference',
        )
    known = names(home)
    if words == [argument.strip()] and words[0] in known:
        return _whole(argument.strip(), _read(folder(home) / f"{words[0]}.txt"), ())
    path = Path(argument.strip()).expanduser()
    if _looks_like_a_path(argument.strip()):
        return _whole(argument.strip(), _read(path), _reference(home))
    base, rest = (words[0], words[1:]) if words[0] in known else (REFERENCE, words)
    if words[0] not in known:
        _refuse_bare_name(words, home)
    overrides = read_specifiers(" ".join(rest), f"stack argument {argument!r}")
    pins = _read(folder(home) / f"{base}.txt")
    return overlay(argument.strip(), pins, overrides, no_downgrade, roots)


def overlay(
    name: str,
    pins: tuple[Pin, ...],
    overrides: tuple[Pin, ...],
    no_downgrade: bool,
    roots: tuple[str, ...] | None = None,
) -> Request:
    """Lay `overrides` over `pins`: roots stay required, every other pin is a preference."""
    named = frozenset(pin.package for pin in overrides)
    kept = set(roots) if roots is not None else default_roots(pins)
    required = list(overrides)
    for pin in pins:
        if pin.package in named or pin.package not in kept | HELD:
            continue
        if pin.package in HELD:
            required.append(pin)
        elif no_downgrade and pin.version is not None and pin.package not in TOOLS:
            required.append(Pin(pin.package, f">={pin.version}", pin.extras))
        else:
            required.append(Pin(pin.package, "", pin.extras))
    preferred = tuple(pin for pin in pins if pin.package not in HELD | named)
    return Request(name, tuple(required), preferred, named)


def default_roots(pins: tuple[Pin, ...]) -> set[str]:
    """The libraries and tools among `pins`; all of them where none is a library we know."""
    packages = {pin.package for pin in pins}
    return packages & {*LIBRARIES, *TOOLS} if packages & {*LIBRARIES} else packages


def _whole(name: str, pins: tuple[Pin, ...], reference: tuple[Pin, ...]) -> Request:
    """A file of pins as it stands, with what a stack cannot do without taken from `reference`."""
    packages = frozenset(pin.package for pin in pins)
    missing = [pin for pin in reference if pin.package not in packages]
    held = [pin for pin in missing if pin.package in HELD and _may_need(packages, pin.package)]
    tools = [Pin(pin.package, "") for pin in missing if pin.package in TOOLS]
    preferred = tuple(pin for pin in missing if pin.package not in HELD)
    return Request(name, (*pins, *held, *tools), preferred, packages)


def _may_need(packages: frozenset[str], held: str) -> bool:
    return bool(packages & {*LIBRARIES} - {held})


def _reference(home: Path) -> tuple[Pin, ...]:
    path = folder(home) / f"{REFERENCE}.txt"
    return _read(path) if path.is_file() else ()


def _looks_like_a_path(text: str) -> bool:
    return os.sep in text or text.endswith(".txt") or Path(text).is_file()


def _read(path: Path) -> tuple[Pin, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise UsageError(
            f"the file of pins {reason}",
            where=str(path),
            allowed="a text file of pins, one `name==version` a line",
            next=_beside(path) or "harness stacks list",
        ) from None
    try:
        return read_pins(text, str(path))
    except UsageError as error:
        raise _no_pins(path) or error from None


def _no_pins(path: Path) -> UsageError | None:
    """What to say of a file of another kind; None where it may be pins with a slip."""
    if path.suffix.lower() not in _OTHERS:
        return None
    return UsageError(
        f"a {path.suffix} file without pins is no stack",
        where=str(path),
        allowed=f"a text file of pins, {PIN_SYNTAX}; or {ARGUMENT_SYNTAX}",
        next="pip freeze > pins.txt writes such a file of what is installed",
    )


def _beside(path: Path) -> str:
    """A file in the same folder whose name is near; nothing where there is none."""
    try:
        others = [other.name for other in path.parent.iterdir() if other.is_file()]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, others, n=1, cutoff=0.7)
    return str(path.parent / close[0]) if close and close[0] != path.name else ""


def _refuse_bare_name(words: list[str], home: Path) -> None:
    word = words[0]
    if any(character in word for character in "<>=!~@"):
        return
    near = difflib.get_close_matches(word, names(home), n=1)
    version = words[1] if len(words) == 2 and words[1][0].isdigit() else "VERSION"
    raise UsageError(
        f"no stack is called {word!r}",
        where=str(folder(home)),
        allowed=_allowed(home),
        next=near[0] if near else f'"{word}=={version}" to lay a version over the reference',
    )


def _allowed(home: Path) -> str:
    return f"{', '.join(names(home))}; a file of pins; or {ARGUMENT_SYNTAX}"
