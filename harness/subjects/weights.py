"""What a subject's weights will take in memory, read from the headers of its safetensors."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.vocabulary.errors import SubjectError

_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "int8": 1.0, "nf4": 0.57, "fp4": 0.57}
"""Bytes a parameter takes; the four-bit types carry a float32 scale for each 64 (bitsandbytes)."""

_HEADER_LIMIT = 100 * 2**20


@dataclass(frozen=True)
class Tensor:
    """A tensor as a safetensors header names it."""

    name: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    @property
    def is_quantised(self) -> bool:
        """Whether bitsandbytes replaces it: a linear layer's matrix, not an embedding or a head."""
        kept = ("embed", "wte", "wpe", "lm_head")
        return len(self.shape) == 2 and not any(part in self.name for part in kept)


def estimated_bytes(directory: Path, precision: str) -> int:
    """About how many bytes the model in `directory` takes once loaded in `precision`."""
    quantised = precision in ("int8", "nf4", "fp4")
    total = 0.0
    for tensor in tensors(directory):
        reduced = tensor.is_quantised or not quantised
        total += tensor.count * (_BYTES[precision] if reduced else 4.0)
    return int(total)


def tensors(directory: Path) -> Iterator[Tensor]:
    """The tensors of all safetensors files in `directory`; only headers are read."""
    for path in sorted(directory.glob("*.safetensors")):
        for name, entry in _header(path).items():
            if name != "__metadata__":
                yield Tensor(name, tuple(entry["shape"]))


def _header(path: Path) -> dict[str, dict[str, list[int]]]:
    """Eight bytes of length, then JSON (safetensors' documented format)."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _HEADER_LIMIT:
                raise ValueError(f"a header of {length} bytes")
            header = json.loads(file.read(length))
        if not isinstance(header, dict):
            raise ValueError("its header is no object")
        return header
    except (OSError, ValueError) as error:
        raise SubjectError(
            f"{path.name} is no safetensors file: {error}", where=str(path)
        ) from None
