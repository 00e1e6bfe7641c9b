"""The claims: each named once, each with a behaviour or a reason, and none that does not exist."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from harness.ledger import behaviours_of, read_claims

PROJECT = Path(__file__).resolve().parents[2]


def test_every_claim_has_a_behaviour_or_a_reason() -> None:
    checked = behaviours_of(PROJECT)
    claims = read_claims(PROJECT)
    assert len(claims) >= 342
    assert [c.id for c in claims if c.id not in checked and not c.unchecked] == []


def test_a_claim_with_a_behaviour_gives_no_reason_to_have_none() -> None:
    checked = behaviours_of(PROJECT)
    assert [c.id for c in read_claims(PROJECT) if c.id in checked and c.unchecked] == []


def test_behaviours_name_claims_that_exist() -> None:
    known = {claim.id for claim in read_claims(PROJECT)}
    named = behaviours_of(PROJECT)
    assert len(named) > 50
    assert {id: found for id, found in named.items() if id not in known} == {}


def test_claims_are_named_literally() -> None:
    for call, path in documents_calls():
        for argument in call.args:
            assert isinstance(argument, ast.Constant), f"{path}:{call.lineno}"


def documents_calls() -> Iterator[tuple[ast.Call, Path]]:
    for path in sorted((PROJECT / "suites").rglob("test_*.py")):
        if "selftest" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "documents":
                yield node, path
