"""Reading claims from their file, and who checks them from the suites' sources."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.vocabulary.claims import Claim
from harness.vocabulary.errors import HarnessError

_FIELDS = frozenset(
    {"id", "system", "claim", "expected", "places", "unchecked", "outdated", "instead"}
)


@dataclass(frozen=True)
class Checker:
    """A behaviour that names a claim: its id, and the one subject it needs, if it is bound."""

    behaviour: str
    subject: str = ""


def claims_file(home: Path) -> Path:
    return home / "fixtures" / "claims.yaml"


def read_claims(home: Path) -> tuple[Claim, ...]:
    """The claims of `fixtures/claims.yaml`. Raises HarnessError where that file is damaged."""
    path = claims_file(home)
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise HarnessError(
            f"the claims cannot be read: {' '.join(str(error).split())}",
            where=str(path),
            next="restore the file: git checkout -- fixtures/claims.yaml",
        ) from None
    if not isinstance(entries, list):
        raise _bad(path, "the file is no list of claims")
    claims = tuple(_claim(entry, path) for entry in entries)
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen:
            raise _bad(path, f"the claim {claim.id!r} is there twice")
        seen.add(claim.id)
    return claims


def _claim(entry: Any, path: Path) -> Claim:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise _bad(path, f"an entry without an id: {str(entry)[:80]}")
    name = entry["id"]
    if unknown := set(entry) - _FIELDS:
        raise _bad(path, f"{name} has unknown fields: {', '.join(sorted(unknown))}")
    if lacking := {"system", "claim", "expected"} - set(entry):
        raise _bad(path, f"{name} lacks {', '.join(sorted(lacking))}")
    outdated = entry.get("outdated") or {}
    if not isinstance(outdated, dict) or not set(outdated) <= {"since", "now"}:
        raise _bad(path, f"{name}: `outdated` is not {{since, now}}")
    return Claim(
        id=name,
        system=str(entry["system"]),
        text=str(entry["claim"]),
        documented=entry["expected"],
        places=tuple(f"{place['document']}, {place['place']}" for place in entry.get("places", ())),
        unchecked=str(entry.get("unchecked", "")),
        since=str(outdated.get("since", "")),
        now=str(outdated.get("now", "")),
        instead=str(entry.get("instead", "")),
    )


def _bad(path: Path, what: str) -> HarnessError:
    return HarnessError(
        what,
        where=str(path),
        allowed=f"a list of entries with {', '.join(sorted(_FIELDS))}",
        next="git diff fixtures/claims.yaml",
    )


def behaviours_of(home: Path) -> dict[str, tuple[Checker, ...]]:
    """By claim, the behaviours under `suites/` that name it in `documents`: read, not imported.

    Claims are found in the decorators of a function, of its class and module
    (`pytestmark`), and in the marks of its parameters.
    """
    found: dict[str, list[Checker]] = {}
    suites = home / "suites"
    for path in sorted(suites.rglob("test_*.py")):
        if "selftest" in path.relative_to(suites).parts:
            continue
        for claim, checker in _in_module(path, suites):
            found.setdefault(claim, []).append(checker)
    return {claim: tuple(dict.fromkeys(checkers)) for claim, checkers in found.items()}


def _in_module(path: Path, suites: Path) -> Iterator[tuple[str, Checker]]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise HarnessError(f"a suite cannot be read: {error}", where=str(path)) from None
    shared = [n.value for n in tree.body if isinstance(n, ast.Assign) and _is_pytestmark(n)]
    yield from _in_body(tree.body, f"{path.relative_to(suites).as_posix()}", shared)


def _in_body(
    body: Iterable[ast.stmt], prefix: str, shared: list[ast.expr]
) -> Iterator[tuple[str, Checker]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _in_body(node.body, f"{prefix}::{node.name}", shared + node.decorator_list)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            marks = shared + node.decorator_list
            subjects = [
                word
                for call in _calls(marks, "needs")
                for keyword in call.keywords
                if keyword.arg == "subject"
                for word in _texts([keyword.value])
            ]
            checker = Checker(f"{prefix}::{node.name}", subjects[0] if subjects else "")
            for call in _calls(marks, "documents"):
                yield from ((claim, checker) for claim in _texts(call.args))


def _is_pytestmark(node: ast.Assign) -> bool:
    return any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )


def _calls(expressions: Iterable[ast.expr], name: str) -> Iterator[ast.Call]:
    for expression in expressions:
        for node in ast.walk(expression):
            if isinstance(node, ast.Call) and name in (
                getattr(node.func, "id", ""),
                getattr(node.func, "attr", ""),
            ):
                yield node


def _texts(expressions: Iterable[ast.expr]) -> Iterator[str]:
    for expression in expressions:
        if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
            yield expression.value
