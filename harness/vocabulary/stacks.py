"""A stack: one resolved set of library versions, and what moves between two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

LIBRARIES: tuple[str, ...] = (
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "bitsandbytes",
    "tiktoken",
    "sentencepiece",
    "transformer-lens",
    "sae-lens",
    "nnsight",
)
"""The libraries under test, by the names they have on the package index."""

IMPORT_NAMES: Mapping[str, str] = {
    "transformer-lens": "transformer_lens",
    "sae-lens": "sae_lens",
}


def import_name(package: str) -> str:
    """The module that `package` installs."""
    return IMPORT_NAMES.get(package, package.replace("-", "_"))


@dataclass(frozen=True)
class Lock:
    """Every package of a resolved stack with its exact version, sorted by name."""

    name: str
    pins: tuple[tuple[str, str], ...]

    @property
    def versions(self) -> dict[str, str]:
        return dict(self.pins)

    @property
    def text(self) -> str:
        """The pins in pip's requirements syntax, a line each."""
        return "".join(f"{package}=={version}\n" for package, version in self.pins)

    @cached_property
    def digest(self) -> str:
        """sha256 of the pins: the identity of the environment, whatever the stack is called."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True)
class Move:
    """One package whose version differs between two locks; None where a side lacks it."""

    package: str
    baseline: str | None
    candidate: str | None
    went_back: bool = False
