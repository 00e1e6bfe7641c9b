"""Decorators that say what a behaviour checks, what it needs, and where it applies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from harness.vocabulary.cells import check_precision
from harness.vocabulary.errors import UsageError
from harness.vocabulary.tiers import DEFAULT, Tier, check_tier

F = TypeVar("F", bound=Callable[..., Any])

MARKS = (
    "documents(*ids): the claims of fixtures/claims.yaml that the behaviour checks",
    "needs(*abilities, subject=None): what a subject must be able to do, or which one it must be",
    "precisions(*names): the only precisions that the behaviour applies to",
    "requires(*packages): packages it calls; the first names the cell of one without a subject",
    "tier(name): the smallest tier that runs it, quick or broad; without the mark, default",
    "until(package, version, reason): from that release of the package on it raises, as documented",
)


def documents(*ids: str) -> Callable[[F], F]:
    """The behaviour checks these claims of `fixtures/claims.yaml`."""
    return _mark("documents", *ids)


def needs(*abilities: str, subject: str | None = None) -> Callable[[F], F]:
    """The behaviour applies to subjects with all `abilities`, or to the one named `subject`."""
    return _mark("needs", *abilities, subject=subject)


def precisions(*names: str) -> Callable[[F], F]:
    """The behaviour applies to cells of these precisions only."""
    return _mark("precisions", *(check_precision(name) for name in names))


def requires(*packages: str) -> Callable[[F], F]:
    """The behaviour calls these packages: `absent` where one is not in the stack."""
    return _mark("requires", *packages)


def tier(name: Tier) -> pytest.MarkDecorator:
    """The smallest tier that runs the behaviour, or this set of its parameters."""
    return pytest.mark.tier(check_tier(name, f"@tier({name!r})"))


def until(package: str, version: str, reason: str) -> Callable[[F], F]:
    """The behaviour held before `package` reached `version`; from then on it must raise."""
    return _mark("until", package, version, reason)


def _mark(name: str, *args: Any, **kwargs: Any) -> Callable[[F], F]:
    decorator: Callable[[F], F] = getattr(pytest.mark, name)(*args, **kwargs)
    return decorator


@dataclass(frozen=True)
class Until:
    package: str
    version: str
    reason: str


@dataclass(frozen=True)
class Requirements:
    """All marks of one behaviour, merged over function, class and module."""

    claims: tuple[str, ...] = ()
    abilities: frozenset[str] = frozenset()
    subject: str | None = None
    precisions: frozenset[str] = frozenset()
    packages: tuple[str, ...] = ()
    until: tuple[Until, ...] = ()
    tier: Tier = DEFAULT


def requirements(node: pytest.Item | pytest.Function) -> Requirements:
    """What the marks on `node` say."""
    named = [mark.kwargs.get("subject") for mark in node.iter_markers("needs")]
    return Requirements(
        claims=tuple(dict.fromkeys(_args(node, "documents"))),
        abilities=frozenset(_args(node, "needs")),
        subject=next((name for name in named if name), None),
        precisions=frozenset(_args(node, "precisions")),
        packages=tuple(dict.fromkeys(_args(node, "requires"))),
        until=tuple(Until(*mark.args) for mark in node.iter_markers("until")),
        tier=_tier(node),
    )


def _tier(node: pytest.Item) -> Tier:
    """What the innermost mark says: of a set of parameters before the function, module last.

    Raises pytest.UsageError for a word that is no tier.
    """
    for parent in node.iter_parents():
        marks = [mark for mark in parent.own_markers if mark.name == "tier"]
        if marks:
            name = marks[-1].args[0] if len(marks[-1].args) == 1 else marks[-1].args
            try:
                return check_tier(name, f"the mark tier of {node.nodeid}")
            except UsageError as error:
                raise pytest.UsageError(str(error)) from None
    return DEFAULT


def _args(node: pytest.Item, name: str) -> list[str]:
    return [argument for mark in node.iter_markers(name) for argument in mark.args]
