"""Worlds of known truth to search in: what every place would answer is written down."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from harness.blame.world import Next, Progress
from harness.vocabulary.blame import Answer, Key, Probe

Where = TypeVar("Where", bound=Hashable)
Moves = frozenset[str]

BEFORE, AFTER, BETWEEN, UNKNOWN = Answer


def key(name: str) -> Key:
    return (f"suite/test_it.py::test_{name}", "cell")


ONE = key("one")


@dataclass
class Simulated(Generic[Where]):
    """Answers by `truth`; changes in `flaky` answer `after` with that chance, wherever it is.

    A probe is kept once made; `made` counts the others, `where` lists where they were.
    `companions` says what must move along with a place. After `patience` probes the user
    presses Ctrl-C. Of the probes under way the first ends first, or the last where `overtaken`.
    """

    truth: Mapping[Key, Callable[[Where], Answer]]
    flaky: Mapping[Key, float] = field(default_factory=dict)
    companions: Callable[[Where], tuple[tuple[str, str], ...]] = lambda where: ()
    seed: object = 0
    kept: dict[tuple[Where, int, Key], Answer] = field(default_factory=dict)
    where: list[Where] = field(default_factory=list)
    patience: int | None = None
    at_once: int = 1
    overtaken: bool = False
    under_way: list[Next[Where]] = field(default_factory=list)

    @property
    def made(self) -> int:
        return len(self.where)

    @property
    def places(self) -> set[Where]:
        return set(self.where)

    def cost(self, where: Where, asked: Collection[Key], replica: int) -> float:
        return 0.0 if all((where, replica, each) in self.kept for each in asked) else 30.0

    def begin(self, probe: Next[Where]) -> None:
        assert len(self.under_way) < self.at_once
        where, replica = probe.where, probe.replica
        if self.cost(where, probe.asked, replica):
            if self.patience is not None and self.made == self.patience:
                raise KeyboardInterrupt
            self.where.append(where)
        for each in probe.asked:
            self.kept.setdefault((where, replica, each), self._answer(where, each, replica))
        self.under_way.append(probe)

    def ended(self) -> tuple[Next[Where], Probe]:
        probe = self.under_way.pop(-1 if self.overtaken else 0)
        answers = {each: self.kept[probe.where, probe.replica, each] for each in probe.asked}
        return probe, Probe(answers, self.companions(probe.where))

    def _answer(self, where: Where, change: Key, replica: int) -> Answer:
        if change not in self.flaky:
            return self.truth[change](where)
        place = sorted(where) if isinstance(where, frozenset) else where
        chance = random.Random(f"{self.seed} {place} {change} {replica}").random()
        return AFTER if chance < self.flaky[change] else BEFORE


class Silent:
    """Hears and says nothing."""

    def probing(self, progress: Progress) -> None: ...


class Heard:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []

    def probing(self, progress: Progress) -> None:
        self.progress.append(progress)


def needs(*sets: Collection[str]) -> Callable[[Moves], Answer]:
    """A change that appears with any of `sets` among the moves."""
    return lambda moves: AFTER if any(moves >= set(each) for each in sets) else BEFORE
