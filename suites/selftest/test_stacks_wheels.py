"""The wheels of commits that are kept: listed, and pruned by the rule of environments."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from source_tree import Repository
from stack_helpers import command, make_home

from harness.stacks import Commit, SourceTree, commits

DAYS = 86400.0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_home(tmp_path, monkeypatch)


@pytest.fixture
def tree(home: Path, tmp_path: Path) -> SourceTree:
    return SourceTree(tmp_path / "gizmo", "gizmo", lambda line: None)


@pytest.fixture
def built(tree: SourceTree) -> tuple[Commit, ...]:
    """Two commits with their wheels; that of the first was used ten days ago."""
    repository = Repository(tree.directory)
    repository.commit("begin", repository.files("IDS = [1]\n"))
    repository.commit("turn", {"gizmo.py": "IDS = [2]\n"})
    both = commits(tree.directory, "HEAD~1", "HEAD")
    for commit in both:
        tree.version(commit)
    long_ago = time.time() - 10 * DAYS
    os.utime(wheel(tree, both[0]), (long_ago, long_ago))
    return both


def wheel(tree: SourceTree, commit: Commit) -> Path:
    (found,) = tree.shelf.glob(f"*g{commit.short}-*.whl")
    return found


def versions(wheels: list[dict[str, Any]]) -> list[str]:
    return [each["version"] for each in wheels]


def test_the_wheels_of_commits_are_listed_the_last_used_first(
    home: Path, built: tuple[Commit, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    _, answer = command(home, "list")
    assert versions(answer["wheels"]) == [f"1.0+g{each.short}" for each in reversed(built)]
    assert {each["package"] for each in answer["wheels"]} == {"gizmo"}
    assert f"gizmo 1.0+g{built[0].short} " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rule", "removed"),
    [
        (("--older-than", "7"), [0]),
        (("--older-than", "11"), []),
        (("--keep", "1"), [0]),
        (("--all",), [1, 0]),
    ],
)
def test_wheels_are_pruned_by_age_by_count_and_all(
    home: Path, tree: SourceTree, built: tuple[Commit, ...], rule: tuple[str, ...],
    removed: list[int], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    code, answer = command(home, "prune", *rule)
    assert code == 0
    assert versions(answer["wheels_removed"]) == [f"1.0+g{built[nth].short}" for nth in removed]
    assert len(answer["wheels_left"]) == len(list(tree.shelf.glob("*.whl"))) == 2 - len(removed)
    told = f"of the wheels of commits {len(removed)} removed, {2 - len(removed)} left"
    assert told in capsys.readouterr().out


def test_a_wheel_that_is_found_again_is_used_and_seems_no_other_to_uv(
    home: Path, tree: SourceTree, built: tuple[Commit, ...]
) -> None:
    made = wheel(tree, built[0]).stat().st_mtime_ns
    assert tree.kept(built[0]) == f"1.0+g{built[0].short}"
    assert command(home, "prune", "--older-than", "7")[1]["wheels_removed"] == []
    assert wheel(tree, built[0]).stat().st_mtime_ns == made


def test_wheels_that_a_search_needs_are_not_pruned(
    home: Path, tree: SourceTree, built: tuple[Commit, ...]
) -> None:
    with tree.offered():
        assert command(home, "prune", "--all")[1]["wheels_removed"] == []
    assert len(command(home, "prune", "--all")[1]["wheels_removed"]) == 2


def test_pruning_clears_what_a_killed_build_left(
    home: Path, tree: SourceTree, built: tuple[Commit, ...]
) -> None:
    leftover = tree.shelf / "tmp123.partial"
    leftover.mkdir()
    with tree.offered():
        command(home, "prune", "--older-than", "11")
        assert leftover.exists()
    command(home, "prune", "--older-than", "11")
    assert not leftover.exists()
