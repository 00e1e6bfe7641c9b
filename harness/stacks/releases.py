"""The releases of a package, from the package indexes and folders that uv is told of."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, sys_tags
from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.stacks.errors import UnknownPackage
from harness.stacks.indexes import Indexes, read_indexes, shown
from harness.stacks.listings import (
    Entry,
    ListedFile,
    NoListing,
    read_listing,
    understand,
)
from harness.stacks.pages import Page, fetch
from harness.stacks.resolve import unreachable
from harness.stacks.uv import default_index
from harness.vocabulary.releases import Fit, PackageRelease, PackageReleases


@dataclass(frozen=True)
class Machine:
    """What a file must fit: the version of the interpreter, and the tags of its wheels."""

    python: str
    tags: frozenset[Tag]


@dataclass(frozen=True)
class _Found:
    """What one index, page or folder has of a package."""

    place: str
    files: tuple[ListedFile, ...]
    page: Page | None = None


def list_releases(package: str, variables: Mapping[str, str] | None = None) -> PackageReleases:
    """All releases of `package`, oldest version first, whether or not they install here.

    `variables` is the environment that names the indexes, by default this process's. As uv
    does, only the first index that has the package counts (`UV_INDEX_STRATEGY` changes it),
    and the folders and pages of `UV_FIND_LINKS` always.

    Raises UnknownPackage where none has it; IndexUnreachable where an index does not answer
    and never did.
    """
    indexes = read_indexes(os.environ if variables is None else variables, default_index)
    name = canonicalize_name(package)
    found = [*_registries(name, indexes), *(_link(link, name, indexes) for link in indexes.links)]
    found = [each for each in found if each.files]
    if not found:
        raise _unknown(name, indexes)
    pages = [each.page for each in found if each.page is not None]
    return PackageReleases(
        name,
        gather((file for each in found for file in each.files), this_machine()),
        tuple(each.place for each in found),
        datetime.fromtimestamp(min(page.asked for page in pages), UTC) if pages else None,
        "; ".join(dict.fromkeys(page.stale for page in pages if page.stale)),
    )


@cache
def this_machine() -> Machine:
    """The interpreter that environments are built with, on this platform."""
    return Machine(platform.python_version(), frozenset(sys_tags()))


def gather(files: Iterable[ListedFile], machine: Machine) -> tuple[PackageRelease, ...]:
    """The releases that `files` make up, sorted by version, and what fits `machine`: pure."""
    releases: dict[Version, list[ListedFile]] = {}
    for file in files:
        releases.setdefault(file.version, []).append(file)
    return tuple(_release(version, releases[version], machine) for version in sorted(releases))


def _release(version: Version, files: list[ListedFile], machine: Machine) -> PackageRelease:
    for_python = [file for file in files if _takes(file, machine.python)]
    wheels = [f for f in for_python if f.tags is not None and f.tags & machine.tags]
    sources = [f for f in for_python if f.tags is None]
    offered = wheels or sources or files
    yanked = all(file.yanked for file in offered)
    return PackageRelease(
        str(version),
        Fit.WHEEL if wheels else Fit.SOURCE if sources else Fit.NONE,
        min((file.uploaded for file in files if file.uploaded), default=None),
        yanked,
        next((f.yanked_because for f in offered if f.yanked_because), "") if yanked else "",
        next((f.requires_python for f in offered if f.requires_python), ""),
        "" if wheels or sources else _unfit(files, for_python, machine),
    )


def _takes(file: ListedFile, python: str) -> bool:
    """Whether a file takes this interpreter; a requirement that nobody can read excludes none."""
    try:
        return SpecifierSet(file.requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True


def _unfit(files: list[ListedFile], for_python: list[ListedFile], machine: Machine) -> str:
    if for_python:
        return "no wheel for this platform and interpreter, and no source"
    wanted = " or ".join(sorted({file.requires_python for file in files}))
    return f"requires Python {wanted}, and this is {machine.python}"


def _registries(name: str, indexes: Indexes) -> list[_Found]:
    found: list[_Found] = []
    for registry in indexes.registries:
        page = fetch(f"{registry}/{name}/", indexes)
        if page is None:
            continue
        found.append(_Found(shown(registry), _files(page, name, registry), page))
        if not indexes.united:
            break
    return found


def _link(link: str, name: str, indexes: Indexes) -> _Found:
    if urlsplit(link).scheme in ("http", "https"):
        page = fetch(link, indexes)
        return _Found(shown(link), _files(page, name, link) if page else (), page)
    folder = Path(unquote(urlsplit(link).path) if link.startswith("file:") else link).expanduser()
    try:
        entries = [Entry(path.name) for path in sorted(folder.iterdir())]
    except OSError as error:
        advice = "name folders that can be read in UV_FIND_LINKS"
        raise unreachable(f"{folder}: {error.strerror}", advice) from None
    return _Found(str(folder), understand(name, entries))


def _files(page: Page, name: str, address: str) -> tuple[ListedFile, ...]:
    try:
        return understand(name, read_listing(page.body, page.content_type))
    except NoListing as error:
        raise unreachable(f"{shown(address)}: {error}") from None


def _unknown(name: str, indexes: Indexes) -> UnknownPackage:
    asked = [*map(shown, indexes.registries), *map(shown, indexes.links)]
    return UnknownPackage(
        f"the package index has no package {name!r}",
        conflict=(name,),
        reasons=(f"{name} is not on the package index",),
        where=", ".join(asked) or "no index and no folder of wheels is named",
        next="check the spelling, or name the index that has it in UV_INDEX",
    )
