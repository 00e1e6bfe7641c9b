"""`observe` in a reproducer: keeps what the behaviour measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from harness.plugin.observing import _plain as plain

T = TypeVar("T")


class Observe:
    """Keeps each observation by its name; the methods return what they were given."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def exact(self, name: str, value: T) -> T:
        self.seen[name] = plain(value)
        return value

    def surface(self, name: str, rows: T) -> T:
        return self.exact(name, rows)

    def numeric(self, name: str, value: T, **more: Any) -> T:
        return self.exact(name, value)

    def cost(self, name: str, value: T, unit: str) -> T:
        return self.exact(name, value)

    def tokens(self, name: str, ids: Sequence[int], gaps: Any, **more: Any) -> Sequence[int]:
        self.exact(name, {"ids": ids, "gaps": gaps})
        return ids

    def claim(self, claim: str, observed: T, *, holds: bool, steady: bool = True) -> T:
        self.exact(claim, {"holds": bool(holds), "observed": observed})
        return observed
