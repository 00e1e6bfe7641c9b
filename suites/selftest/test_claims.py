"""The claims: each named once, and every claim that a behaviour names exists."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]


def claim_ids() -> list[str]:
    text = (PROJECT / "fixtures" / "claims.yaml").read_text(encoding="utf-8")
    return [entry["id"] for entry in yaml.safe_load(text)]


def documented() -> Iterator[tuple[str, str]]:
    """Each claim that a behaviour names, with the file that names it."""
    for path in sorted((PROJECT / "suites").rglob("test_*.py")):
        if "selftest" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "documents":
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), f"{path}: a claim is named literally"
                    yield str(argument.value), path.name


def test_every_claim_has_an_id_of_its_own() -> None:
    assert [id for id, count in Counter(claim_ids()).items() if count > 1] == []


def test_behaviours_name_claims_that_exist() -> None:
    known = set(claim_ids())
    named = list(documented())
    assert len(named) > 50
    assert [pair for pair in named if pair[0] not in known] == []
