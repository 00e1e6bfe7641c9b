"""A folder with nothing but the package `harness` in it, for the path of a stack under test."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def inside_folder(cache: Path, package: Path) -> Path:
    """Make (once) and return a folder whose one entry is a link to `package`.

    What is installed beside the gate is thereby not importable in a stack under test.
    """
    name = hashlib.sha256(str(package).encode()).hexdigest()[:16]
    folder = cache / "inside" / name
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "harness"
    if link.is_symlink() and Path(os.readlink(link)) == package:
        return folder
    fresh = folder / f".harness-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(package, target_is_directory=True)
    fresh.replace(link)
    return folder
