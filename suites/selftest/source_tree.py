"""A tiny library in a git repository made on the spot, with a backend of its own to build it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

BACKEND = """\
import base64, hashlib, pathlib, zipfile


def build_wheel(directory, config_settings=None, metadata_directory=None):
    with pathlib.Path({log!r}).open("a") as log:
        log.write("built\\n")
    stem = "gizmo-{version}"
    files = {{
        "gizmo.py": pathlib.Path("gizmo.py").read_text(),
        stem + ".data/scripts/gizmo": "#!python\\n",
        stem + ".dist-info/METADATA": "Metadata-Version: 2.1\\nName: gizmo\\n"
        "Version: {version}\\nRequires-Dist: alpha\\n\\nVersion: it has one.\\n",
        stem + ".dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: us\\n"
        "Root-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    rows = []
    for path, text in files.items():
        digest = hashlib.sha256(text.encode()).digest()
        value = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        rows.append(f"{{path}},sha256={{value}},{{len(text)}}")
    record = stem + ".dist-info/RECORD"
    files[record] = "\\n".join([*rows, record + ",,"]) + "\\n"
    wheel = stem + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, wheel), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel
"""
PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "gizmo"
version = "{version}"
"""


class Repository:
    """A git repository whose commits are of the library `gizmo`, in the folder `inside` of it."""

    def __init__(self, directory: Path, inside: str = "") -> None:
        self.directory = directory
        self.project = directory / inside
        self.log = directory.with_suffix(".log")
        self.project.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def files(self, source: str, version: str = "1.0") -> Mapping[str, str]:
        """The whole project: a library of one module."""
        return {
            "pyproject.toml": PROJECT.format(version=version),
            "backend.py": BACKEND.format(log=str(self.log), version=version),
            "gizmo.py": source,
        }

    def commit(self, message: str, files: Mapping[str, str]) -> str:
        """Write the files and commit them; returns the commit's id."""
        for path, text in files.items():
            (self.project / path).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=us", "-c", "user.email=us@example.com")
        done = subprocess.run(
            ["git", *who, *arguments],
            cwd=self.directory,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def builds(self) -> int:
        """How many wheels were built so far."""
        return len(self.log.read_text().splitlines()) if self.log.is_file() else 0
