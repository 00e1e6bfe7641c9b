"""Files and the page cache: reading them plainly, dropping them from it, looking what is in it."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

_BLOCK = 4 * 2**20


def size(paths: Sequence[Path]) -> int:
    """Bytes of the files together."""
    return sum(path.stat().st_size for path in paths)


def read_plainly(paths: Sequence[Path]) -> float:
    """Read every byte of the files into one small buffer; returns the seconds it took."""
    buffer = bytearray(_BLOCK)
    begun = perf_counter()
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    return perf_counter() - begun


def drop(paths: Sequence[Path]) -> str:
    """Drop the files from the page cache; empty, or why they are still (partly) in it."""
    if not hasattr(os, "posix_fadvise"):
        return "this system cannot drop a file from the page cache"
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
    left = {path.name: share for path in paths if (share := cached_share(path)) > 0}
    if not left:
        return ""
    shares = ", ".join(f"{share:.0%} of {name}" for name, share in left.items())
    return f"the page cache keeps {shares}: another process uses it, or the file system keeps it"


def cached_share(path: Path) -> float:
    """The share of the file's pages that lie in the page cache, by mincore(2)."""
    length = path.stat().st_size
    if length == 0:
        return 0.0
    mincore = ctypes.CDLL(None, use_errno=True).mincore
    mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
    with path.open("rb") as file, mmap.mmap(file.fileno(), length, access=mmap.ACCESS_COPY) as view:
        # ctypes takes the address of writable memory only; nothing is written.
        first = ctypes.c_char.from_buffer(view)
        pages = ctypes.create_string_buffer(-(-length // mmap.PAGESIZE))
        failed = mincore(ctypes.addressof(first), length, pages)
        del first
        if failed:
            raise OSError(ctypes.get_errno(), "mincore", str(path))
    return sum(page & 1 for page in pages.raw) / len(pages)
