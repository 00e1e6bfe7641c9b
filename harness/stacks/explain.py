"""Putting the resolver's explanation in plain words, and finding the smallest conflict: pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from harness.stacks.pins import Pin

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_CLAUSE = r"[<>=!~]=?=?[A-Za-z0-9.*+!_-]*[A-Za-z0-9*]"
_RANGE = rf"(?:{_CLAUSE}(?:,{_CLAUSE})*)"
_DEPENDS = re.compile(
    rf"(?P<all>all versions of )?(?P<package>{_NAME})(?P<range>{_RANGE})? depends? on "
    rf"(?P<dependency>{_NAME})(?P<bound>{_RANGE})?"
)
_ABSENT_PACKAGE = re.compile(
    rf"(?P<package>{_NAME}) was not found in "
    "(?:the package registry|the provided package locations)"
)
_ABSENT_VERSION = re.compile(
    rf"there (?:is|are) no versions? of (?P<package>{_NAME})(?P<range>{_RANGE})"
    rf"|only (?:the following versions of )?(?P<only>{_NAME})(?P<available>{_RANGE})? "
    "(?:is|are) available"
)


def plain(said: str) -> str:
    """uv's standard error as one line of prose, without its labels and conclusions."""
    text = re.sub(r"^\s*(error|cause|warning):\s*", "", said, flags=re.MULTILINE)
    text = re.split(r"\n\s*hint:", text)[0]
    text = " ".join(text.split())
    text = text.removeprefix("No solution found when resolving dependencies ")
    text = text.replace("your requirements are unsatisfiable", "nothing satisfies them all")
    text = text.replace("we can conclude that ", "").replace("you require", "what is asked for is")
    return text


def mentioned(said: str, requirements: Sequence[Pin]) -> tuple[Pin, ...]:
    """Those of `requirements` whose package the resolver names."""
    found = set(re.findall(_NAME, said))
    found |= {re.split(r"[<>=!~]", word)[0] for word in said.split()}
    return tuple(pin for pin in requirements if pin.package in found)


def smallest_conflict(
    requirements: Sequence[Pin], solvable: Callable[[Sequence[Pin]], bool]
) -> tuple[Pin, ...]:
    """An unsolvable subset of `requirements` that becomes solvable if any one is taken away.

    `requirements` must not be solvable together. Deletion-based minimal unsatisfiable
    subset: as many calls of `solvable` as there are requirements.
    """
    kept = list(requirements)
    for requirement in requirements:
        without = [other for other in kept if other != requirement]
        if without and not solvable(without):
            kept = without
    return tuple(kept)


def reasons(said: str, conflict: Sequence[Pin]) -> tuple[str, ...]:
    """Why `conflict` cannot be satisfied: `sae-lens 6.54.12 requires transformer-lens<4`."""
    asked = {pin.package: pin for pin in conflict}
    text = " ".join(said.split())
    found = []
    for match in _DEPENDS.finditer(text):
        who = _who(match["package"], match["range"] or "", asked.get(match["package"]))
        bound = _offending(match["bound"] or "", asked.get(match["dependency"]))
        verb = "require" if who.endswith("newer") or match["all"] else "requires"
        found.append(f"{who} {verb} {match['dependency']}{bound}")
    return tuple(dict.fromkeys(found))


def absent_package(said: str) -> str | None:
    """The package that the index does not have, or None."""
    match = _ABSENT_PACKAGE.search(" ".join(said.split()))
    return match["package"] if match else None


def absent_version(said: str, conflict: Sequence[Pin]) -> Pin | None:
    """The one requirement that no release fits, or None where releases only conflict."""
    text = " ".join(said.split())
    if len(conflict) != 1 or _DEPENDS.search(text):
        return None
    packages = {match["package"] or match["only"] for match in _ABSENT_VERSION.finditer(text)}
    return conflict[0] if conflict[0].package in packages else None


def _who(package: str, range_: str, asked: Pin | None) -> str:
    exact = re.fullmatch(r"==([^,]+)", range_)
    if exact:
        return f"{package} {exact[1]}"
    if asked is not None and asked.version is not None:
        return f"{package} {asked.version}"
    from_on = re.fullmatch(r">=([^,]+)", range_)
    if from_on:
        return f"{package} {from_on[1]} and newer"
    return f"{package}{range_}" if range_ else f"any {package}"


def _offending(bound: str, asked: Pin | None) -> str:
    """Those clauses of `bound` that exclude the version asked for, at their shortest."""
    clauses = [clause for clause in bound.split(",") if clause]
    if asked is not None and asked.version is not None:
        version = asked.version
        excluding = [clause for clause in clauses if not _allows(clause, str(version))]
        clauses = excluding or clauses
    return ",".join(_short(clause) for clause in clauses)


def _allows(clause: str, version: str) -> bool:
    try:
        return SpecifierSet(clause).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _short(clause: str) -> str:
    """`<4.0.0` as `<4`: trailing zeros say nothing after an inequality."""
    return re.sub(r"^([<>]=?\d+(?:\.\d+)*?)(?:\.0)+$", r"\1", clause)
