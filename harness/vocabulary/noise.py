"""Measured noise: how far each number moved between runs that should agree, and where.

Kept beside the snapshots, a file a suite module and cell, as JSON that reviews well: groups
of numbers that were measured together, a line a number.

What is known of a number depends on the class of machine: on another it is borrowed. It does
not depend on the releases of the libraries, on purpose. A gate always holds two of them
against each other, of which at most one was measured; what a release may do, sum in another
order, the spread across kernel levels stands for; and more than that is what must be seen.
The releases are written down, and a run says of how many numbers they were others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.vocabulary.errors import RecordError
from harness.vocabulary.observations import Noise, bound

FACTORS = {3: 20.0, 4: 11.0, 5: 7.5, 6: 6.0, 7: 5.0, 8: 4.5}
"""How many times the measured spread two numbers may lie apart, by degrees of freedom.

If the difference of two runs is normal, of unknown width, and the spread is the largest of so
many such differences, then the difference of two further runs exceeds the factor times the
spread once in 10,000. For spreads measured in groups larger than two this errs to the wide
side. Runs that were measured lie within the spread itself: the factor is for those that were
not, such as another number of threads. With fewer degrees of freedom the factor would pass
100, and the spread means nothing: the bound of the precision stands.
"""

ULPS = 4
"""Least tolerance, in units in the last place of the largest number.

A number that moved in no condition may still be summed in another order by the next release.
"""

EPSILON = {
    "float32": 2.0**-23,
    "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
    "int8": 2.0**-10,
    "nf4": 2.0**-23,
    "fp4": 2.0**-23,
}
"""Of the type that each precision computes in: with int8 weights that is float16."""

OTHER_RELEASES = ", with other releases of the libraries"
"""Ends the words of where noise is from, where that is so."""

SUFFIX = ".noise.json"
SPREADS = "spread within and across kernel levels"


@dataclass(frozen=True)
class Place:
    """What a number depends on beside its stack: the class of device, and its kernels.

    `device` is `cpu`, `mps` or a GPU's name; `instructions` the processor's sets that kernels
    are chosen by; `kernels` the level asked for (`ATEN_CPU_CAPABILITY`), `auto` for the best.
    """

    device: str
    instructions: str
    kernels: str

    @property
    def level(self) -> str:
        return f"{self.device}: {self.kernels} of {self.instructions or 'unknown instructions'}"


@dataclass(frozen=True)
class Provenance:
    """Where and how noise was measured.

    `within` and `across` are degrees of freedom: distinct conditions less the kernel levels,
    and less one. Repeats of a condition are runs, but no conditions.
    """

    device: str
    processor: str
    instructions: str
    kernels: tuple[str, ...]
    threads: tuple[int, ...]
    batches: tuple[int, ...]
    runs: int
    within: int
    across: int
    versions: tuple[tuple[str, str], ...]
    date: str

    def covers(self, place: Place) -> bool:
        """Whether numbers of `place` were measured, and not only others like them."""
        same = (self.device, self.instructions) == (place.device, place.instructions)
        return same and place.kernels in self.kernels

    def is_of(self, versions: Mapping[str, str]) -> bool:
        """Whether it was measured with these releases of the libraries, builds aside."""
        return all(
            versions.get(name, "").partition("+")[0] == version.partition("+")[0]
            for name, version in self.versions
        )

    @property
    def recorded(self) -> Place:
        """Where the snapshots beside this noise come from: the best kernels of this class."""
        return Place(self.device, self.instructions, "auto")


@dataclass(frozen=True)
class Spread:
    """How far a number moved `within` a kernel level at most, and `across` all of them."""

    within: float
    across: float


@dataclass(frozen=True)
class Group:
    """Numbers that were measured together, by behaviour and observation: `test_a[x] logits`."""

    provenance: Provenance
    spreads: Mapping[str, Spread]


def factor(freedom: int) -> float | None:
    """The factor for so many degrees of freedom; None where they are too few."""
    return FACTORS.get(min(freedom, max(FACTORS)))


def known(
    spread: Spread, of: Provenance, place: Place, precision: str | None, scale: float
) -> Noise:
    """The noise of a number of size `scale`, computed in `precision` at `place`.

    Within a kernel level the spread there times its factor, at least ULPS. A release may sum in
    another order as another kernel level does: what moved across levels is allowed too, as far
    as the bound of the precision goes (4-bit cells, which take another path on a lesser
    processor, move far beyond it). Away from where it was measured, at least that bound.
    """
    unmeasured = bound(precision, scale)
    within, across = factor(of.within), factor(of.across)
    if within is None or across is None:
        return replace(unmeasured, level=place.level)
    usual = unmeasured.tolerance(place.level)
    reordered = min(across * spread.across, usual) if of.covers(place) else usual
    least = ULPS * EPSILON[precision or "float32"] * abs(scale)
    allowed = max(within * spread.within, reordered, least)
    return Noise(
        spread=allowed / within,
        provenance=_words(of, place),
        allowed=allowed,
        across=max(across * spread.across, allowed),
        level=place.level,
    )


def _words(of: Provenance, place: Place) -> str:
    if of.covers(place):
        return f"measured in {of.runs} runs, {of.date}"
    return f"borrowed from {of.processor or of.device}: measured there in {of.runs} runs, {of.date}"


def find(groups: Iterable[Group], key: str) -> tuple[Spread, Provenance] | None:
    """What is known of the number `key`."""
    for group in groups:
        if key in group.spreads:
            return group.spreads[key], group.provenance
    return None


def merge(old: Iterable[Group], new: Group, behaviours: Collection[str]) -> tuple[Group, ...]:
    """`old` with everything about `behaviours` replaced by what `new` holds."""
    kept = []
    for group in old:
        left = {
            key: spread
            for key, spread in group.spreads.items()
            if key not in new.spreads and not _is_of(key, behaviours)
        }
        if left and group.provenance == new.provenance:
            new = replace(new, spreads={**left, **new.spreads})
        elif left:
            kept.append(replace(group, spreads=left))
    return (*kept, new) if new.spreads else tuple(kept)


def _is_of(key: str, behaviours: Collection[str]) -> bool:
    return any(key.startswith(f"{behaviour} ") for behaviour in behaviours)


def dumps(groups: Iterable[Group]) -> str:
    """The text of a file: a line a field of the provenance, a line a number, sorted."""
    return "[\n" + ",\n".join(_group(group) for group in groups) + "\n]\n"


def _group(group: Group) -> str:
    fields = asdict(group.provenance) | {"versions": dict(group.provenance.versions)}
    lines = [f"  {_compact(key)}: {_compact(value)}" for key, value in fields.items()]
    spreads = [
        f"   {_compact(key)}: [{spread.within:.3g}, {spread.across:.3g}]"
        for key, spread in sorted(group.spreads.items())
    ]
    inner = "{\n" + ",\n".join(spreads) + "\n  }"
    return (
        " {\n"
        + ",\n".join([*lines, f'  "spread within and across kernel levels": {inner}'])
        + "\n }"
    )


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)


def loads(text: str, where: str) -> tuple[Group, ...]:
    """The groups of a file. Raises RecordError where it is damaged."""
    try:
        return tuple(_read(fields) for fields in json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            f"the measured noise is damaged: {error}",
            where=where,
            allowed="what `harness calibrate --update` writes",
            next=f"restore it (git checkout -- {where}), or delete it and measure again",
        ) from None


def _read(fields: dict[str, Any]) -> Group:
    spreads = fields.pop(SPREADS)
    for name in ("kernels", "threads", "batches"):
        fields[name] = tuple(fields[name])
    fields["versions"] = tuple(fields["versions"].items())
    return Group(
        Provenance(**fields),
        {key: _spread(key, *sizes) for key, sizes in spreads.items()},
    )


def _spread(key: str, within: float, across: float) -> Spread:
    """Raises ValueError for what no measurement gives."""
    for size in (within, across):
        if not (math.isfinite(size) and size >= 0):
            raise ValueError(f"{key!r} moved by {size}, which is no distance")
    return Spread(float(within), float(across))
