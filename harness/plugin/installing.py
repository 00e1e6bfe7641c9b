"""No behaviour changes the stack under test: a library that would install into it is refused.

transformer-lens runs `uv pip install torchvision` where a processor does not load, which puts
another torch in place of the one under test; whatever ran after it would be of that one.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path, PurePath
from typing import Any

import pytest

_INSTALLERS = re.compile(r"(pip[\d.]*|uv|easy_install|conda|mamba)(\.exe)?")
_CHANGES = {"install", "uninstall", "sync", "add", "remove"}
_ELSEWHERE = ("--python", "-p", "--target", "-t", "--prefix", "--root")
_SHELLS = {"sh", "bash", "dash", "zsh"}
_ENDS = {";", "&&", "||", "|", "&"}

_COMMAND_OF = {
    "subprocess.Popen": 1,
    "os.exec": 1,
    "os.posix_spawn": 1,
    "os.spawn": 2,
    "os.system": 0,
}
"""Which argument of each of the interpreter's audit events is the command."""


class _Guard:
    """`refused` holds what a behaviour tried to run; None while none runs."""

    def __init__(self) -> None:
        self.refused: list[str] | None = None
        self._hooked = False

    def hook(self) -> None:
        """Listen, once a process: the interpreter offers no way to stop."""
        if not self._hooked:
            self._hooked = True
            sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        place = _COMMAND_OF.get(event)
        if place is None or self.refused is None:
            return
        words = _words(arguments[place])
        if changes_stack(words, Path(sys.prefix)):
            command = shlex.join(words)
            self.refused.append(command)
            raise PermissionError(f"refused: {command} (a test run installs nothing)")


_guard = _Guard()


def pytest_configure() -> None:
    _guard.hook()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Refuse while the behaviour and its fixtures run, and warn of what was refused."""
    outer, _guard.refused = _guard.refused, []
    try:
        return (yield)
    finally:
        refused, _guard.refused = _guard.refused, outer
        for command in dict.fromkeys(refused or ()):
            text = f"refused, for a test run installs nothing: {command}"
            item.warn(pytest.PytestWarning(text))


def changes_stack(words: Sequence[str], prefix: Path) -> bool:
    """Whether a command line has pip, uv or conda change the environment at `prefix`.

    One that names another place for what it installs does not. What a program does by itself,
    and pip called as a function, is not seen.
    """
    return any(_changes(command, prefix) for command in _commands(words))


def _changes(command: Sequence[str], prefix: Path) -> bool:
    place = command.index("-m") + 1 if "-m" in command[:-1] else 0
    if not command or not _INSTALLERS.fullmatch(PurePath(command[place]).name):
        return False
    rest = command[place + 1 :]
    named = [_place(value) for value in _values(rest)]
    here = prefix.resolve()
    elsewhere = bool(named) and not any(each == here or here in each.parents for each in named)
    return bool(_CHANGES.intersection(rest)) and not elsewhere


def _place(value: str) -> Path:
    """An interpreter is a link out of its environment: its folder says which it is."""
    path = Path(value).absolute()
    return path.parent.resolve() / path.name


def _values(words: Sequence[str]) -> Iterable[str]:
    """The values of the options that say where to install."""
    for word, following in zip(words, [*words, ""][1:], strict=True):
        option, equals, value = word.partition("=")
        if option in _ELSEWHERE:
            yield value if equals else following


def _commands(words: Sequence[str]) -> Iterable[list[str]]:
    """The commands of a command line: of a shell's script each one, else the line itself."""
    if len(words) > 2 and PurePath(words[0]).name in _SHELLS and words[1] == "-c":
        words = _split(words[2])
    command: list[str] = []
    for word in (*words, ";"):
        if word in _ENDS:
            yield command
            command = []
        else:
            command.append(word)


def _words(command: Any) -> list[str]:
    """A command as the interpreter's events give it: text or bytes, one or a sequence."""
    if isinstance(command, (str, bytes, os.PathLike)):
        return _split(os.fsdecode(command))
    return [os.fsdecode(word) for word in command or ()]


def _split(script: str) -> list[str]:
    lexer = shlex.shlex(script, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return script.split()
