"""The files that a behaviour reads, laid out as in the project."""

from __future__ import annotations

import atexit
import base64
import functools
import lzma
import shutil
import tempfile
from pathlib import Path

from harness.standalone.given import FILES


@functools.cache
def home() -> Path:
    """A folder with FILES in it, for as long as this runs."""
    folder = Path(tempfile.mkdtemp(prefix="reproducer-")).resolve()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, packed in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(lzma.decompress(base64.b64decode(packed)))
    return folder
