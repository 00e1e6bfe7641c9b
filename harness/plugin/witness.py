"""The snapshot as a witness: what was seen before, held against what is observed now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.plugin.noise import KnownNoise
from harness.plugin.options import SETTINGS
from harness.plugin.reproducing import reproduce
from harness.plugin.selection import CELL
from harness.plugin.snapshots import ObservationExtension, SnapshotResult, check
from harness.vocabulary.cells import on_cpu
from harness.vocabulary.comparison import Agreement
from harness.vocabulary.observations import Observation


class Witness:
    """Holds each observation of one behaviour against its snapshot.

    In `assert` mode a difference, or a missing snapshot of what comes along, fails the
    behaviour; in `witness` mode it is only recorded.
    """

    def __init__(self, item: pytest.Item, assertion: Any, noise: KnownNoise) -> None:
        self._item = item
        self._settings = item.config.stash[SETTINGS]
        self._noise = noise
        self._assertion = assertion.use_extension(ObservationExtension)
        self.results: list[SnapshotResult] = []

    def see(self, observation: Observation) -> None:
        """Compare `observation` with its snapshot."""
        if observation.kind != "cost":
            noise = self._noise.of_snapshot(observation.name, observation.noise)
            other = on_cpu(self._item.stash[CELL])
            self.results.append(check(self._assertion, observation, noise, other))

    @property
    def borrowed(self) -> int:
        """How many observations were held against a snapshot of another device."""
        return sum(result.borrowed for result in self.results)

    @property
    def fails(self) -> bool:
        if self._settings.snapshots != "assert":
            return False
        excused = self._may_lack_a_snapshot()
        return any(result.stored is not None or not excused for result in self._differing())

    def _differing(self) -> Iterator[SnapshotResult]:
        for result in self.results:
            same = result.comparison is not None and result.comparison.agreement is Agreement.SAME
            if not (same or result.updated):
                yield result

    def _may_lack_a_snapshot(self) -> bool:
        """A user's own subject has none before the user records one, nor have released weights
        (the fixture `released`), which only some machines have.
        """
        if "released" in getattr(self._item, "fixturenames", ()):
            return True
        name = self._item.stash[CELL].subject
        entry = next((entry for entry in self._settings.subjects if entry.name == name), None)
        return entry is not None and entry.source == "path"

    def lines(self) -> list[str]:
        """A line for each observation that is not what its snapshot holds."""
        return [_difference(result) for result in self._differing()]

    def heading(self) -> str:
        cell = self._item.stash[CELL]
        return (
            f"subject:   {cell.subject}\ncell:      {cell.id}\nreproduce: {reproduce(self._item)}"
        )

    def text(self) -> str:
        """The whole failure: what was expected, by whom, what was observed, how far off."""
        lines = [line for result in self._differing() for line in _account(result)]
        return "\n".join(["observed what the snapshot does not hold", *lines, self.heading()])


def _difference(result: SnapshotResult) -> str:
    name = result.observation.name
    if result.stored is None or result.comparison is None:
        return f"{name}: no snapshot yet"
    distance = result.comparison.distance
    size = f" ({distance:.3g} times the noise)" if distance is not None else ""
    of = " from what another device recorded" if result.borrowed else ""
    told = f"{name}: {result.comparison.agreement.value}{of}{size} {result.comparison.detail}"
    return told.strip()


def _account(result: SnapshotResult) -> Iterator[str]:
    yield f"  {_difference(result)}"
    if result.stored is None:
        yield f"    expected: nothing in {result.location}"
        yield "    next:     pytest --snapshot-update, and review what it wrote"
        return
    yield f"    expected: {_short(result.stored.value)} by the snapshot {result.location}"
    yield f"    observed: {_short(result.observation.value)}"


def _short(value: Any, limit: int = 160) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
