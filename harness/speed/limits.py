"""What the machine can do at best: reading memory, multiplying matrices, reading files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter

from harness.speed import pagecache
from harness.speed.subject import settle_for
from harness.vocabulary.cells import QUANTISED
from harness.vocabulary.costs import Limit

_REPEATS = 3
_LEAST_BUFFER, _MOST_BUFFER = 256 * 2**20, 2**30
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_SIDES = (512, 1024, 2048, 4096, 8192)
_MATMUL_SECONDS = 0.25
"""A larger product is tried as long as it may be expected to take no longer: the largest ones
on GPUs alone, where a smaller one takes hardly longer than starting it."""


def read_limit(device: str) -> Limit:
    """Bytes a second that the best of several kernels reads of a buffer larger than the caches.

    On a GPU, which reads a small one in the time that starting a kernel takes, the largest.
    """
    import torch

    count = (buffer_bytes(_last_cache()) if device == "cpu" else _MOST_BUFFER) // 4
    buffer = torch.ones(count, dtype=torch.float32, device=device)
    wide = buffer.view(-1, 1024)
    tall = buffer.view(1024, -1)
    kernels: tuple[Callable[[], object], ...] = (
        buffer.sum,
        buffer.max,
        buffer.view(torch.int32).sum,
        lambda: torch.dot(buffer, buffer),
        lambda: wide @ wide[0],
        lambda: tall @ tall[0],
    )
    settle = settle_for(device)
    with torch.inference_mode():
        seconds = min(_best(kernel, settle) for kernel in kernels)
    return Limit("read", "", count * 4 / seconds)


def matmul_limit(precision: str, device: str) -> Limit:
    """Operations a second in the fastest type that a model of that precision may compute in."""
    found = [_matmul_limit(name, device) for name in computed_types(precision)]
    return max(found, key=lambda limit: limit.rate)


def _matmul_limit(name: str, device: str) -> Limit:
    """Operations a second of the best of several matrix products of one type."""
    import torch

    settle = settle_for(device)
    best = 0.0
    with torch.inference_mode():
        for side in _SIDES:
            operations = 2.0 * side**3
            if best and 2 * operations / best > _MATMUL_SECONDS:
                break
            left, right = (
                torch.full((side, side), 1.0 / side, dtype=getattr(torch, name), device=device)
                for _ in range(2)
            )
            products = (
                lambda a=left, b=right: a @ b,
                lambda a=left, b=right: torch.nn.functional.linear(a, b),
            )
            best = max(best, *(operations / _best(product, settle) for product in products))
    return Limit("matmul", name, best)


def file_limit(files: Sequence[Path]) -> Limit:
    """Bytes a second of a plain read of the files, from the page cache."""
    seconds = min(pagecache.read_plainly(files) for _ in range(_REPEATS))
    return Limit("file", "", pagecache.size(files) / seconds)


def computed_types(precision: str) -> tuple[str, ...]:
    """What a model of that precision may compute in.

    Quantised weights are unpacked into what the kernel likes best: those of bitsandbytes 0.49
    multiply in bfloat16 where the processor can, though the model says float32.
    """
    return ("float32", "bfloat16") if precision in QUANTISED else (precision,)


def buffer_bytes(last_cache: int) -> int:
    """Eight times the largest cache, within bounds: 1/8 of a pass at most comes from it."""
    return min(_MOST_BUFFER, max(_LEAST_BUFFER, 8 * last_cache))


def _best(kernel: Callable[[], object], settle: Callable[[], object] | None) -> float:
    return min(_seconds(kernel, settle) for _ in range(_REPEATS))


def _seconds(kernel: Callable[[], object], settle: Callable[[], object] | None) -> float:
    begun = perf_counter()
    kernel()
    if settle is not None:
        settle()
    return perf_counter() - begun


def _last_cache() -> int:
    """Bytes of the processor's largest cache as Linux tells (`32768K`), else 0."""
    return max((_kilobytes(text) for text in _cache_sizes()), default=0)


def _cache_sizes() -> Iterable[str]:
    for path in _CACHES.glob("index*/size"):
        try:
            yield path.read_text(encoding="ascii").strip()
        except OSError:
            continue


def _kilobytes(text: str) -> int:
    units = {"K": 2**10, "M": 2**20}
    number = text[:-1]
    return int(number) * units[text[-1]] if number.isdigit() and text[-1:] in units else 0
