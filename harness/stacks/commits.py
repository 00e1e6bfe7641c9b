"""The commits of a source tree between two ends, and the tree as it was at one of them. By git."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.vocabulary.errors import HarnessError, UsageError

_ENDS = "a commit, branch or tag of that repository"


class GitError(HarnessError):
    """git is missing, or refused what a repository must allow."""


@dataclass(frozen=True)
class Commit:
    """A commit by its whole id, with the first line of its message."""

    id: str
    subject: str

    @property
    def short(self) -> str:
        return self.id[:12]

    def __str__(self) -> str:
        return f"{self.short} {self.subject}".rstrip()


def commits(directory: Path, good: str, bad: str) -> tuple[Commit, ...]:
    """The commits from `good` to `bad`, ends included, in the order of first parents.

    What came in by a merge is the merge: a commit of a side branch was never what a user of
    the branch had. What is not committed takes no part. Raises UsageError for a folder that is in
    no repository, an end that it has not, and ends of which the bad one does not contain the other.
    """
    ends = [_end(directory, option, end) for option, end in (("--good", good), ("--bad", bad))]
    if ends[0] == ends[1]:
        raise UsageError(
            f"{good} and {bad} are one commit, {ends[0].short}",
            where="--good, --bad",
            allowed=f"two different ends, each {_ENDS}",
            next=f"git -C {directory} log --first-parent --oneline",
        )
    older, newer = ends
    if _contains(directory, older, newer):
        raise UsageError(
            f"{good} is newer than {bad}",
            where=f"--good {good} --bad {bad}, in {directory}",
            allowed="--good is the older end: what is gone again is told as such",
            next=f"harness bisect … --source {directory} --good {bad} --bad {good}",
        )
    if not _contains(directory, newer, older):
        raise _apart(directory, *ends)
    return (older, *_log(directory, "--reverse", f"{older.id}..{newer.id}"))


@contextmanager
def checked_out(directory: Path, commit: Commit) -> Iterator[Path]:
    """`directory` as it was at `commit`, in a clone that is gone afterwards.

    It has the history and the tags, as a package needs that takes its version from them, and no
    submodules; the repository itself is not touched. Raises GitError.
    """
    top = _said(directory, "rev-parse", "--show-toplevel")
    inside = _said(directory, "rev-parse", "--show-prefix")
    with tempfile.TemporaryDirectory(prefix="harness-source-") as folder:
        tree = Path(folder, Path(top).name or "source")
        _said(directory, "clone", "--quiet", "--shared", "--no-checkout", top, str(tree))
        _said(tree, "checkout", "--quiet", "--detach", commit.id)
        yield tree / inside


def _end(directory: Path, option: str, end: str) -> Commit:
    if not directory.is_dir() or _git(directory, "rev-parse", "--show-toplevel").returncode:
        raise UsageError(
            "no git repository is there" if directory.is_dir() else "there is no such folder",
            where=f"--source {directory}",
            allowed="a folder with an installable project, in a git repository",
            next="git clone the library, and name that folder",
        )
    found = _git(
        directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{end}^{{commit}}"
    )
    if found.returncode:
        raise UsageError(
            f"the repository has no commit {end!r}",
            where=f"{option} {end}, in {directory}",
            allowed=_ENDS,
            next=f"git -C {directory} log --first-parent --oneline",
        )
    return _log(directory, "--max-count=1", found.stdout.strip())[0]


def _apart(directory: Path, good: Commit, bad: Commit) -> UsageError:
    base = _git(directory, "merge-base", good.id, bad.id).stdout.strip()[:12]
    return UsageError(
        f"neither of {good.short} and {bad.short} contains the other",
        where=f"--good, --bad, in {directory}",
        allowed="two ends of one line of development",
        next=f"--good {base}, where the two parted" if base else "two commits of one branch",
    )


def _contains(directory: Path, commit: Commit, other: Commit) -> bool:
    return not _git(directory, "merge-base", "--is-ancestor", other.id, commit.id).returncode


def _log(directory: Path, *arguments: str) -> tuple[Commit, ...]:
    said = _said(directory, "log", "--first-parent", "--format=%H%x00%s", *arguments, "--")
    pairs = (line.partition("\0") for line in said.splitlines() if line)
    return tuple(Commit(identity, subject) for identity, _, subject in pairs)


def _said(directory: Path, *arguments: str) -> str:
    ran = _git(directory, *arguments)
    if ran.returncode:
        raise GitError(
            f"git {arguments[0]} failed: {' '.join(ran.stderr.split())}",
            where=str(directory),
            allowed="a git repository with its whole history",
            next=f"git -C {directory} status",
        )
    return ran.stdout.removesuffix("\n")


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git, whatever repository a hook that called us may have named, without hooks."""
    names = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    variables = {name: value for name, value in os.environ.items() if name not in names}
    try:
        return subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *arguments],
            cwd=directory,
            env={**variables, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise GitError(
            "git is not installed",
            where="PATH",
            allowed="git, to bisect the commits of a source tree",
            next="install git, or bisect releases: leave --source out",
        ) from None
