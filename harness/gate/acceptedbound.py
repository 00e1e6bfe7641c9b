"""`until` of an accepted change: the package and the versions at which an acceptance ends. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from harness.vocabulary.stacks import LIBRARIES, import_name
from harness.vocabulary.tables import TableError

_ENDS = {"<", "<=", "==", "===", "~="}
"""Without one of these a requirement has no version at which it ends."""

_NAMED = re.compile(r"\s*([A-Za-z][\w.-]*)\s*[<>=!~]")
_VERSION = re.compile(r"\d+(?:\.\d+)*")
_USUAL = "transformers"


def read_bound(text: str, place: str, about: str) -> Requirement:
    """`until` as a requirement that a later version will not meet.

    `about` is what the entry accepts: of it a package is proposed where `text` names none.
    Raises TableError that proposes a bound like `text`.
    """
    try:
        found = Requirement(text)
    except InvalidRequirement:
        found = None
    if found is not None and _is_version(found.name):
        found = None
    plain = found is not None and not (found.extras or found.marker or found.url)
    if found is not None and plain and _ends(found):
        return found
    raise TableError(
        f"{text!r} never ends" if plain else f"{text!r} is no bound",
        where=f"{place}, until",
        allowed='a package and the versions for which the change is accepted: "transformers<5.25"',
        next=f'until = "{_meant(text, found, about)}", or another release at which somebody shall '
        "look again",
    )


def _is_version(name: str) -> bool:
    """Whether it is a version alone, which may stand where a package's name does: `0.3`."""
    try:
        Version(name)
    except InvalidVersion:
        return False
    return True


def _ends(bound: Requirement) -> bool:
    return bool(_ENDS & {each.operator for each in bound.specifier})


def _meant(text: str, found: Requirement | None, about: str) -> str:
    """A bound like `text`, which `found` is if it is a requirement at all."""
    if found is None:
        named = _NAMED.match(text)
        versions = _VERSION.findall(text, named.end() if named else 0)
        return f"{named[1] if named else _library(about)}<{versions[-1] if versions else 1}"
    if _ends(found):
        return f"{found.name}{found.specifier}"
    return f"{found.name}<{_after([each.version for each in found.specifier])}"


def _after(named: Sequence[str]) -> str:
    """The next minor release after all versions that were `named`."""
    if not named:
        return "1"
    major, minor = (*max(Version(each.removesuffix(".*")) for each in named).release, 0)[:2]
    return f"{major}.{minor + 1}"


def _library(about: str) -> str:
    """The library that stands last in `about`, which is what a test's file is called by."""
    places = {each: max(about.rfind(each), about.rfind(import_name(each))) for each in LIBRARIES}
    last = max(places, key=places.__getitem__)
    return last if places[last] >= 0 else _USUAL
