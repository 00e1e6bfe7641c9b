"""The most memory that the process had resident in one phase, by the kernel and by sampling."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.measure.memory import process_memory

_CLEAR = Path("/proc/self/clear_refs")
_STATM = Path("/proc/self/statm")
_RESET_PEAK = "5"
"""What resets VmHWM to what is resident now (proc(5), clear_refs)."""

_EVERY = 0.005


@dataclass
class Phase:
    """What one phase took at most, in bytes: known when it is over."""

    peak: int = 0


@contextmanager
def phase() -> Iterator[Phase]:
    """Watch the process's resident memory while the block runs."""
    found = Phase()
    reset = _reset_peak()
    before = process_memory().peak
    sampler = _Sampler()
    sampler.start()
    try:
        yield found
    finally:
        sampled = sampler.stop()
        after = process_memory().peak
        found.peak = peak_of(before, after, sampled, reset)


def peak_of(before: int, after: int, sampled: int, reset: bool) -> int:
    """A phase's peak in bytes, of the kernel's counter `before` and `after` it and of samples.

    The kernel's counter speaks of this phase if it was reset when the phase began or has
    risen since; else an earlier phase had the peak, and samples are all there is.
    """
    if reset or after > before:
        return max(after, sampled)
    return sampled


def _reset_peak() -> bool:
    try:
        _CLEAR.write_text(_RESET_PEAK, encoding="ascii")
        return True
    except OSError:
        return False


class _Sampler(threading.Thread):
    """Looks at resident memory every few milliseconds, and keeps the largest."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()
        self._most = process_memory().resident

    def run(self) -> None:
        while not self._over.wait(_EVERY):
            self._most = max(self._most, _resident())

    def stop(self) -> int:
        self._over.set()
        self.join()
        return max(self._most, _resident())


def _resident() -> int:
    """Cheaper than `process_memory`: the second number of /proc/self/statm, in pages."""
    import mmap

    try:
        return int(_STATM.read_bytes().split()[1]) * mmap.PAGESIZE
    except OSError:
        return process_memory().resident
