"""Tiny wheels made on the spot: the package index of the miniature world."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def make_wheel(
    directory: Path,
    name: str,
    version: str,
    requires: Iterable[str] = (),
    modules: Mapping[str, str] | None = None,
    requires_python: str = "",
) -> Path:
    """Write a pure-python wheel into `directory` and return its path.

    `modules` maps paths inside the wheel to their source, `{"name/__init__.py": "..."}`; by
    default one package of that name with `__version__`. `requires` are the wheel's
    dependencies, as PEP 508 writes them. Equal arguments give equal bytes.
    """
    package = name.replace("-", "_")
    if modules is None:
        modules = {f"{package}/__init__.py": f"__version__ = {version!r}\n"}
    info = f"{package}-{version}.dist-info"
    files = {
        **modules,
        f"{info}/METADATA": _metadata(name, version, requires, requires_python),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: miniature\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"{package}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)
    return wheel


def make_damaged_wheel(
    directory: Path, name: str, version: str, requires: Iterable[str] = ()
) -> Path:
    """A wheel with readable metadata and a module that does not unpack: it won't install."""
    package = name.replace("-", "_")
    source = f"__version__ = {version!r}\n# the byte that goes bad: @\n"
    wheel = make_wheel(directory, name, version, requires, {f"{package}/__init__.py": source})
    wheel.write_bytes(wheel.read_bytes().replace(b"goes bad: @", b"goes bad: #"))
    return wheel


def _metadata(name: str, version: str, requires: Iterable[str], requires_python: str) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return "\n".join(lines) + "\n"


def _record(files: Mapping[str, str], own_path: str) -> str:
    rows = []
    for path, text in files.items():
        data = text.encode()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}")
    return "\n".join([*rows, f"{own_path},,"]) + "\n"


ENDLESS = """\
import pathlib, time


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    pathlib.Path({started!r}).touch()
    time.sleep(600)
"""


FULL = """\
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise OSError(28, "No space left on device")
"""


def make_endless_source(directory: Path, name: str, version: str, started: Path) -> Path:
    """A source archive that resolves at once and whose build touches `started` and never ends."""
    return make_source(directory, name, version, ENDLESS.format(started=str(started)))


def make_source(directory: Path, name: str, version: str, backend: str) -> Path:
    """A source archive that resolves at once and is built by `backend`, a module."""
    root = f"{name}-{version}"
    project = (
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\n'
    )
    files = {
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
        "pyproject.toml": project,
        "backend.py": backend,
    }
    archive = directory / f"{root}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{root}/{path}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return archive
