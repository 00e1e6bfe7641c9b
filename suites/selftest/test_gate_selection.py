"""`--select`: what an expression means, and that a wrong one is told before a stack is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import cli
from harness.commands.written import written_behaviours
from harness.gate.selection import Written, check_expressions, matches, may_match
from harness.vocabulary.errors import UsageError

PLAIN = Written("tokenizers/test_ids.py::test_round_trip")
VARIED = Written("tokenizers/test_ids.py::test_of_size", varied=True)


@pytest.mark.parametrize(
    ("expression", "matched"),
    [
        ("tokenizers", True),
        ("tokenizers/", True),
        ("suites/tokenizers", True),
        ("tokenizers/test_ids.py", True),
        ("tokenizers/test_ids", True),
        ("tokenizers/test_ids.py::test_round_trip", True),
        ("token", False),
        ("tokenizers/test_ids.py::test_round", False),
        ("*round*", True),
        ("loading", False),
    ],
)
def test_select_goes_by_the_beginning_of_an_id_or_a_pattern(expression: str, matched: bool) -> None:
    assert matches("tokenizers/test_ids.py::test_round_trip", expression) is matched


def test_what_stands_in_brackets_is_not_known_before_a_stack_stands() -> None:
    assert may_match(VARIED, "tokenizers/test_ids.py::test_of_size[3]")
    assert may_match(VARIED, "*size[[]3]")
    assert may_match(VARIED, "*3*")
    assert not may_match(VARIED, "tokenizers/test_ids.py::test_of_[3]")
    assert not may_match(VARIED, "tokenizers/test_ids.py::*_seize"), "it would end with ]"
    assert not may_match(PLAIN, "*3*")
    assert not may_match(PLAIN, "tokenizers/test_ids.py::test_round_trip[3]")


@pytest.mark.parametrize(
    ("expression", "next"),
    [
        ("token", "token*"),
        ("tokenizers/test_ids.py::test_round", "tokenizers/test_ids.py::test_round*"),
        ("round_trip", "*round_trip*"),
        ("tokenisers", "tokenizers"),
        ("test_round_tripp", "tokenizers/test_ids.py::test_round_trip"),
    ],
)
def test_a_select_that_matches_nothing_says_what_would(expression: str, next: str) -> None:
    with pytest.raises(UsageError, match="no behaviour matches") as caught:
        check_expressions([PLAIN, VARIED], ["tokenizers", expression])
    assert caught.value.next.replace("'", "") == f"--select {next}"
    check_expressions([PLAIN, VARIED], [next])


SUITE = """
import pytest
from helpers import test_shared

def helper(): pass
def test_one(model): pass
@pytest.mark.parametrize("n", [1, 2])
def test_many(n): pass
class TestGroup:
    def test_inside(self): pass
test_made = make()
"""


def test_tests_are_read_from_the_suites_without_importing_them(tmp_path: Path) -> None:
    for folder in ("theme", "selftest"):
        (tmp_path / "suites" / folder).mkdir(parents=True)
        (tmp_path / "suites" / folder / "test_a.py").write_text(SUITE)
    (tmp_path / "suites" / "theme" / "helpers.py").write_text("def test_not_collected(): pass")
    assert written_behaviours(tmp_path) == (
        Written("theme/test_a.py::test_shared", varied=True),
        Written("theme/test_a.py::test_one"),
        Written("theme/test_a.py::test_many", varied=True),
        Written("theme/test_a.py::TestGroup::test_inside"),
        Written("theme/test_a.py::test_made", varied=True),
    )


def test_suites_that_cannot_be_read_are_left_to_the_stack(tmp_path: Path) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "test_a.py").write_text("def test_one(: pass")
    assert written_behaviours(tmp_path) == ()
    check_expressions((), ["anything"])


def test_a_gate_with_a_wrong_select_ends_before_it_resolves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["gate", "--candidate", "reference", "--select", "tokenisers"]) == 2
    shown = capsys.readouterr().err
    assert "next:    --select tokenizers" in shown
    assert "resolving" not in shown
