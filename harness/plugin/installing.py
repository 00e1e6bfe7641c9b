"""No behaviour changes the stack under test: a library that would install into it is refused.

transformer-lens runs `uv pip install torchvision` where a processor does not load, which puts
another torch in place of the one under test; whatever ran after it would be of that one.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any
from unittest import mock

import pytest

_PYTHON = re.compile(r"(python|pypy)[\d.]*(\.exe)?")
_PIP = re.compile(r"pip[\d.]*(\.exe)?")
_CHANGES = {
    "pip": {"install", "uninstall"},
    "uv": {"add", "remove", "sync", "pip install", "pip uninstall", "pip sync"},
    "conda": {"install", "remove", "uninstall", "update"},
}
_PLACES = ("--target", "-t", "--prefix", "--root", "--name", "-n")
"""Options that say where to install, whatever the interpreter is; of conda, which environment."""

_INTERPRETER = ("--python", "-p")
_SHELL = re.compile(r"(ba|da|z)?sh")
_BEFORE = re.compile(r"env|sudo|nohup|time|[A-Za-z_]\w*=.*")
"""What may stand before the program of a command."""

_ONLY_TELLS = {"--help", "-h", "--dry-run"}

_ENDS = {";", "&&", "||", "|", "&", "(", ")"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Refuse while the behaviour and its fixtures run, and warn of what was refused."""
    refused: dict[str, None] = {}
    with _refusing(refused):
        result = yield
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        for command in refused:
            text = f"refused, for a test run installs nothing: {command}"
            item.warn(pytest.PytestWarning(text))
    return result


@contextlib.contextmanager
def _refusing(refused: dict[str, None]) -> Iterator[None]:
    """In the block no command is started that `changes_stack`; it is put among `refused`."""
    start, system = subprocess.Popen.__init__, os.system

    def check(words: Sequence[str]) -> None:
        if changes_stack(words, Path(sys.prefix)):
            command = shlex.join(words)
            refused[command] = None
            raise PermissionError(f"refused: {command} (a test run installs nothing)")

    def checked_start(popen: Any, args: Any, *rest: Any, **options: Any) -> None:
        check(_words(args, shell=bool(options.get("shell"))))
        start(popen, args, *rest, **options)

    def checked_system(command: Any) -> int:
        check(_words(command, shell=True))
        return system(command)

    with (
        mock.patch.object(subprocess.Popen, "__init__", checked_start),
        mock.patch.object(os, "system", checked_system),
    ):
        yield


def changes_stack(words: Sequence[str], prefix: Path) -> bool:
    """Whether a command line has pip, uv or conda change the environment at `prefix`.

    One that names another place does not. What a program starts in its turn is not seen, nor is
    pip called as a function.
    """
    return any(_changes(command, prefix) for command in _commands(words))


def _changes(command: Sequence[str], prefix: Path) -> bool:
    tool, rest = _tool(command)
    said = " ".join([word for word in rest if not word.startswith("-")][:2])
    asked = any(said == each or said.startswith(f"{each} ") for each in _CHANGES.get(tool, ()))
    changes = asked and _ONLY_TELLS.isdisjoint(rest)
    return changes and not _is_elsewhere(rest, prefix.resolve())


def _tool(command: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Which of the tools that install a command runs, "" if none, and what it is told."""
    first = next((nth for nth, word in enumerate(command) if not _BEFORE.fullmatch(word)), None)
    if first is None:
        return "", ()
    name, rest = PurePath(command[first]).name, command[first + 1 :]
    if _PYTHON.fullmatch(name):
        name, rest = _module(rest)
    if _PIP.fullmatch(name):
        return "pip", rest
    name = name.removesuffix(".exe")
    return {"mamba": "conda", "micromamba": "conda"}.get(name, name), rest


def _module(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """What `python -m MODULE` runs, and what it is told; none where a script or code is run."""
    for nth, word in enumerate(words):
        if word == "-m":
            return (words[nth + 1], words[nth + 2 :]) if nth + 1 < len(words) else ("", ())
        if word.startswith("-m"):
            return word[2:], words[nth + 1 :]
        if not word.startswith("-") or word == "-c":
            break
    return "", ()


def _is_elsewhere(words: Sequence[str], prefix: Path) -> bool:
    """Whether another place than `prefix` is named. An interpreter without a folder may be any."""
    places = list(_values(words, _PLACES))
    if not places:
        places = [each for each in _values(words, _INTERPRETER) if os.sep in each]
    found = [_place(each) for each in places]
    return bool(found) and not any(each == prefix or prefix in each.parents for each in found)


def _place(value: str) -> Path:
    """An interpreter is a link out of its environment: its folder says which it is."""
    path = Path(value).absolute()
    return path.parent.resolve() / path.name


def _values(words: Sequence[str], options: Sequence[str]) -> Iterable[str]:
    """The values of options, given as `--name VALUE`, `--name=VALUE` or `-nVALUE`."""
    for word, following in zip(words, [*words, ""][1:], strict=True):
        option, equals, value = word.partition("=")
        short = word[:2] if word[:1] == "-" and word[:2] != "--" else ""
        if word in options:
            yield following
        elif equals and option in options:
            yield value
        elif len(word) > 2 and short in options:
            yield word[2:]


def _commands(words: Sequence[str]) -> Iterable[list[str]]:
    """The commands of a command line: of a shell's script each one, else the line itself."""
    script = _script(words)
    command: list[str] = []
    for word in (*(words if script is None else _split(script)), ";"):
        if word in _ENDS:
            yield command
            command = []
        else:
            command.append(word)


def _script(words: Sequence[str]) -> str | None:
    """What a shell is told to run; None where the program is none."""
    if not words or not _SHELL.fullmatch(PurePath(words[0]).name):
        return None
    told = (nth for nth, word in enumerate(words) if re.fullmatch(r"-\w*c", word))
    nth = next(told, len(words))
    return words[nth + 1] if nth + 1 < len(words) else None


def _words(command: Any, *, shell: bool) -> list[str]:
    """A command as `subprocess` and `os.system` take it, as the words of a command line."""
    alone = isinstance(command, (str, bytes, os.PathLike))
    words = [os.fsdecode(each) for each in ([command] if alone else command)]
    return ["sh", "-c", *words] if shell else words


def _split(script: str) -> list[str]:
    lexer = shlex.shlex(script.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return script.split()
