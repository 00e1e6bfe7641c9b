"""Which observations a report draws."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.pictures import Heatmap, difference, drawable, heatmap
from harness.report.plain import one_line
from harness.vocabulary.gated import BehaviourVerdict, GateReport, ObservationVerdict
from harness.vocabulary.verdicts import Verdict

MOST = 40
"""So many observations are drawn, those that are not the same first; gate.json has all."""

ROOM = 4_000_000
"""Characters that all drawings may take together."""


@dataclass(frozen=True)
class Picture:
    """The drawings of one observation: both sides and what parts them, or the one there is."""

    name: str
    behaviour: str
    cell: str
    sides: tuple[tuple[str, Heatmap], ...]


@dataclass(frozen=True)
class Gallery:
    """The pictures of a report; `left_out` counts those that are too many."""

    pictures: tuple[Picture, ...]
    left_out: int


def gallery(report: GateReport) -> Gallery:
    """A picture of every matrix with axes: first what is not the same, then the largest."""
    order = list(Verdict)
    found = [
        (order.index(entry.verdict), -_squares(entry), result, entry)
        for result in report.behaviours
        for entry in result.observations
        if drawable(entry.candidate or entry.baseline)
    ]
    found.sort(key=lambda each: each[:2])
    pictures: list[Picture] = []
    room = ROOM
    for *_, result, entry in found[:MOST]:
        picture = _picture(result, entry)
        room -= sum(len(drawn.svg) for _, drawn in picture.sides)
        if room < 0:
            break
        pictures.append(picture)
    return Gallery(tuple(pictures), len(found) - len(pictures))


def _squares(entry: ObservationVerdict) -> int:
    shown = entry.candidate or entry.baseline
    return sum(map(len, shown.value)) if shown is not None else 0


def _picture(result: BehaviourVerdict, entry: ObservationVerdict) -> Picture:
    old, new = entry.baseline, entry.candidate
    sides: list[tuple[str, Heatmap]] = []
    if entry.verdict is Verdict.SAME and new is not None:
        sides.append(("both stacks", heatmap(new)))
    else:
        sides += [
            (name, heatmap(side))
            for name, side in (("baseline", old), ("candidate", new))
            if side is not None and drawable(side)
        ]
        if old is not None and new is not None and len(sides) == 2:
            moved = difference(old, new)
            sides += [("candidate less baseline", moved)] if moved else []
    return Picture(
        one_line(entry.name), one_line(result.behaviour), one_line(result.cell), tuple(sides)
    )
