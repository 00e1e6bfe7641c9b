"""From a name to a subject: `fixtures/subjects.toml`, the user's own file, and NAME=PATH."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from harness.subjects.folders import inspect_folder, subject_of_folder
from harness.vocabulary.errors import SubjectError, UsageError
from harness.vocabulary.subjects import Ability, File, Format, Source, Subject

Registry = Mapping[str, Subject]
"""Subjects by name, in the order of their file."""

_ABILITIES: tuple[str, ...] = get_args(Ability)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FIELDS = tuple(field.name for field in fields(Subject) if field.name != "name")
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "bundled": ("architecture", "format", "abilities", "files"),
    "wheel": (
        "architecture", "format", "abilities", "files", "package", "version", "package_sha256",
    ),
    "hub": ("architecture", "format", "abilities", "files", "repository", "revision"),
    "path": ("directory",),
}  # fmt: skip


def read_registry(home: Path, extra: Path | None = None) -> Registry:
    """The subjects of `home/fixtures/subjects.toml`, then those of the user's file `extra`.

    A name in `extra` replaces the same name. Raises SubjectError naming the file, the
    entry, the field and what is allowed there.
    """
    registry = _read(home / "fixtures" / "subjects.toml")
    if extra is not None:
        registry |= _read(extra)
    return registry


def select(registry: Registry, names: Iterable[str] = ()) -> tuple[Subject, ...]:
    """The subjects that `names` ask for, in that order; without names the default ones.

    A name is one of the registry's, or NAME=PATH for a folder of the user's. Raises
    UsageError for an unknown name, SubjectError for a folder that is no subject.
    """
    chosen = {subject.name: subject for subject in (_choose(registry, name) for name in names)}
    if chosen:
        return tuple(chosen.values())
    return tuple(subject for subject in registry.values() if subject.default)


def _choose(registry: Registry, argument: str) -> Subject:
    name, equals, path = argument.partition("=")
    if equals:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot name a subject",
                where=f"--subject {argument}",
                allowed="small letters, digits, '.', '_' and '-'",
                next="--subject mine=/path/to/folder",
            )
        return subject_of_folder(name, Path(path))
    if argument in registry:
        return registry[argument]
    close = difflib.get_close_matches(argument, registry, n=1)
    raise UsageError(
        f"unknown subject {argument!r}" + (f": did you mean {close[0]!r}?" if close else ""),
        where=f"--subject {argument}",
        allowed=", ".join(registry),
        next=f"--subject {close[0] if close else next(iter(registry), 'NAME')}, "
        f"or --subject {argument}=PATH for a folder of your own",
    )


def _read(path: Path) -> dict[str, Subject]:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SubjectError("the file of subjects does not exist", where=str(path)) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SubjectError(
            f"the file of subjects is unreadable: {error}", where=str(path)
        ) from None
    return {name: _parse(path, name, entry) for name, entry in entries.items()}


def _parse(path: Path, name: str, entry: Any) -> Subject:
    """One entry as a subject; folders it names are relative to its file."""
    check = _Check(path, name)
    if not isinstance(entry, dict):
        raise check.error("", "is no table", f"[{name}]")
    if not _NAME.fullmatch(name):
        raise check.error("", "has a bad name", "small letters, digits, '.', '_' and '-'")
    for key in entry:
        check.member(key, "is unknown", key, _FIELDS)
    source = check.member("source", "is unknown", entry.get("source"), get_args(Source))
    for key in _REQUIRED[source]:
        if key not in entry:
            raise check.error(
                key, f"is missing for a {source} subject", ", ".join(_REQUIRED[source])
            )
    values = {key: check.value(key, value) for key, value in entry.items()}
    if source == "path":
        return _path_subject(path, name, values)
    if source == "bundled":
        values["directory"] = str(path.parent.resolve() / values.get("directory", ""))
    return Subject(name=name, **values)


def _path_subject(path: Path, name: str, values: dict[str, Any]) -> Subject:
    """What the entry leaves out is read from the folder itself."""
    folder = path.parent.resolve() / Path(values.pop("directory")).expanduser()
    if {"architecture", "format", "abilities"} <= set(values):
        inspect_folder(folder)
        return Subject(name=name, directory=str(folder), **values)
    found = subject_of_folder(name, folder)
    inferred = {
        "architecture": found.architecture,
        "format": found.format,
        "abilities": found.abilities,
    }
    return Subject(name=name, directory=str(folder), **(inferred | values))


class _Check:
    """Checks the fields of one entry; errors name the file, the entry and the field."""

    def __init__(self, path: Path, entry: str) -> None:
        self.path = path
        self.entry = entry

    def error(self, field: str, what: str, allowed: str) -> SubjectError:
        about = f"field {field!r} {what}" if field else what
        return SubjectError(
            f"subject {self.entry!r}: {about}", where=f"{self.path} [{self.entry}]", allowed=allowed
        )

    def member(self, field: str, what: str, value: Any, allowed: tuple[str, ...]) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        shown = what if value is None or field == value else f"is {value!r}"
        raise self.error(field, shown, ", ".join(allowed))

    def value(self, field: str, value: Any) -> Any:
        """`value` in the type that Subject holds it."""
        if field == "default":
            if isinstance(value, bool):
                return value
            raise self.error(field, f"is {value!r}", "true, false")
        if field in ("files", "converted"):
            return self._files(field, value)
        if field == "abilities":
            return self._abilities(value)
        if not isinstance(value, str):
            raise self.error(field, f"is {value!r}", "a string")
        if field == "format":
            return self.member(field, "is unknown", value, get_args(Format))
        if field == "package_sha256":
            return self._matching(field, value, _SHA256, "64 hexadecimal digits")
        if field == "revision":
            return self._matching(field, value, _COMMIT, "a commit: 40 hexadecimal digits")
        return value

    def _matching(self, field: str, value: Any, pattern: re.Pattern[str], allowed: str) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        raise self.error(field, f"is {value!r}", allowed)

    def _abilities(self, value: Any) -> frozenset[str]:
        if not isinstance(value, list) or not value:
            raise self.error("abilities", f"is {value!r}", f"a list of {', '.join(_ABILITIES)}")
        return frozenset(self.member("abilities", "is unknown", item, _ABILITIES) for item in value)

    def _files(self, field: str, value: Any) -> tuple[File, ...]:
        shape = 'a list of {origin = "…", name = "…", sha256 = "…"}, not empty'
        if not isinstance(value, list) or not value:
            raise self.error(field, f"is {value!r}", shape)
        return tuple(self._file(field, item, shape) for item in value)

    def _relative(self, field: str, value: Any) -> str:
        if (
            isinstance(value, str)
            and not Path(value).is_absolute()
            and ".." not in Path(value).parts
        ):
            return value
        raise self.error(field, f"has the name {value!r}", "a relative path without '..'")

    def _file(self, field: str, item: Any, shape: str) -> File:
        if not isinstance(item, dict) or not {"name", "sha256"} <= set(item):
            raise self.error(field, f"has {item!r}", shape)
        if set(item) - {"origin", "name", "sha256"}:
            raise self.error(field, f"has {item!r}", shape)
        name = self._relative(field, item["name"])
        origin = self._relative(field, item.get("origin", name))
        sha256 = self._matching(f"{field}.sha256", item["sha256"], _SHA256, "64 hexadecimal digits")
        return File(origin=origin, name=name, sha256=sha256)
