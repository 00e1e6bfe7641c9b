"""What a search needs from the world, as interfaces: probes, what they cost, who is told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from harness.vocabulary.blame import Key, Probe

Where = TypeVar("Where")
Where_co = TypeVar("Where_co", covariant=True)


@dataclass(frozen=True)
class Next(Generic[Where_co]):
    """One probe to make. `cost` is the seconds that it is expected to take."""

    where: Where_co
    replica: int
    asked: tuple[Key, ...]
    cost: float


class World(Protocol[Where]):
    """Runs behaviours somewhere: at a set of moves over the baseline, or at a release.

    A world keeps every probe before it returns it, a change at a time, so that a search which
    was interrupted asks again for nothing: what is kept is answered at no cost.
    """

    @property
    def at_once(self) -> int:
        """How many probes it can make at a time."""

    def begin(self, probe: Next[Where]) -> None:
        """Start to run what is asked once under the stack of a place.

        Runs of different replicas are independent. What cannot be resolved without a version
        of neither end, installed, or imported is unknown, and no error.
        """

    def ended(self) -> tuple[Next[Where], Probe]:
        """Wait until one of those that began has ended."""

    def cost(self, where: Where, asked: Collection[Key], replica: int) -> float:
        """The seconds that this probe is expected to take, 0 where it is kept."""


@dataclass(frozen=True)
class Progress:
    """How far a search is. `fewest` and `most` probes are left, the next one included: the
    open changes may share all of theirs, or none. `seconds` is expected for the fewest, if each
    change takes part in those as in this one."""

    search: str
    where: str
    replica: int
    asked: int
    settled: int
    changes: int
    probes: int
    fewest: int
    most: int
    seconds: float


class Listener(Protocol):
    """Told before each probe."""

    def probing(self, progress: Progress) -> None: ...
