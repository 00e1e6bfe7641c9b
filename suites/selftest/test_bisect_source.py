"""`harness bisect --source` on a tiny library whose commits are known, in a miniature world."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from miniature import Answer, Miniature, modules
from source_tree import Repository
from wheels import make_wheel

from harness.blame.releases import anchors

SUITE = """
def test_ids(observe):
    import gizmo
    observe.exact("ids", gizmo.IDS)
"""
IDS = "gizmos/test_gizmo.py::test_ids"
OLD, NEW = "IDS = [1, 2]\n", "IDS = [1, 3]\n"


@pytest.fixture(scope="module")
def world(make_miniature: Callable[[], Miniature]) -> Miniature:
    mini = make_miniature()
    make_wheel(mini.wheelhouse, "alpha", "1.0")
    make_wheel(mini.wheelhouse, "gizmo", "0.9", modules=modules("gizmo", OLD))
    mini.stack("reference", "alpha==1.0", "gizmo==0.9")
    mini.suite("gizmos/test_gizmo.py", SUITE)
    mini.count_starts()
    return mini


@pytest.fixture(scope="module")
def repository(world: Miniature) -> Repository:
    """Eight commits: the third and fourth do not build, and the sixth has other ids."""
    made = Repository(world.home.with_name("gizmo"))
    made.commit("begin", made.files(OLD))
    made.git("tag", "v1")
    made.commit("words", {"notes": "1"})
    made.commit("break the build", {"backend.py": "raise RuntimeError('no compiler')\n"})
    made.commit("still broken", {"notes": "2"})
    made.git("tag", "broken")
    made.commit("mend the build", made.files(OLD))
    made.git("tag", "mended")
    made.commit("turn: other ids", {"gizmo.py": NEW})
    made.git("tag", "turn")
    made.commit("later", {"notes": "3"})
    made.commit("latest", {"notes": "4"})
    return made


def bisect(world: Miniature, repository: Repository, *arguments: str) -> Answer:
    source = ("--source", str(repository.project))
    return world.run("bisect", "gizmo", "--behaviour", IDS, *source, *arguments)


def commit(repository: Repository, tag: str) -> str:
    """What a commit is called."""
    return repository.git("log", "-1", "--abbrev=12", "--format=%h %s", tag).strip()


@pytest.fixture(scope="module")
def found(world: Miniature, repository: Repository) -> Answer:
    return bisect(world, repository, "--good", "v1")


def test_the_commit_that_brought_the_change_is_named(found: Answer, repository: Repository) -> None:
    (history,) = found.report["histories"]
    (turn,) = history["turns"]
    expected = (commit(repository, "mended"), commit(repository, "turn"))
    assert (turn["last"], turn["first"]) == expected, found.out + found.err
    assert turn["unknown"] == []
    assert f"gizmo: appeared in {expected[1]}\n" in found.out
    assert found.code == 0


def test_what_is_searched_is_called_commits(found: Answer, repository: Repository) -> None:
    ends = f"{commit(repository, 'v1')} to {commit(repository, 'HEAD')}"
    assert f"gizmo {ends}, 8 commits, over reference" in found.out
    assert "searching the commits of gizmo for 1 change" in found.err
    assert "release" not in found.out + found.err
    assert found.report["searched"]["place"] == "commit"


def test_a_commit_that_does_not_build_is_unknown(found: Answer, repository: Repository) -> None:
    (history,) = found.report["histories"]
    assert commit(repository, "broken") not in history["probed"]
    assert found.report["effort"]["unmade"] >= 1


def test_the_same_again_builds_and_runs_nothing(
    found: Answer, world: Miniature, repository: Repository
) -> None:
    built, started = repository.builds(), world.starts()
    again = bisect(world, repository, "--good", "v1")
    assert again.report["histories"] == found.report["histories"]
    assert (repository.builds(), world.starts()) == (built, started)
    assert built >= 4


def test_a_wheel_that_was_lost_is_built_again(
    found: Answer, world: Miniature, repository: Repository
) -> None:
    built, started = repository.builds(), world.starts()
    shutil.rmtree(world.cache / "sources")
    again = bisect(world, repository, "--good", "v1")
    assert again.report["histories"] == found.report["histories"]
    assert (repository.builds(), world.starts()) == (2 * built, started)


def test_a_wheel_that_is_damaged_is_built_again(
    found: Answer, world: Miniature, repository: Repository
) -> None:
    built, started = repository.builds(), world.starts()
    wheels = sorted(world.cache.glob("sources/*/gizmo/*.whl"))
    wheels[0].write_bytes(b"PK")
    cut_off = wheels[1].read_bytes()
    wheels[1].write_bytes(cut_off[: len(cut_off) // 2])
    again = bisect(world, repository, "--good", "v1")
    assert again.report["histories"] == found.report["histories"], again.err
    assert again.err.count("was damaged: ") == 2
    assert (repository.builds(), world.starts()) == (built + 2, started)


def test_an_end_that_does_not_build_cannot_be_searched_from(
    world: Miniature, repository: Repository
) -> None:
    answer = bisect(world, repository, "--good", "broken")
    assert answer.code == 3
    assert f"gizmo {commit(repository, 'broken')} cannot be laid over the stack" in answer.err
    assert "no compiler" in answer.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--good is missing"),
        (("--good", "v1", "--pre"), "--pre is of releases"),
        (("--good", "v2"), "the repository has no commit 'v2'"),
    ],
)
def test_what_does_not_go_together_is_refused(
    world: Miniature, repository: Repository, arguments: tuple[str, ...], told: str
) -> None:
    answer = bisect(world, repository, *arguments)
    assert answer.code == 2
    assert told in answer.err
    assert "next:" in answer.err


def test_a_scan_of_commits_probes_one_in_every_few() -> None:
    commits = tuple(f"{nth:012x} a commit" for nth in range(100))
    assert anchors(commits) == commits[::10]
    assert anchors(commits[:2]) == commits[:2]
