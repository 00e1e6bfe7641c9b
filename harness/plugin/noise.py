"""The measured noise of this run's numbers, from the files beside the snapshots."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from harness.plugin import machine
from harness.plugin.options import SETTINGS
from harness.plugin.selection import CELL, behaviour_id
from harness.vocabulary.cells import on_cpu
from harness.vocabulary.errors import RecordError
from harness.vocabulary.noise import (
    OTHER_RELEASES,
    SUFFIX,
    Group,
    Place,
    Provenance,
    find,
    known,
    loads,
)
from harness.vocabulary.observations import Noise, bound


class KnownNoise:
    """What is known of the numbers of one behaviour in one cell."""

    def __init__(self, item: pytest.Item) -> None:
        cell = item.stash[CELL]
        settings = item.config.stash[SETTINGS]
        module, _, self._test = behaviour_id(item).partition("::")
        folder = settings.snapshot_dir / module.removesuffix(".py")
        other = on_cpu(cell)
        self._groups = _read(folder / f"{cell.id}{SUFFIX}")
        self._groups += _read(folder / f"{other.id}{SUFFIX}") if other is not None else ()
        self._place = Place(
            machine.device_class(cell.device),
            machine.hardware()["instructions"],
            machine.kernels(settings.threads)["ATEN_CPU_CAPABILITY"],
        )

    def __call__(self, name: str, precision: str | None, scale: float) -> Noise:
        """The noise of the number `name` of size `scale`: measured, borrowed, or a bound."""
        found = find(self._groups, f"{self._test} {name}")
        if found is None:
            return replace(bound(precision, scale), level=self._place.level)
        noise = known(*found, self._place, precision, scale)
        if not noise.provenance.startswith("measured") or _is_of_this_stack(found[1]):
            return noise
        return replace(noise, provenance=noise.provenance + OTHER_RELEASES)

    def of_snapshot(self, name: str, noise: Noise | None) -> Noise | None:
        """The noise of the number that a snapshot holds, whose own run had `noise`."""
        found = find(self._groups, f"{self._test} {name}")
        if found is None or noise is None:
            return noise
        return replace(noise, level=found[1].recorded.level)


@lru_cache(maxsize=64)
def _is_of_this_stack(provenance: Provenance) -> bool:
    return provenance.is_of(
        {name: machine.installed(name) or "" for name, _ in provenance.versions}
    )


@lru_cache(maxsize=64)
def _read(path: Path) -> tuple[Group, ...]:
    try:
        return loads(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RecordError(
            f"the measured noise cannot be read: {error.strerror}", where=str(path)
        ) from None
