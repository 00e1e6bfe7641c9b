"""The report on a terminal: what is said, at 80 columns and where there is no terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
import report_world as world
from rich.console import Console

from harness.report.terminal import render
from harness.vocabulary.gated import GateReport
from harness.vocabulary.stacks import Move
from harness.vocabulary.verdicts import Verdict


def printed(report: GateReport, width: int = 80, colour: bool = False) -> str:
    out = io.StringIO()
    system = "truecolor" if colour else None
    render(report, Console(file=out, width=width, force_terminal=colour, color_system=system))
    return out.getvalue()


def test_the_headline_is_the_first_line() -> None:
    first = printed(world.unsolvable()).splitlines()[0]
    assert first == "The candidate bad is unsolvable (exit 3: a stack cannot be built)"


def test_an_unsolvable_stack_is_explained() -> None:
    assert "requires transformer-lens<4\nyou asked for" in printed(world.unsolvable())


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.SAME])
def test_ids_and_commands_stand_whole_on_one_line(verdict: Verdict) -> None:
    lines = printed(world.of_every_verdict(), width=40).splitlines()
    identity = f"circuits/test_ioi.py::test_{verdict.value}"
    assert identity in lines
    assert f"    $ pytest 'suites/{identity}[smollm2-nf4-cpu]'" in lines


def test_same_is_only_counted() -> None:
    text = printed(world.of_every_verdict())
    assert "test_same" not in text
    assert "1 same" in text.splitlines()[-1]


def test_values_and_their_distance_in_noise_stand_on_one_row() -> None:
    rows = [line.split() for line in printed(world.of_every_verdict()).splitlines()]
    assert ["logit_difference", "3.5", "logits", "3.6", "logits", "42", "\u00d7", "1e-06"] in rows


def test_cells_with_one_verdict_are_one_entry() -> None:
    cells = ("smollm2-nf4-cpu", "smollm2-fp4-cpu")
    behaviours = tuple(world.behaviour(Verdict.DRIFTED, cell) for cell in cells)
    text = printed(replace(world.of_every_verdict(), behaviours=behaviours))
    assert "drifted  nf4, fp4 of smollm2\n" in text
    assert text.count("$ pytest") == 1


def test_a_package_that_went_back_is_marked_before_the_others() -> None:
    text = printed(world.of_every_verdict())
    moved = text[text.index("Moved (2)") :].splitlines()[1:3]
    assert moved[0].split() == ["sae-lens", "6.54.12", "→", "6.51.1", "went", "back"]
    assert moved[1].split() == ["zstd", "added", "1.2"]


def test_more_than_twelve_moves_are_folded_to_names() -> None:
    moved = tuple(Move(f"dep-{i:02}", "1.5", "1.6") for i in range(30))
    text = printed(replace(world.of_every_verdict(), moved=moved))
    assert text.count("1.5 → 1.6") == 12
    assert "and 18 more that came along: dep-12" in text


def test_skips_are_counted_by_reason_most_frequent_first() -> None:
    text = printed(world.of_every_verdict())
    assert text.index("120  minilm has no ability") < text.index("3  no network")


def test_without_a_terminal_there_is_no_escape_sequence() -> None:
    assert "\x1b" not in printed(world.of_every_verdict())


def test_on_a_terminal_escape_sequences_of_foreign_text_do_not_reach_it() -> None:
    text = printed(world.of_every_verdict(), colour=True)
    assert "\x1b[" in text
    assert "\x1b[31m\x00" not in text
    assert "\x00" not in text


def test_tables_fit_80_columns() -> None:
    text = printed(world.of_every_verdict())
    rows = [line for line in text.splitlines() if "1e-06" in line]
    assert rows
    assert max(map(len, rows)) <= 80


def test_brackets_in_text_are_no_markup() -> None:
    report = world.of_every_verdict()
    result = world.behaviour(Verdict.BROKEN, reason="[red]KeyError[/red]: 'x'")
    assert "[red]KeyError[/red]: 'x'" in printed(replace(report, behaviours=(result,)))


def test_two_records_compared_are_named_as_such() -> None:
    report = replace(
        world.all_same(3), baseline_name="monday.jsonl", candidate_name="tuesday.jsonl"
    )
    assert "baseline monday.jsonl → candidate tuesday.jsonl" in printed(report)
