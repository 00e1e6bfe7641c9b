"""A tensor in a few numbers that tell how far it lies from another of the same shape."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.vocabulary.captures import ParameterSeen, TensorSeen

if TYPE_CHECKING:
    from torch import Tensor

BUCKETS = 64
"""The distance of two sketches is off by 9 % in the mean (1/sqrt(2 * BUCKETS))."""

ENTRIES = 4
_CHUNK = 2**20
"""Entries taken at once, whatever the size of the tensor: 8 MiB in float64.

Their hashes, which are kept, take four times that.
"""


def seen(part: str, tensor: Tensor) -> TensorSeen:
    """`tensor`, of any shape, type and device, as the part called `part`."""
    import torch

    flat = _reals(tensor.detach()).reshape(-1)
    sketch = torch.zeros(BUCKETS, dtype=torch.float64)
    total = squares = 0.0
    infinite, begin = 0, 0
    for chunk in _chunks(flat):
        values = chunk.double()
        finite = values.isfinite()
        if not finite.all():
            infinite += int((~finite).sum())
            values = torch.where(finite, values, 0.0)
        total += float(values.sum())
        squares += float(values.square().sum())
        sketch += _sketch(values, begin)
        begin += len(values)
    at = _spread(len(flat))
    return TensorSeen(
        part=part,
        shape=tuple(tensor.shape),
        dtype=_name(tensor),
        norm=squares**0.5,
        mean=total / max(len(flat) - infinite, 1),
        infinite=infinite,
        digest=_digest(flat),
        sketch=tuple(sketch.tolist()),
        entries=tuple(_finite(float(flat[index])) for index in at),
    )


def parameter_seen(name: str, tensor: Tensor) -> ParameterSeen:
    """A parameter by its bits alone: what two stacks load of one file is equal, or another."""
    flat = _reals(tensor.detach()).reshape(-1)
    return ParameterSeen(name, tuple(tensor.shape), _name(tensor), _digest(flat))


def _digest(flat: Tensor) -> str:
    import torch

    digest = hashlib.blake2b(digest_size=8)
    for chunk in _chunks(flat):
        digest.update(chunk.contiguous().view(torch.uint8).numpy())
    return digest.hexdigest()


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _reals(tensor: Tensor) -> Tensor:
    import torch

    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def _chunks(flat: Tensor) -> Iterator[Tensor]:
    for begin in range(0, len(flat), _CHUNK):
        yield flat[begin : begin + _CHUNK].cpu()


def _sketch(values: Tensor, begin: int) -> Tensor:
    """Each entry with a sign of its own into a bucket of its own: the count sketch.

    Charikar, Chen and Farach-Colton 2002.
    """
    import torch

    buckets, signs = (each[: len(values)] for each in _hashed(begin, _CHUNK))
    return torch.bincount(buckets, weights=values * signs, minlength=BUCKETS)


@lru_cache(maxsize=2)
def _hashed(begin: int, length: int) -> tuple[Tensor, Tensor]:
    """The buckets and signs of the entries from `begin` on.

    From the index by a fixed hash (splitmix64's), not from a library's random numbers, which
    releases change.
    """
    import torch

    hashed = torch.arange(begin + 1, begin + 1 + length, dtype=torch.int64)
    hashed = hashed * -7046029254386353131
    hashed = (hashed ^ (hashed >> 30)) * -4658895280553007687
    hashed = (hashed ^ (hashed >> 27)) * -7723592293110705685
    signs = ((hashed >> 40) & 1) * 2 - 1
    return (hashed >> 33) & (BUCKETS - 1), signs.double()


def _spread(length: int) -> list[int]:
    """The places of a few entries: the first, the last, and some between."""
    if length <= ENTRIES:
        return list(range(length))
    return [round(i * (length - 1) / (ENTRIES - 1)) for i in range(ENTRIES)]


def _finite(value: Any) -> float:
    """JSON knows no other numbers."""
    return float(value) if abs(value) < float("inf") else 0.0
