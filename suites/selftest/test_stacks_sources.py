"""The commits of a source tree: listed in order, checked out, and built once each."""

from __future__ import annotations

import os
import random
import zipfile
from collections.abc import Collection
from pathlib import Path

import pytest
from packaging.version import Version
from source_tree import Repository
from stack_helpers import make_home
from wheels import make_wheel

from harness.stacks import Mixed, mix
from harness.stacks.commits import Commit, checked_out, commits
from harness.stacks.labels import labelled
from harness.stacks.sources import SourceTree, Unbuilt
from harness.vocabulary.errors import UsageError
from harness.vocabulary.stacks import Lock

OLD, NEW = "IDS = [1, 2]\n", "IDS = [1, 3]\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of tiny wheels and a cache of this test's own."""
    make_home(tmp_path, monkeypatch)
    return tmp_path / "cache"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "gizmo")


def ids(found: Collection[Commit]) -> list[str]:
    return [commit.id for commit in found]


def tree(repository: Repository, package: str = "gizmo") -> SourceTree:
    return SourceTree(repository.project, package, lambda line: None)


def two_commits(repository: Repository) -> tuple[Commit, ...]:
    repository.commit("begin", repository.files(OLD))
    repository.commit("turn: other ids", {"gizmo.py": NEW})
    return commits(repository.project, "HEAD~1", "HEAD")


def test_commits_come_in_order_with_both_ends(repository: Repository) -> None:
    made = [repository.commit(f"number {nth}", {"a": str(nth)}) for nth in range(5)]
    found = commits(repository.project, made[1], "main")
    assert ids(found) == made[1:]
    assert str(found[0]) == f"{made[1][:12]} number 1"


def test_of_what_a_merge_brought_only_the_merge_is_a_place(repository: Repository) -> None:
    first = repository.commit("first", {"a": "1"})
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit("on the side", {"b": "1"})
    repository.git("checkout", "--quiet", "main")
    second = repository.commit("second", {"a": "2"})
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    merge = repository.git("rev-parse", "HEAD").strip()
    assert ids(commits(repository.project, first, "HEAD")) == [first, second, merge]


def test_a_tag_and_a_short_id_name_a_commit(repository: Repository) -> None:
    first = repository.commit("first", {})
    repository.git("tag", "-a", "v1.0", "-m", "a release")
    second = repository.commit("second", {})
    assert ids(commits(repository.project, "v1.0", second[:9])) == [first, second]


def refused(repository: Repository, good: str, bad: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        commits(repository.project, good, bad)
    assert caught.value.allowed
    assert caught.value.next
    return caught.value


def test_an_end_that_is_no_commit_is_refused(repository: Repository) -> None:
    repository.commit("first", {})
    error = refused(repository, "main", "--all")
    assert "no commit '--all'" in error.what
    assert error.where.startswith("--bad --all")


def test_a_good_end_that_is_the_newer_is_refused_with_the_ends_the_right_way_round(
    repository: Repository,
) -> None:
    older, _, newer = (repository.commit(str(nth), {}) for nth in range(3))
    error = refused(repository, newer[:9], older)
    assert f"{newer[:9]} is newer than {older}" in error.what
    assert error.next.endswith(f" --source {repository.project} --good {older} --bad {newer[:9]}")


def test_one_commit_by_two_names_is_refused(repository: Repository) -> None:
    repository.commit("first", {})
    assert "are one commit" in refused(repository, "HEAD", "main").what


def test_two_ends_that_parted_are_refused_with_where_they_did(repository: Repository) -> None:
    base = repository.commit("base", {})
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit("on the side", {"b": "1"})
    repository.git("checkout", "--quiet", "main")
    repository.commit("on main", {"a": "1"})
    assert refused(repository, "side", "main").next.startswith(f"--good {base[:12]}")


def test_a_folder_that_is_in_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no git repository") as caught:
        commits(tmp_path, "a", "b")
    assert caught.value.where == f"--source {tmp_path}"


def test_the_tree_is_checked_out_beside_the_repository_and_gone_after(
    repository: Repository,
) -> None:
    older, _ = two_commits(repository)
    (repository.project / "gizmo.py").write_text("not committed")
    with checked_out(repository.project, older) as there:
        assert (there / "gizmo.py").read_text() == OLD
    assert not there.exists()
    assert (repository.project / "gizmo.py").read_text() == "not committed"
    assert repository.git("rev-parse", "--abbrev-ref", "HEAD") == "main\n"
    assert repository.git("worktree", "list").count("\n") == 1


def test_a_commit_is_built_once_and_kept(repository: Repository) -> None:
    older, newer = two_commits(repository)
    versions = [tree(repository).version(each) for each in (older, newer, older)]
    assert versions == [f"1.0+g{each.short}" for each in (older, newer, older)]
    assert repository.builds() == 2
    assert [path.suffix for path in tree(repository).shelf.iterdir()] == [".whl", ".whl"]


def test_whatever_bit_of_a_wheel_is_damaged_it_is_whole_or_not_kept(
    repository: Repository,
) -> None:
    older, _ = two_commits(repository)
    version = tree(repository).version(older)
    (wheel,) = tree(repository).shelf.iterdir()
    sound, rng = wheel.read_bytes(), random.Random(0)
    found = []
    for _ in range(500):
        damaged = bytearray(sound)
        damaged[rng.randrange(len(sound))] ^= 1 << rng.randrange(8)
        wheel.write_bytes(damaged)
        found.append(tree(repository).kept(older))
        assert wheel.exists() is (found[-1] is not None)
    assert set(found) == {None, version}
    assert found.count(None) > 250


def test_a_project_in_a_folder_of_the_repository_is_built_there(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "mono", "packages/gizmo")
    older, _ = two_commits(repository)
    assert tree(repository).version(older) == f"1.0+g{older.short}"


def test_a_wheel_says_its_commit_wherever_it_says_its_version(repository: Repository) -> None:
    older, _ = two_commits(repository)
    version = tree(repository).version(older)
    (wheel,) = tree(repository).shelf.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(f"gizmo-{version}.dist-info/METADATA").decode()
        assert archive.testzip() is None
    assert sorted(names) == [
        f"gizmo-{version}.data/scripts/gizmo",
        f"gizmo-{version}.dist-info/METADATA",
        f"gizmo-{version}.dist-info/RECORD",
        f"gizmo-{version}.dist-info/WHEEL",
        "gizmo.py",
    ]
    assert f"\nVersion: {version}\nRequires-Dist: alpha\n\nVersion: it has one.\n" in metadata


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("5.24.0", "5.24.0+gabc"),
        ("5.24.0.dev0", "5.24.0.dev0+gabc"),
        ("0.6.4.dev96+g304e", "0.6.4.dev96+g304e.gabc"),
    ],
)
def test_a_commit_stands_in_the_local_part_of_a_version(version: str, expected: str) -> None:
    assert str(labelled(Version(version), "gabc")) == expected


def test_a_development_version_goes_beside_what_requires_its_package(
    repository: Repository, tmp_path: Path
) -> None:
    make_wheel(tmp_path / "wheels", "delta", "1.0", ["gizmo>=1.0,<3"])
    repository.commit("begin", repository.files(OLD, "2.0.dev0"))
    repository.commit("next", {})
    builder = tree(repository)
    with builder.offered():
        version = builder.version(commits(repository.project, "HEAD~1", "HEAD")[0])
        assert isinstance(version, str)
        found = mix(Lock("base", (("alpha", "1.0"), ("delta", "1.0"))), {"gizmo": version})
    assert isinstance(found, Mixed), found
    assert found.lock.versions == {"alpha": "1.0", "delta": "1.0", "gizmo": version}
    assert version.startswith("2.0.dev0+g")


def test_what_does_not_build_is_unbuilt_with_the_reason(repository: Repository) -> None:
    broken = {**repository.files(OLD), "backend.py": "raise RuntimeError('no compiler here')\n"}
    repository.commit("broken", broken)
    repository.commit("mended", repository.files(OLD))
    commit, _ = commits(repository.project, "HEAD~1", "HEAD")
    builder = tree(repository)
    found = builder.version(commit)
    assert isinstance(found, Unbuilt)
    assert "no compiler here" in found.reason
    assert builder.kept(commit) == found


def test_a_tree_of_another_package_is_unbuilt(repository: Repository) -> None:
    older, _ = two_commits(repository)
    found = tree(repository, "gadget").version(older)
    assert found == Unbuilt("it builds gizmo, not gadget")


def test_wheels_are_offered_to_uv_only_meanwhile(repository: Repository) -> None:
    before = os.environ["UV_FIND_LINKS"]
    with tree(repository).offered():
        assert os.environ["UV_FIND_LINKS"] == f"{before},{tree(repository).shelf}"
    assert os.environ["UV_FIND_LINKS"] == before
