"""Heatmaps: every number has its square, its colour and its words."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import report_world as world

from harness.report.html import to_html
from harness.report.numbers import TIMES
from harness.report.pictures import MOST, difference, drawable, heatmap
from harness.vocabulary.gated import BehaviourVerdict, ObservationVerdict
from harness.vocabulary.observations import Axes, Observation
from harness.vocabulary.verdicts import Verdict

AXES = Axes("layer", "position", column_names=("The", " cat", "<s>"))


def matrix(value: object, axes: Axes | None = AXES) -> Observation:
    return Observation("patching", "numeric", value, axes=axes)


def squares(svg: str) -> list[tuple[str, str]]:
    """(colour, words) of each square, read back as XML."""
    root = ElementTree.fromstring(svg)
    return [(r.attrib["fill"], r[0].text or "") for r in root.iter("rect")]


def test_every_number_is_a_square_that_tells_its_place_and_value() -> None:
    found = squares(heatmap(matrix([[0.0, 1.0, -1.0], [0.5, 0.25, 0.0]])).svg)
    assert [words for _, words in found][:2] == [
        "layer 0, position The: 0",
        "layer 0, position cat: 1",
    ]
    assert len(found) == 6
    assert "position <s>: -1" in found[2][1]


def test_zero_is_white_and_the_largest_of_each_sign_is_full_colour() -> None:
    found = squares(heatmap(matrix([[0.0, 2.0, -2.0]])).svg)
    assert [colour for colour, _ in found] == ["#f7f7f7", "#b2182b", "#2166ac"]


def test_half_the_size_is_half_the_colour() -> None:
    [(half, _), _] = squares(heatmap(matrix([[1.0, 2.0]], Axes("a", "b"))).svg)
    parts = [int(half[i : i + 2], 16) for i in (1, 3, 5)]
    expected = [(247 + 178) / 2, (247 + 24) / 2, (247 + 43) / 2]
    assert all(abs(part - full) <= 0.5 for part, full in zip(parts, expected, strict=True))


def test_a_scale_of_its_own_keeps_a_small_score_pale() -> None:
    axes = Axes("layer", "head", full=1.0)
    [(pale, _), (full, _)] = squares(heatmap(matrix([[0.04, 1.0]], axes)).svg)
    assert int(pale[3:5], 16) > 0.9 * 247
    assert full == "#b2182b"


def test_what_is_no_number_is_grey() -> None:
    assert squares(heatmap(matrix([[None, 1.0, math.inf]])).svg)[0][0] == "#999999"


def test_the_difference_is_candidate_minus_baseline() -> None:
    moved = difference(matrix([[1.0, 2.0, 3.0]]), matrix([[1.0, 2.5, 2.0]]))
    assert moved is not None
    assert [words.rpartition(" ")[2] for _, words in squares(moved.svg)] == ["0", "0.5", "-1"]
    assert difference(matrix([[1.0]]), matrix([[1.0, 2.0]])) is None


def test_a_large_matrix_is_cut_and_says_so() -> None:
    drawn = heatmap(matrix([[1.0] * (MOST + 6)] * (MOST + 9), Axes("a", "b")))
    assert len(squares(drawn.svg)) == MOST * MOST
    assert f"the first {MOST} of {MOST + 9} {TIMES} {MOST + 6}" in drawn.caption


@pytest.mark.parametrize(
    "value", [1.0, [1.0], [[1.0], [1.0, 2.0]], [[]], [["x"]], [[[1.0]]], {"ids": []}]
)
def test_only_matrices_are_drawn(value: object) -> None:
    assert not drawable(matrix(value))
    assert not drawable(matrix([[1.0]], None))
    assert drawable(matrix([[1.0]]))


def test_names_cannot_break_out_of_the_drawing() -> None:
    axes = Axes('l"a<yer', "<script>", ('"><script>',), ("</svg>",))
    svg = heatmap(matrix([[1.0]], axes)).svg
    assert not re.search(r"<script", svg)
    ElementTree.fromstring(svg)


def page_of(baseline: Observation, candidate: Observation, verdict: Verdict) -> str:
    entry = ObservationVerdict("patching", baseline, candidate, verdict)
    result = BehaviourVerdict("circuits/test_p.py::test_p", "c", verdict, observations=(entry,))
    return to_html(replace(world.all_same(1), behaviours=(result,)))


def test_a_gate_shows_what_is_the_same_once_and_what_moved_three_times() -> None:
    one, other = matrix([[1.0, 2.0, 3.0]]), matrix([[1.0, 2.0, 4.0]])
    assert page_of(one, one, Verdict.SAME).count("<svg") == 1
    moved = page_of(one, other, Verdict.DRIFTED)
    assert moved.count("<svg") == 3
    assert "candidate less baseline" in moved


def test_a_gate_without_matrices_has_no_pictures() -> None:
    assert "<svg" not in to_html(world.of_every_verdict())
