"""What an index says of a package, read from its JSON (PEP 691) or HTML (PEP 503): pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


class NoListing(ValueError):
    """The text is not what an index says of a package."""


@dataclass(frozen=True)
class ListedFile:
    """One file of a release. `tags` are a wheel's, None for a source archive."""

    version: Version
    tags: frozenset[Tag] | None
    requires_python: str = ""
    uploaded: datetime | None = None
    yanked: bool = False
    yanked_because: str = ""


@dataclass(frozen=True)
class Entry:
    """A file as an index lists it, before its name is understood."""

    name: str
    requires_python: str = ""
    uploaded: str = ""
    yanked: bool = False
    yanked_because: str = ""


def read_listing(text: str, content_type: str) -> tuple[Entry, ...]:
    """The files that an index lists. Raises NoListing."""
    if content_type.partition(";")[0].strip().lower().endswith("json"):
        return tuple(_from_json(text))
    page = _Page()
    page.feed(text)
    _check(page.speaks)
    return tuple(page.entries)


def understand(package: str, entries: Iterable[Entry]) -> tuple[ListedFile, ...]:
    """Those of `entries` that are wheels or source archives of `package`; others are passed over.

    Nothing installs an egg, an installer, or a file whose name holds no version.
    """
    wanted = canonicalize_name(package)
    found = []
    for entry in entries:
        parsed = _parse(entry.name)
        if parsed is None or parsed[0] != wanted:
            continue
        found.append(
            ListedFile(
                parsed[1],
                parsed[2],
                entry.requires_python,
                _moment(entry.uploaded),
                entry.yanked,
                entry.yanked_because,
            )
        )
    return tuple(found)


def _parse(filename: str) -> tuple[str, Version, frozenset[Tag] | None] | None:
    try:
        if filename.endswith(".whl"):
            name, version, _, tags = parse_wheel_filename(filename)
            return name, version, tags
        name, version = parse_sdist_filename(filename)
        return name, version, None
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def _from_json(text: str) -> Iterator[Entry]:
    try:
        said = json.loads(text)
        _check(str(said.get("meta", {}).get("api-version", "1.0")))
        for file in said["files"]:
            yield _json_entry(file)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, NoListing):
            raise
        raise NoListing(f"no JSON of a package index (PEP 691): {error!r}") from None


def _json_entry(file: dict[str, Any]) -> Entry:
    yanked = file.get("yanked", False)
    return Entry(
        str(file["filename"]),
        file.get("requires-python") or "",
        file.get("upload-time") or "",
        bool(yanked) or isinstance(yanked, str),
        yanked if isinstance(yanked, str) else "",
    )


class _Page(HTMLParser):
    """The anchors of a PEP 503 page, and the version of the interface that it speaks (PEP 629)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.entries: list[Entry] = []
        self.speaks = "1.0"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attributes}
        if tag == "meta" and has.get("name") == "pypi:repository-version":
            self.speaks = has.get("content", self.speaks)
        if tag == "a" and "href" in has:
            self.entries.append(
                Entry(
                    unquote(urlsplit(has["href"]).path.rpartition("/")[2]),
                    has.get("data-requires-python", ""),
                    has.get("data-upload-time", ""),
                    "data-yanked" in has,
                    has.get("data-yanked", ""),
                )
            )


def _check(speaks: str) -> None:
    if speaks.partition(".")[0] != "1":
        raise NoListing(f"the index speaks version {speaks} of the interface, not 1")


def _moment(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
