"""A gate's reports with the costs in them: counted, listed, escaped, and no part of others."""

from __future__ import annotations

import io
import json
import re
import shlex
from dataclasses import replace
from xml.etree import ElementTree

import bench_report_world as costs
import pytest
import report_world as world
from rich.console import Console

from harness import cli
from harness.report import words
from harness.report.bench import jsonform as bench_json
from harness.report.files import json_text
from harness.report.html import to_html
from harness.report.junit import to_junit
from harness.report.markdown import LIMIT, to_markdown
from harness.report.terminal import render
from harness.vocabulary.costs import Arm, BenchReport, Comparison, CostVerdict, Missed
from harness.vocabulary.gated import GateReport
from harness.vocabulary.verdicts import Verdict

OLD, NEW = (Arm(f"torch=={each}", f"torch=={each}", "smol") for each in ("2.12.0", "2.13.0"))


def between_stacks(report: BenchReport) -> BenchReport:
    """The same costs, of two stacks; what both arms missed, both of these do."""
    found = (
        replace(
            each,
            baseline=OLD,
            candidate=NEW,
            missed=tuple(
                replace(lacking, arm=arm.name)
                for lacking in each.missed
                for old, arm in ((each.baseline, OLD), (each.candidate, NEW))
                if lacking.arm == old.name
            ),
        )
        for each in report.comparisons
    )
    return replace(report, comparisons=tuple(found))


def gate(bench: BenchReport | None, exit_code: int = 1) -> GateReport:
    return replace(world.all_same(3), bench=bench, exit_code=exit_code)


SLOWER = gate(between_stacks(costs.slower()))


def printed(report: GateReport) -> str:
    out = io.StringIO()
    render(report, Console(file=out, width=100, force_terminal=False))
    return out.getvalue()


def test_the_headline_counts_costs_among_the_verdicts() -> None:
    assert words.headline(SLOWER) == (
        "1 heavier, 1 slower of 7 verdicts (exit 1: something changed)"
    )


def test_the_last_line_counts_what_is_inconclusive_too() -> None:
    unsure = costs.report(
        costs.comparison(costs.compared(costs.DECODE, 1.0, 1.0, CostVerdict.INCONCLUSIVE))
    )
    assert words.counts_line(gate(unsure, 0)).startswith("4 verdicts: 3 same, 1 inconclusive; ")
    assert words.headline(gate(unsure, 0)).startswith("Nothing that fails the gate: 3 same, 1 inc")


def test_a_gate_of_nothing_but_inconclusive_costs_has_no_evidence() -> None:
    unsure = costs.report(
        costs.comparison(costs.compared(costs.DECODE, 1.0, 1.0, CostVerdict.INCONCLUSIVE))
    )
    alone = replace(gate(unsure, 4), behaviours=())
    assert words.headline(alone).startswith("No evidence: 1 inconclusive of 1 verdict (exit 4")


def test_costs_of_which_none_could_be_measured_are_said_in_the_headline() -> None:
    none = costs.report(Comparison(OLD, NEW, (), (Missed("load", NEW.name, "no file"),)))
    report = gate(none, 4)
    assert "no cost could be measured (exit 4" in words.headline(report)
    assert "load of torch==2.13.0 alone: no file" in printed(report)
    assert ElementTree.fromstring(to_junit(report)).get("errors") == "1"


LOST = costs.report(
    costs.comparison(
        costs.compared(costs.DECODE, 1.0, 1.0),
        baseline=OLD,
        candidate=NEW,
        missed=[Missed("load", NEW.name, "killed"), Missed("import.torch", OLD.name, "no file")],
    )
)


def test_what_only_the_candidate_cannot_do_is_said_in_the_headline_and_fails_in_junit() -> None:
    report = gate(LOST)
    assert words.headline(report) == (
        "only the candidate cannot do load; No verdict that fails the gate: 4 same "
        "(exit 1: something changed)"
    )
    junit = ElementTree.fromstring(to_junit(report))
    assert [failure.get("type") for failure in junit.iter("failure")] == ["gone"]
    assert [skipped.get("message") for skipped in junit.iter("skipped")] == [
        "import.torch of torch==2.12.0: no file"
    ]


def test_of_much_that_only_the_candidate_cannot_do_the_headline_names_three() -> None:
    missed = [Missed(task, NEW.name, "killed") for task in ("load", "memory", "a", "b", "b", "c")]
    (one,) = LOST.comparisons
    report = gate(replace(LOST, comparisons=(replace(one, missed=tuple(missed)),)))
    told = words.headline(report).partition(";")[0]
    assert told == "only the candidate cannot do load, memory, a and 2 more"


def test_what_only_the_candidate_cannot_do_fails_as_a_cost_that_rose_does() -> None:
    report = gate(LOST, 0)
    assert [each.task for each in report.lost] == ["load"]
    assert replace(report, fail_on=frozenset({Verdict.CHANGED})).lost == ()
    (one,) = LOST.comparisons
    nothing = replace(LOST, comparisons=(replace(one, compared=()),))
    assert replace(report, bench=nothing).lost == ()


def test_the_terminal_has_the_table_and_the_command_for_what_became_dearer() -> None:
    text = printed(SLOWER)
    assert re.search(r"decode@256x1 .*1\.100.* slower", text)
    commands = [line.strip()[2:] for line in text.splitlines() if line.strip().startswith("$ ")]
    assert commands == [
        "harness bench --baseline torch==2.12.0 --candidate torch==2.13.0 --subject smol "
        f"--task {task} --quantity {quantity}"
        for task, quantity in (("model", "model/decode@256x1"), ("memory", "memory/peak.load"))
    ]
    for command in commands:
        assert cli.parser().parse_args(shlex.split(command)[1:]).quantity


def test_a_command_names_the_cell_where_it_is_not_the_usual_one() -> None:
    (slower,) = costs.slower().comparisons
    arms = [replace(arm, precision="nf4", device="cuda:1") for arm in (OLD, NEW)]
    bench = costs.report(replace(slower, baseline=arms[0], candidate=arms[1]))
    assert "--precision nf4 --device cuda:1 --task model" in printed(gate(bench))


def test_the_page_has_table_plots_and_command_and_reaches_no_network() -> None:
    page = to_html(SLOWER)
    assert "<h2>Costs</h2>" in page
    assert page.count("<svg") >= 1
    assert "harness bench --baseline torch==2.12.0" in page
    assert '<span class="verdict slower"' in page
    assert not re.search(r"<script|<link|src=|href=\"http", page)


def test_markdown_has_table_and_command_and_fits() -> None:
    text = to_markdown(SLOWER)
    assert "### Costs" in text
    assert "**slower**" in text
    assert "harness bench --baseline torch==2.12.0" in text
    many = replace(world.of_many(200), bench=SLOWER.bench)
    assert "**slower**" in to_markdown(many)
    assert len(to_markdown(many).encode()) <= LIMIT


def test_json_has_the_benchmark_in_its_own_form() -> None:
    data = json.loads(json_text(SLOWER))
    assert SLOWER.bench is not None
    assert data["bench"] == bench_json.to_json(SLOWER.bench)
    assert (data["counts"]["slower"], data["counts"]["same"]) == (1, 4)


def test_junit_has_a_testcase_a_quantity() -> None:
    cases = {
        f"{case.get('classname')}/{case.get('name')}": [child.tag for child in case]
        for case in ElementTree.fromstring(to_junit(SLOWER)).iter("testcase")
        if str(case.get("classname")).startswith("costs")
    }
    assert cases == {
        "costs.model/decode@256x1": ["failure"],
        "costs.model/decode@256x8": ["system-out"],
        "costs.memory/peak.load": ["failure"],
        "costs.tokenizers.tiktoken/encode.repeated": ["system-out"],
        "costs/not measured": ["skipped"],
    }


def test_what_does_not_fail_this_gate_is_no_failure_in_junit() -> None:
    report = replace(SLOWER, fail_on=frozenset(), exit_code=0)
    assert ElementTree.fromstring(to_junit(report)).get("failures") == "0"


@pytest.mark.parametrize("bench", [costs.varied(), costs.of_foreign_text()])
def test_every_form_takes_several_cells_and_foreign_text(bench: BenchReport) -> None:
    report = gate(bench)
    assert "<script>alert" not in to_html(report)
    assert not re.search("^(?!harness bench).*<script>alert", to_markdown(report), re.MULTILINE)
    ElementTree.fromstring(to_junit(report))
    assert json.loads(json_text(report))["bench"]["comparisons"]
    assert "\x1b" not in printed(report)


def test_a_gate_without_costs_has_no_word_of_them() -> None:
    report = gate(None, 0)
    told = [printed(report), to_html(report), to_markdown(report), to_junit(report)]
    assert not any(re.search(r"[Cc]osts|inconclusive", text) for text in told)
    assert not {"bench", "inconclusive"} & {*json.loads(json_text(report)), *counts(report)}


def counts(report: GateReport) -> set[str]:
    return set(json.loads(json_text(report))["counts"])
