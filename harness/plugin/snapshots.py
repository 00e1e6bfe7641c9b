"""Snapshots: what behaviours were observed to be, kept as text by syrupy, compared by our rule.

One file a suite module and cell (`snapshots/loading/test_identity/minilm-l6-nf4-cpu.ambr`), so
that running some cells never touches what was recorded of others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.amber import AmberSnapshotExtension

from harness.plugin.options import SETTINGS
from harness.plugin.selection import CELL, behaviour_id
from harness.vocabulary.cells import Cell
from harness.vocabulary.comparison import Agreement, Comparison, compare
from harness.vocabulary.errors import RecordError
from harness.vocabulary.observations import Noise, Observation

DIGITS = 9


class ObservationExtension(AmberSnapshotExtension):
    """syrupy's text files, holding observations as JSON and matching within their noise."""

    def serialize(self, data: Any, **_: Any) -> str:
        self._observed = data
        return dumps(data)

    stored: Noise | None = None
    """The noise of what the snapshot holds, which its text does not."""

    def matches(self, *, serialized_data: Any, snapshot_data: Any) -> bool:
        held = replace(loads(snapshot_data), noise=self.stored)
        return compare(held, self._observed).agreement is Agreement.SAME

    @classmethod
    def matches_test_location(cls, *, test_location: Any, snapshot_location: str) -> bool:
        return snapshot_location == cls.get_location(test_location=test_location, index=0)

    @classmethod
    def dirname(cls, *, test_location: Any) -> str:
        item = test_location.item
        module = behaviour_id(item).partition("::")[0].removesuffix(".py")
        return str(item.config.stash[SETTINGS].snapshot_dir / module)

    @classmethod
    def get_file_basename(cls, *, test_location: Any, index: Any) -> str:
        return str(test_location.item.stash[CELL].id)

    @classmethod
    def get_snapshot_name(cls, *, test_location: Any, index: Any = 0) -> str:
        return f"{behaviour_id(test_location.item).partition('::')[2]} {index}"


def dumps(observation: Observation) -> str:
    """Readable JSON: a line a field, lists of plain values on one line, nine digits.

    Without the noise: it is kept beside, so that recording a value anew leaves it alone.
    """
    fields: dict[str, Any] = {"kind": observation.kind}
    if observation.unit:
        fields["unit"] = observation.unit
    numeric = observation.kind in ("numeric", "tokens")
    fields["value"] = _rounded(observation.value, DIGITS) if numeric else observation.value
    lines = [f'  "{key}": {_value(value)}' for key, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "[\n" + ",\n".join("    " + _compact(row) for row in value) + "\n  ]"
    if isinstance(value, dict) and len(_compact(value)) > 80:
        rows = [f"    {_compact(key)}: {_compact(item)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + "\n  }"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, list):
        return [_rounded(item, digits) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item, digits) for key, item in value.items()}
    return value


def loads(text: str, name: str = "") -> Observation:
    """An observation from its snapshot text. Raises RecordError where that is damaged."""
    try:
        fields = json.loads(text)
        return Observation(name, fields["kind"], fields["value"], fields.get("unit", ""))
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"the snapshot is damaged: {error}", where=name) from None


@dataclass(frozen=True)
class SnapshotResult:
    """How one observation stands to its snapshot. `stored` None: none was recorded yet.

    `borrowed` marks one that was recorded on another device.
    """

    observation: Observation
    stored: Observation | None
    comparison: Comparison | None
    location: Path
    updated: bool = False
    borrowed: bool = False


def check(
    assertion: SnapshotAssertion,
    observation: Observation,
    noise: Noise | None,
    other: Cell | None = None,
) -> SnapshotResult:
    """Compare `observation` with its snapshot, or record it where syrupy was told to update.

    `noise` is that of the number in the snapshot; `other` the cell of another device whose
    snapshot will do where this one has none. Raises RecordError if it cannot be read.
    """
    ObservationExtension.stored = noise
    assertion(name=observation.name) == observation  # noqa: B015
    result = assertion.executions[assertion.num_executions - 1]
    location = Path(result.snapshot_location)
    if result.exception is not None:
        raise RecordError(
            f"the snapshot of {observation.name!r} cannot be read: {result.exception}",
            where=str(location),
            allowed="what `pytest --snapshot-update` writes",
            next=f"restore it (git checkout -- {location}), or delete it and record it again",
        ) from result.exception
    text, borrowed = result.recalled_data, False
    if text is None and other is not None and not result.created:
        location = location.with_name(f"{other.id}.ambr")
        text, borrowed = _recorded(location, result.snapshot_name), True
    if text is None:
        return SnapshotResult(observation, None, None, location, updated=bool(result.created))
    stored = replace(loads(str(text), observation.name), noise=noise)
    comparison = compare(stored, observation)
    updated = bool(result.updated)
    return SnapshotResult(observation, stored, comparison, location, updated, borrowed)


def _recorded(location: Path, name: str) -> str | None:
    """What a snapshot file of another cell holds under `name`."""
    if not location.is_file():
        return None
    held = AmberSnapshotExtension().read_snapshot_collection(str(location)).get(name)
    return None if held is None or held.data is None else str(held.data)
