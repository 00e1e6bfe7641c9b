"""Slowdowns and weight that a benchmark can be asked to find: `NAME=FACTOR`, `load=copy`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.vocabulary.errors import UsageError

COPY = "load=copy"
"""A second copy of the weights stays alive with the model."""

TASKS_OF: Mapping[str, tuple[str, ...]] = {
    "decode": ("model",),
    "first-token": ("model",),
    "load": ("load", "memory"),
}
"""The tasks in which each can be found, by its name."""

_ALLOWED = "decode=1.10 (or another factor above 1 and below 10), first-token=1.10, load=copy"


@dataclass(frozen=True)
class Plant:
    """What is planted: quantities called `name` take `factor` times as long."""

    name: str = ""
    factor: float = 1.0

    def slows(self, quantity: str) -> bool:
        """Whether it is for the quantity called so: `decode@64x1` for the plant `decode`."""
        return bool(self.name) and quantity.partition("@")[0] == self.name


def parse(text: str) -> Plant:
    """The slowdown that a plant asks for: none for "" and for what is planted elsewhere.

    Raises UsageError for a plant that does not exist.
    """
    name, _, amount = text.partition("=")
    if not text or text == COPY:
        return Plant()
    try:
        factor = float(amount)
    except ValueError:
        factor = 0.0
    if name not in TASKS_OF or name == "load" or not 1.0 < factor < 10.0:
        raise UsageError(
            f"{text!r} is no slowdown that can be planted",
            where=f"--plant {text}",
            allowed=_ALLOWED,
            next="--plant decode=1.10",
        )
    return Plant(name, factor)
