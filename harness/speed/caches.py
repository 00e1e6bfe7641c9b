"""A key-value cache after a prefill, brought back to that state as often as is wanted."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any


class Rewinding:
    """`cache` as it was after the prefill of `context` tokens.

    `rewound()` crops what was appended since; a cache that cannot be cropped is copied
    from one that was kept aside.
    """

    def __init__(self, cache: Any, context: int) -> None:
        self.context = context
        self._cache = cache
        self._kept = None if croppable(cache, context) else copy.deepcopy(cache)

    def rewound(self) -> Any:
        if self._kept is not None:
            return copy.deepcopy(self._kept)
        self._cache.crop(self.context)
        return self._cache


def croppable(cache: Any, context: int) -> bool:
    """Whether the cache crops, and says afterwards that it holds `context` tokens.

    One with a sliding window or a recurrent state refuses, or forgets how long it is.
    """
    if not hasattr(cache, "crop"):
        return False
    if any(getattr(cache, "is_sliding", None) or ()):
        return False
    try:
        cache.crop(context)
        return int(cache.get_seq_length()) == context
    except Exception:
        return False


def repeated(cache: Any, batch: int) -> Any:
    """A cache of one sequence as one of `batch` equal ones; None where it cannot be repeated."""
    if not hasattr(cache, "batch_repeat_interleave"):
        return None
    try:
        cache.batch_repeat_interleave(batch)
    except Exception:
        return None
    return cache


def as_cache(model: Any, cache: Any) -> Any:
    """transformers below 4.48 returned tuples from models that are faster with a cache object."""
    if isinstance(cache, tuple) and getattr(model, "_supports_cache_class", False):
        from transformers import DynamicCache

        return DynamicCache.from_legacy_cache(cache)
    return cache


def cache_bytes(cache: Any) -> int:
    """Bytes of the tensors that a cache holds, whatever its class, each counted once."""
    found = {id(tensor): tensor for tensor in _tensors(cache, set())}
    return sum(tensor.numel() * tensor.element_size() for tensor in found.values())


def _tensors(value: Any, seen: set[int]) -> Iterator[Any]:
    if hasattr(value, "data_ptr"):
        yield value
        return
    if id(value) in seen or isinstance(value, str | int | float | bool | type | None):
        return
    seen.add(id(value))
    if isinstance(value, dict):
        parts = list(value.values())
    elif isinstance(value, list | tuple):
        parts = list(value)
    else:
        parts = list(vars(value).values()) if hasattr(value, "__dict__") else []
    for part in parts:
        yield from _tensors(part, seen)
