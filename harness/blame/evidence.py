"""What the probes so far say of one change."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from harness.vocabulary.blame import Answer

Where = TypeVar("Where", bound=Hashable)

Runs = Mapping[int, Answer]
"""The answers of one place by replica."""

Companions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Evidence(Generic[Where]):
    """Every answer to one change, and the companions of each place."""

    runs: Mapping[Where, Runs] = field(default_factory=dict)
    companions: Mapping[Where, Companions] = field(default_factory=dict)

    def add(
        self, where: Where, replica: int, answer: Answer, companions: Companions
    ) -> Evidence[Where]:
        runs = {**self.runs.get(where, {}), replica: answer}
        return Evidence({**self.runs, where: runs}, {**self.companions, where: companions})

    def at(self, where: Where) -> Runs:
        return self.runs.get(where, {})

    def next(self, where: Where) -> int:
        """The smallest replica that did not run there."""
        tried = self.at(where)
        return next(replica for replica in range(len(tried) + 1) if replica not in tried)


def state(runs: Runs) -> Answer | None:
    """What a place answers; `unknown` if all its runs are, None if there is none."""
    if not runs:
        return None
    return next(
        (answer for answer in runs.values() if answer is not Answer.UNKNOWN), Answer.UNKNOWN
    )


def known(runs: Runs) -> int:
    """How many runs of a place know an answer."""
    return sum(answer is not Answer.UNKNOWN for answer in runs.values())


def disagree(runs: Runs) -> bool:
    """Whether one place gave two answers, neither of them unknown."""
    return len(set(runs.values()) - {Answer.UNKNOWN}) > 1


def restless(places: Iterable[tuple[Where, Runs]]) -> Where | None:
    """The first place that disagrees with itself."""
    return next((where for where, runs in places if disagree(runs)), None)
