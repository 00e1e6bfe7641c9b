"""From a lock to an environment: built once, kept by its content, shared between gates.

Bytecode is not compiled here: on two cores that takes longer (39 s) than the first import
of the libraries under test, which compiles only what is used (22 s).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from packaging.utils import canonicalize_name

from harness.stacks import uv
from harness.stacks.errors import Uninstallable
from harness.stacks.explain import plain
from harness.stacks.leases import give_back, lease
from harness.stacks.resolve import ALLOW, CONNECT, disk_full, no_space, unreachable
from harness.vocabulary.errors import StackError
from harness.vocabulary.places import cache_dir
from harness.vocabulary.stacks import Lock

MARKER = "harness-environment.json"
PARTIAL = ".partial"


@dataclass(frozen=True)
class Environment:
    """A built stack: its interpreter, and the lock it was built from."""

    python: Path
    lock: Lock

    @property
    def directory(self) -> Path:
        return self.python.parents[1]


@dataclass(frozen=True)
class Marker:
    """What a whole environment says of itself; written last, so a half-built one has none.

    `bytes` is what it takes on disk beyond the files that it shares with uv's cache.
    """

    pins: tuple[tuple[str, str], ...]
    bytes: int


def shelf() -> Path:
    """The folder that holds all environments."""
    return cache_dir() / "environments"


def key(lock: Lock) -> str:
    """Names an environment by all it is made of: pins, interpreter, platform."""
    parts = (lock.text, sys.implementation.name, platform.python_version(), sys.base_prefix)
    content = "\0".join((*parts, platform.platform()))
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def build(
    lock: Lock,
    progress: Callable[[str], None] = lambda line: None,
    torch_backend: str | None = None,
    stop: threading.Event | None = None,
) -> Environment:
    """The environment of `lock`: the one that is there, or a new one.

    It is safe to call for the same lock in several processes at once, and to be killed:
    an environment appears whole or not at all. It stays until this process ends, whatever
    is pruned meanwhile. `progress` hears a line for each step.

    Raises Uninstallable with uv's reason, IndexUnreachable, NoSpace; KeyboardInterrupt where
    `stop` is set while another process builds the environment.
    """
    directory = shelf() / key(lock)
    environment = Environment(_python(directory), lock)
    try:
        shelf().mkdir(parents=True, exist_ok=True)
        lease(directory)
        with _exclusively(directory, progress, stop):
            if not whole(directory, lock):
                if read_marker(directory) is not None and (gone := lost(directory, lock)):
                    progress(_not_its_lock(lock, gone))
                _build(directory, lock, progress, torch_backend)
            _note_use(directory, lock.name)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_space(str(error), shelf()) from None
        raise StackError(
            f"the environment cannot be written: {error}",
            where=str(shelf()),
            next="set HARNESS_CACHE to a folder that can be written",
        ) from None
    return environment


def is_built(lock: Lock) -> bool:
    """Whether the environment of `lock` stands already."""
    return whole(shelf() / key(lock), lock)


def whole(directory: Path, lock: Lock) -> bool:
    """Whether all that was installed is still there: marker, interpreter, every package."""
    marker = read_marker(directory)
    if marker is None or marker.pins != lock.pins or not os.access(_python(directory), os.X_OK):
        return False
    return not lost(directory, lock)


def lost(directory: Path, lock: Lock) -> tuple[str, ...]:
    """The packages of `lock` that are not installed, or of which what lies at the top is gone.

    Cheap, since it is asked at every start: a file further down may be gone unseen.
    """
    installed = {
        canonicalize_name(info.name.partition("-")[0]): info
        for info in directory.glob("lib/python*/site-packages/*.dist-info")
    }
    return tuple(
        name
        for name, _ in lock.pins
        if (info := installed.get(canonicalize_name(name))) is None
        or any(not (info.parent / file).exists() for file in _first_files(info / "RECORD"))
    )


def _first_files(record: Path) -> Iterable[str]:
    """The first file of each folder or module that a package has at the top, by its RECORD."""
    try:
        lines = record.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    first: dict[str, str] = {}
    for line in lines:
        path = line.partition(",")[0].strip('"')
        first.setdefault(path.partition("/")[0], path)
    return (path for top, path in first.items() if top not in ("", "..", "__pycache__"))


def _not_its_lock(lock: Lock, gone: Sequence[str]) -> str:
    more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
    return (
        f"the kept environment of {lock.name} is not what its lock says: "
        f"{', '.join(gone[:3])}{more} lost files; it is built again"
    )


def read_marker(directory: Path) -> Marker | None:
    try:
        fields = json.loads((directory / MARKER).read_text(encoding="utf-8"))
        return Marker(tuple((name, version) for name, version in fields["pins"]), fields["bytes"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def build_lock(directory: Path) -> FileLock:
    """Held while an environment is built or removed."""
    return FileLock(directory.with_name(directory.name + ".lock"))


def release(environment: Environment) -> None:
    """Say that this process no longer uses the environment, so that it may be pruned."""
    give_back(environment.directory)


@contextmanager
def _exclusively(
    directory: Path, progress: Callable[[str], None], stop: threading.Event | None
) -> Iterator[None]:
    lock = build_lock(directory)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("waiting for another harness that builds the same environment")
        _wait_for(lock, stop)
    try:
        yield
    finally:
        lock.release()


def _wait_for(lock: FileLock, stop: threading.Event | None) -> None:
    while True:
        if stop is not None and stop.is_set():
            raise KeyboardInterrupt
        with suppress(Timeout):
            lock.acquire(timeout=0.2)
            return


def _build(
    directory: Path, lock: Lock, progress: Callable[[str], None], torch_backend: str | None
) -> None:
    partial = directory.with_name(directory.name + PARTIAL)
    for leftover in (partial, directory):
        shutil.rmtree(leftover, ignore_errors=True)
    progress(f"building {lock.name}: {len(lock.pins)} packages")
    started = time.monotonic()
    try:
        _check(
            lock,
            uv.call(["venv", "--quiet", "--relocatable", "--python", sys.executable, str(partial)]),
        )
        pins = partial / "pins.txt"
        pins.write_text(lock.text, encoding="utf-8")
        backend = ["--torch-backend", torch_backend] if torch_backend else []
        python = str(_python(partial))
        install = ["pip", "install", "--no-deps", "--python", python, "-r", str(pins), *backend]
        _check(lock, uv.call(install, _only_downloads(progress)))
        marker = Marker(lock.pins, own_bytes(partial))
        (partial / MARKER).write_text(json.dumps(asdict(marker)), encoding="utf-8")
        partial.rename(directory)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    progress(f"built {lock.name} in {time.monotonic() - started:.1f} s")


def _only_downloads(progress: Callable[[str], None]) -> Callable[[str], None]:
    """Passes on, once each, the lines in which uv says what it downloads and builds."""
    told: set[str] = set()

    def heard(line: str) -> None:
        line = line.strip()
        if line.startswith(("Downloading", "Building", "Built")) and line not in told:
            told.add(line)
            progress(line)

    return heard


def _check(lock: Lock, ran: uv.Ran) -> None:
    if ran.status == 0:
        return
    lines = ran.said.splitlines()
    first = next((i for i, line in enumerate(lines) if line.startswith("error")), 0)
    words = plain("\n".join(lines[first:]))
    if disk_full(ran.said):
        raise no_space(words, shelf())
    forbidden = "network was disabled" in ran.said
    if forbidden or "error sending request" in ran.said:
        raise unreachable(words, ALLOW if forbidden else CONNECT)
    raise Uninstallable(
        f"{lock.name} does not install: {words}",
        where=lock.name,
        next="take another version of the package named",
    )


def own_bytes(directory: Path) -> int:
    """Bytes on disk of the files that have no other name elsewhere."""
    total = 0
    for folder, _, files in os.walk(directory):
        for name in files:
            status = os.lstat(os.path.join(folder, name))
            total += status.st_blocks * 512 if status.st_nlink == 1 else 0
    return total


def _python(directory: Path) -> Path:
    return directory / "bin" / "python"


def uses_file(directory: Path) -> Path:
    """Which stack names the environment was built for, and when each was last asked for."""
    return directory.with_name(directory.name + ".uses.json")


def read_uses(directory: Path) -> dict[str, float]:
    try:
        uses = json.loads(uses_file(directory).read_text(encoding="utf-8"))
        return {str(name): float(when) for name, when in uses.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _note_use(directory: Path, name: str) -> None:
    uses = {**read_uses(directory), name: time.time()}
    target = uses_file(directory)
    fresh = target.with_suffix(".new")
    fresh.write_text(json.dumps(uses), encoding="utf-8")
    fresh.replace(target)
