"""Reading what was given to an option: refused at once where it cannot be meant."""

from __future__ import annotations

import argparse
import difflib
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.vocabulary.cells import PRECISIONS, check_device, lacks
from harness.vocabulary.errors import UsageError
from harness.vocabulary.threads import most_threads

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_MEANT = {
    "fp32": "float32", "half": "float16", "fp16": "float16", "bf16": "bfloat16",
    "8bit": "int8", "4bit": "nf4", "gpu": "cuda",
}  # fmt: skip
"""What other tools call a precision or device."""


class _Once(argparse.Action):
    """Stores an option's value, and refuses a second one: the first would be lost unsaid."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given: set[str] = vars(namespace).setdefault("given", set())
        if option_string is not None and self.dest in given:
            first = getattr(namespace, self.dest)
            raise argparse.ArgumentError(
                self, f"given twice, as {str(first)!r} and {str(values)!r}: give one of them"
            )
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def once(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Have every option of `parser` that stores one value refuse to be given twice."""
    parser.register("action", None, _Once)
    parser.register("action", "store", _Once)
    return parser


def path(text: str) -> Path:
    """A path; an empty text is none, though Path takes it for the working directory."""
    if text.strip():
        return Path(text)
    raise argparse.ArgumentTypeError("an empty path")


def count(text: str) -> int:
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")


def threads(text: str) -> int:
    if text.isdecimal() and 0 < int(text) <= most_threads():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of threads from 1 to {most_threads()}")


def count_or_none(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")


def seconds(text: str) -> float:
    value = _number(text)
    if 0 < value < math.inf:
        return value
    raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")


def days(text: str) -> float:
    value = _number(text)
    if 0 <= value < math.inf:
        return value
    raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 0")


def size(text: str) -> int:
    """Bytes from `4GiB`, `500MB` or a plain number."""
    digits = text.rstrip("KMGiIBbkmg").strip()
    unit = text[len(digits) :].strip().upper()
    try:
        found = int(float(digits) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        found = 0
    if found > 0:
        return found
    raise argparse.ArgumentTypeError(f"{text!r} is no size such as 4GiB")


def _number(text: str) -> float:
    """Not a number where `text` is none: that fails every comparison."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def words(values: Iterable[str], option: str, allowed: str) -> list[str]:
    """The comma-separated words of a repeatable option; a value without any is refused.

    Nothing given means all: an empty value, as an unset variable leaves it, must not. A
    comma in brackets belongs to its word.
    """
    found: list[str] = []
    for value in values:
        parts = [part.strip() for part in re.split(r",(?![^\[\]]*\])", value) if part.strip()]
        if not parts:
            raise UsageError(
                f"{option} is empty",
                where=f'{option} "{value}"',
                allowed=allowed,
                next=f"name one, or leave {option} out",
            )
        found += parts
    return found


def precisions(values: Iterable[str]) -> list[str]:
    """What `--precision` named. Raises UsageError."""
    found = words(values, "--precision", ", ".join(PRECISIONS))
    for name in found:
        if name not in PRECISIONS:
            raise UsageError(
                f"unknown precision {name!r}",
                where=f"--precision {','.join(values)}",
                allowed=", ".join(PRECISIONS),
                next=f"--precision {near(name, PRECISIONS) or PRECISIONS[0]}",
            )
    return found


def devices(values: Iterable[str]) -> list[str]:
    """What `--device` named. Raises UsageError."""
    found = words(values, "--device", "cpu, cuda, cuda:N, mps")
    for name in found:
        try:
            check_device(name)
        except UsageError as error:
            numbered = re.fullmatch(r"(?:cuda|gpu)[-_ :]?(\d+)", name.lower())
            close = f"cuda:{numbered[1]}" if numbered else near(name, ("cpu", "cuda", "mps"))
            raise UsageError(
                error.what,
                where=f"--device {','.join(values)}",
                allowed=error.allowed,
                next=f"--device {close or 'cpu'}",
            ) from None
    return found


def check_together(precisions: Iterable[str], devices: Iterable[str]) -> None:
    """Raise UsageError where a device that was named lacks a precision that was."""
    named = list(precisions)
    for device in devices:
        for precision in named:
            why = lacks(precision, device)
            if why:
                able = [name for name in PRECISIONS if not lacks(name, device)]
                raise UsageError(
                    why,
                    where=f"--precision {precision} --device {device}",
                    allowed=f"on {device}: {', '.join(able)}",
                    next=f"leave out {precision}, or gate it on --device cpu",
                )


def subject(argument: str) -> str:
    """A `--subject` argument with its path made absolute. Raises UsageError for an empty part."""
    name, equals, folder = argument.partition("=")
    if not name.strip() or (equals and not folder.strip()):
        raise UsageError(
            "--subject without a name" if not name.strip() else f"subject {name!r} has no path",
            where=f'--subject "{argument}"',
            allowed="NAME of a subject, or NAME=PATH for a folder of your own",
            next="harness subjects list" if not equals else f"--subject {name or 'mine'}=PATH",
        )
    return f"{name}={Path(folder).expanduser().absolute()}" if equals else name


def subjects_file(path: Path | None) -> Path | None:
    """The user's own registry; raises UsageError where there is no such file."""
    if path is None or path.is_file():
        return path
    raise UsageError(
        "the file of subjects is a folder" if path.is_dir() else "there is no such file",
        where=f"--subjects-file {path}",
        allowed="a TOML file with an entry a subject, as fixtures/subjects.toml is",
        next="--subject NAME=PATH gates a folder without any file of subjects",
    )


def near(word: str, allowed: Sequence[str]) -> str | None:
    """Which of `allowed` was meant, as far as can be told."""
    meant = _MEANT.get(word.lower())
    if meant in allowed:
        return meant
    close = difflib.get_close_matches(word.lower(), allowed, n=1)
    return close[0] if close else None
