"""`observe`: what a behaviour measured goes into the record at once, and to the snapshot."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from harness.vocabulary.cells import Cell, Precision
from harness.vocabulary.comparison import flatten
from harness.vocabulary.observations import Axes, Noise, Observation, bound

T = TypeVar("T")


class Observe:
    """Collects the observations of one behaviour in one cell.

    Each method returns the value it was given, so that a behaviour may go on to assert it.
    `seconds` is the time spent here, which is not the libraries' work.
    """

    def __init__(
        self,
        cell: Cell,
        emit: Callable[[Observation], None],
        claims: Sequence[str] = (),
        noise: Callable[[str, str | None, float], Noise] = lambda name, *of: bound(*of),
    ) -> None:
        self._cell = cell
        self._emit = emit
        self._claims = claims
        self._noise = noise
        self.made: list[Observation] = []
        self.seconds = 0.0

    def exact(self, name: str, value: T) -> T:
        """A value that is equal or not: ids, counts, shapes, text, names, types."""
        self._add(name, "exact", value)
        return value

    def surface(self, name: str, rows: dict[str, str]) -> dict[str, str]:
        """What a library lets its users name, a short text a name: gone or other is a change.

        Rows in addition to those of a reference are none.
        """
        self._add(name, "surface", rows)
        return rows

    def claim(self, claim: str, observed: T, *, holds: bool, steady: bool = True) -> T:
        """Whether a documented claim holds, and what is so instead or in detail.

        Not an assertion: a claim that does not hold is a finding, which the ledger of claims
        shows beside what is documented. The snapshot guards `holds`, and `observed` too
        unless `steady` is False (times, ratios, anything that is not the same every run).
        The behaviour must name the claim in its `documents`: ValueError otherwise.
        """
        if claim not in self._claims:
            raise ValueError(f"claim {claim!r} is not in the behaviour's @documents")
        self._add(claim, "claim", {"holds": bool(holds), "observed": observed, "steady": steady})
        return observed

    def numeric(
        self,
        name: str,
        value: T,
        *,
        unit: str = "",
        scale: float | None = None,
        precision: Precision | None = None,
        axes: Axes | None = None,
    ) -> T:
        """A number or a nested list of numbers, compared within noise.

        `scale` is the size of the numbers that rounding acted on where that is larger than
        the value itself, such as the logits behind a difference of two of them. `precision`
        is what they were computed in, where it is not the cell's. `axes` says what the rows
        and columns of a matrix are; reports then draw it.
        """
        plain = _plain(value)
        sizes = (abs(number) for number in flatten(plain) if math.isfinite(number))
        size = max(sizes, default=0.0) if scale is None else scale
        noise = self._noise(name, precision or self._cell.precision, size)
        self._add(name, "numeric", plain, unit, noise, axes)
        return value

    def tokens(
        self,
        name: str,
        ids: Sequence[int],
        gaps: Sequence[float],
        *,
        scale: float,
        precision: Precision | None = None,
    ) -> Sequence[int]:
        """Generated ids with the gap of the top two logits at each; `scale` is the logits' size."""
        value = {"ids": _plain(ids), "gaps": _plain(gaps)}
        noise = self._noise(name, precision or self._cell.precision, scale)
        self._add(name, "tokens", value, "", noise)
        return ids

    def cost(self, name: str, value: float, unit: str) -> float:
        """Seconds or bytes: never against a snapshot, only as a ratio to another run."""
        if unit not in ("seconds", "bytes"):
            raise ValueError(f"a cost is in seconds or bytes, not {unit!r}")
        self._add(name, "cost", float(value), unit)
        return value

    def _add(
        self,
        name: str,
        kind: Any,
        value: Any,
        unit: str = "",
        noise: Noise | None = None,
        axes: Axes | None = None,
    ) -> None:
        begun = time.perf_counter()
        if any(made.name == name for made in self.made):
            raise ValueError(f"observation {name!r} was made twice")
        observation = Observation(name, kind, _plain(value), unit, noise, axes)
        self._emit(observation)
        self.made.append(observation)
        self.seconds += time.perf_counter() - begun


def _plain(value: Any) -> Any:
    """`value` as JSON knows it: tuples and tensors as lists, sets sorted, no NaN.

    Raises TypeError for what has no faithful form.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be observed: give a number, text or list")
