"""From the commits of a source tree to wheels: each built once, kept by the commit's id.

A wheel's version bears the commit, 1.0+g0123456789ab, so that a lock can name it as it names
any other release, and everything that is made of locks works for commits too.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from harness.stacks import uv
from harness.stacks.commits import Commit, checked_out
from harness.stacks.environments import PARTIAL
from harness.stacks.explain import plain
from harness.stacks.labels import labelled, relabel
from harness.stacks.leases import give_back, lease
from harness.stacks.resolve import outage
from harness.vocabulary.places import cache_dir


def shelves() -> Path:
    """The folder with the wheels of all packages."""
    return cache_dir() / "sources"


@dataclass(frozen=True)
class Unbuilt:
    """A commit of which no wheel could be made: why, in words."""

    reason: str


class SourceTree:
    """The wheels of the commits of `directory`, a project that builds `package`.

    `say` hears what goes on.
    """

    def __init__(self, directory: Path, package: str, say: Callable[[str], None]) -> None:
        self.directory = directory
        self.package = canonicalize_name(package)
        self._say = say
        self._failed: dict[Commit, Unbuilt] = {}
        self._whole: set[Path] = set()

    @property
    def shelf(self) -> Path:
        """The folder with the wheels, for this interpreter on this platform."""
        parts = (sys.implementation.name, platform.python_version(), platform.platform())
        fits = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
        return shelves() / fits / self.package

    def kept(self, commit: Commit) -> str | Unbuilt | None:
        """What `version` found before; None where it would have to build. To ask is to use it.

        A wheel that is damaged is taken away.
        """
        for wheel in sorted(self.shelf.glob(f"*g{commit.short}-*.whl")):
            if not self._is_whole(wheel):
                self._say(f"the wheel of {commit} was damaged: {wheel}")
                wheel.unlink(missing_ok=True)
                continue
            # Its own time stays as it is: uv unpacks a wheel again that seems to be another.
            os.utime(wheel, ns=(time.time_ns(), wheel.stat().st_mtime_ns))
            return _version(wheel)
        return self._failed.get(commit)

    def version(self, commit: Commit) -> str | Unbuilt:
        """The version of the wheel of `commit`, built if there is none yet.

        Raises IndexUnreachable and NoSpace, where nothing can be said of the commit; GitError.
        """
        found = self.kept(commit)
        if found is None:
            found = self._build(commit)
            if isinstance(found, Unbuilt):
                self._failed[commit] = found
        return found

    @contextmanager
    def offered(self) -> Iterator[None]:
        """Have uv find the wheels, beside all that it finds otherwise; nothing prunes them."""
        before = os.environ.get("UV_FIND_LINKS")
        others = uv.environment(os.environ).get("UV_FIND_LINKS", "")
        self.shelf.mkdir(parents=True, exist_ok=True)
        lease(self.shelf)
        os.environ["UV_FIND_LINKS"] = ",".join(filter(None, [others, str(self.shelf)]))
        try:
            yield
        finally:
            give_back(self.shelf)
            if before is None:
                del os.environ["UV_FIND_LINKS"]
            else:
                os.environ["UV_FIND_LINKS"] = before

    def _is_whole(self, wheel: Path) -> bool:
        """Whether all that is in it has its checksum; read once a search."""
        if wheel not in self._whole:
            try:
                with zipfile.ZipFile(wheel) as archive:
                    sound = archive.testzip() is None
            except (zipfile.BadZipFile, EOFError, zlib.error, RuntimeError, ValueError):
                sound = False
            except OSError as error:
                if error.filename is not None:  # of the file system, and not of what is in the file
                    raise
                sound = False
            if not sound:
                return False
            self._whole.add(wheel)
        return True

    def _build(self, commit: Commit) -> str | Unbuilt:
        self._say(f"building {self.package} at {commit}")
        self.shelf.mkdir(parents=True, exist_ok=True)
        with (
            checked_out(self.directory, commit) as tree,
            tempfile.TemporaryDirectory(suffix=PARTIAL, dir=self.shelf) as work,
        ):
            out = ["--wheel", "--out-dir", work, "--no-create-gitignore"]
            ran = uv.call(["build", *out, "--python", sys.executable, str(tree)])
            out_of_reach = outage(ran.said)
            if ran.status and out_of_reach is not None:
                raise out_of_reach
            if ran.status:
                return Unbuilt(plain(_last(ran.said)))
            return self._keep(commit, Path(work))

    def _keep(self, commit: Commit, work: Path) -> str | Unbuilt:
        """Put the one wheel in `work` on the shelf: it appears whole or not at all."""
        (built,) = work.glob("*.whl")
        name, version, _, _ = parse_wheel_filename(built.name)
        if name != self.package:
            return Unbuilt(f"it builds {name}, not {self.package}")
        wheel = relabel(built, labelled(version, f"g{commit.short}"), _fresh(work))
        wheel.replace(self.shelf / wheel.name)
        return _version(wheel)


def _fresh(work: Path) -> Path:
    folder = work / "labelled"
    folder.mkdir()
    return folder


def _version(wheel: Path) -> str:
    version: Version = parse_wheel_filename(wheel.name)[1]
    return str(version)


def _last(said: str, most: int = 12) -> str:
    """The end of what a build said: the error stands there."""
    return "\n".join([line for line in said.splitlines() if line.strip()][-most:])
