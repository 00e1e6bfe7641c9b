"""Accepted costs, and packages that do not import: what an entry accepts, its file, the reports."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import bench_report_world as costs
import pytest
import report_world as world
from rich.console import Console

from harness.gate.accepted import LeftOut, accept
from harness.gate.acceptedfile import read_accepted
from harness.gate.exitcode import exit_code
from harness.report import words
from harness.report.files import json_text
from harness.report.html import to_html
from harness.report.junit import to_junit
from harness.report.markdown import to_markdown
from harness.report.terminal import render
from harness.vocabulary.accepted import Accepted, Standing
from harness.vocabulary.costs import BenchReport, CostVerdict, Missed
from harness.vocabulary.gated import GateReport, PackageVerdict
from harness.vocabulary.stacks import Lock
from harness.vocabulary.tables import TableError
from harness.vocabulary.verdicts import Verdict

ENTRY = Accepted(
    "meant", "model/decode*", "slower", "meant so", "ann", "torch", "<3", kind="quantity"
)
PACKAGE = replace(ENTRY, id="broken", named="sae-lens", verdict="unimportable", kind="package")
UNIMPORTABLE = PackageVerdict("sae-lens", "unimportable", "ImportError: gone")
BENCH = costs.slower()
"""model/decode@256x1 slower, @256x8 same, memory/peak.load heavier, load missed; in bfloat16."""


def judged(
    *entries: Accepted,
    bench: BenchReport | None = BENCH,
    packages: tuple[PackageVerdict, ...] = (),
    torch: str = "2.14",
) -> GateReport:
    """A gate in which all behaviours are the same, with these costs, by these entries."""
    report = replace(
        world.all_same(3),
        candidate=Lock("next", (("torch", torch),)),
        bench=bench,
        packages=packages,
        exit_code=1,
    )
    return accept(report, entries, LeftOut())


def test_a_cost_bears_the_entry_that_accepts_it() -> None:
    report = judged(ENTRY)
    assert report.bench is not None
    (comparison,) = report.bench.comparisons
    assert [each.accepted for each in comparison.compared] == ["meant", "", "", ""]
    (acceptance,) = report.accepted
    assert (acceptance.standing, acceptance.accepts) == (Standing.HOLDS, 1)
    assert acceptance.found == {"slower": 1, "same": 1}


@pytest.mark.parametrize(
    ("quantity", "verdict", "where", "standing"),
    [
        ("model/decode@256x1", "slower", "*", Standing.HOLDS),
        ("model/decode*", "heavier", "*", Standing.UNMATCHED),
        ("model/decode@256x8", "slower", "*", Standing.UNMATCHED),
        ("*/decode*", "heavier", "*", Standing.UNSEEN),
        ("model/decode*", "slower", "*-bfloat16-cpu", Standing.HOLDS),
        ("model/decode*", "slower", "*-nf4-cpu", Standing.UNSEEN),
        ("load/*", "slower", "*", Standing.UNSEEN),
        ("hooks.bridge/*", "slower", "*", Standing.UNSEEN),
    ],
)
def test_what_becomes_of_an_entry_for_costs(
    quantity: str, verdict: str, where: str, standing: Standing
) -> None:
    entry = replace(ENTRY, named=quantity, verdict=verdict, cell=where)
    assert judged(entry).accepted[0].standing is standing


def test_an_entry_for_costs_has_a_bound_and_is_not_judged_without_costs() -> None:
    assert judged(ENTRY, torch="3.0").accepted[0].standing is Standing.EXPIRED
    assert judged(ENTRY, bench=None).accepted[0].standing is Standing.UNSEEN


def test_a_cost_that_is_inconclusive_is_no_evidence() -> None:
    unsure = costs.compared(costs.DECODE, 1.0, 1.2, CostVerdict.INCONCLUSIVE)
    report = judged(ENTRY, bench=costs.report(costs.comparison(unsure)))
    assert report.accepted[0].standing is Standing.UNSEEN


def test_a_verdict_on_a_behaviour_is_no_cost_of_a_benchmark() -> None:
    heavier = world.behaviour(Verdict.HEAVIER)
    report = replace(judged(bench=None), behaviours=(heavier,))
    for_costs = replace(ENTRY, named="*/*", verdict="heavier")
    found = accept(report, [for_costs], LeftOut())
    assert (found.behaviours[0].accepted, found.accepted[0].standing) == (None, Standing.UNSEEN)


@pytest.mark.parametrize(
    ("verdict", "standing", "code"),
    [
        ("unimportable", Standing.HOLDS, 0),
        ("same", Standing.UNMATCHED, 1),
        ("fixed", Standing.UNMATCHED, 1),
    ],
)
def test_a_package_that_does_not_import_can_be_accepted(
    verdict: str, standing: Standing, code: int
) -> None:
    report = judged(PACKAGE, bench=None, packages=(replace(UNIMPORTABLE, verdict=verdict),))
    assert report.accepted[0].standing is standing
    assert (report.packages[0].accepted == PACKAGE) is (standing is Standing.HOLDS)
    found = exit_code("built", report.packages, report.behaviours, accepted=report.accepted)
    assert found == code


def test_a_package_of_which_there_is_no_evidence_is_not_judged() -> None:
    assert judged(PACKAGE, bench=None).accepted[0].standing is Standing.UNSEEN


LOST = replace(
    BENCH,
    comparisons=tuple(
        replace(one, missed=(Missed("load", "bfloat16", "killed"),)) for one in BENCH.comparisons
    ),
)
GONE = replace(ENTRY, id="left", named="load/*", verdict="gone")


@pytest.mark.parametrize(
    ("quantity", "verdict", "bench", "standing"),
    [
        ("load/*", "gone", LOST, Standing.HOLDS),
        ("load/seconds", "gone", LOST, Standing.HOLDS),
        ("load/*", "slower", LOST, Standing.UNSEEN),
        ("load/*", "gone", BENCH, Standing.UNSEEN),
        ("model/decode*", "gone", LOST, Standing.UNMATCHED),
    ],
)
def test_what_only_the_candidate_cannot_do_can_be_accepted_as_gone(
    quantity: str, verdict: str, bench: BenchReport, standing: Standing
) -> None:
    report = judged(replace(GONE, named=quantity, verdict=verdict), bench=bench)
    assert report.accepted[0].standing is standing
    lost = [each.task for each in LOST.comparisons[0].missed] if bench is LOST else []
    assert [each.task for each in report.lost] == ([] if standing is Standing.HOLDS else lost)


def test_where_what_is_gone_is_all_that_is_accepted_the_headline_says_so() -> None:
    (one,) = LOST.comparisons
    same = replace(LOST, comparisons=(replace(one, compared=one.compared[1:2]),))
    report = replace(judged(GONE, bench=same), exit_code=0)
    assert words.headline(report) == (
        "Nothing that fails the gate: 4 same, 1 change accepted "
        "(exit 0: nothing changed that is not accepted)"
    )


def test_what_is_gone_and_accepted_is_counted_and_told() -> None:
    report = judged(GONE, bench=LOST)
    assert words.headline(report).startswith("1 heavier, 1 slower of 7 verdicts, 1 change accepted")
    assert "load of bfloat16 alone: killed; accepted as [left]" in printed(report)
    (comparison,) = json.loads(json_text(report))["bench"]["comparisons"]
    assert [each["accepted"] for each in comparison["missed"]] == ["left"]
    assert ElementTree.fromstring(to_junit(report)).get("failures") == "2"


FILE = """
[decode]
quantity = "model/decode*"
cell = "*-nf4-cpu"
verdict = "slower"
until = "torch<3"
reason = "meant so"
owner = "ann"

[gone]
package = "SAE_Lens"
verdict = "unimportable"
until = "sae-lens<7"
reason = "meant so"
owner = "ann"
"""


def test_entries_for_costs_and_packages_are_read() -> None:
    cost, package = read_accepted(FILE, "accepted.toml")
    assert (cost.kind, cost.named, cost.cell) == ("quantity", "model/decode*", "*-nf4-cpu")
    assert (package.kind, package.named, package.cell) == ("package", "sae-lens", "*")
    assert (cost.verdict, package.verdict) == ("slower", "unimportable")


@pytest.mark.parametrize(
    ("old", "new", "what", "allowed"),
    [
        ('quantity = "model/decode*"', "", "behaviour, quantity or package is missing", "package"),
        ('cell = "*-nf4-cpu"', 'package = "torch"', "quantity and package in one entry", "or"),
        ("[gone]", '[gone]\ncell = "gpt2"', "package and cell in one entry", "package"),
        ('"slower"', '"broken"', "'broken' is no verdict on a quantity", "lighter, gone"),
        ('"slower"', '"inconclusive"', "'inconclusive' is no verdict on a quantity", "slower"),
        ('"unimportable"', '"gone"', "'gone' is no verdict on a package", "unimportable"),
    ],
)
def test_what_an_entry_cannot_name_is_one_clear_error(
    old: str, new: str, what: str, allowed: str
) -> None:
    assert FILE.count(old) == 1
    with pytest.raises(TableError) as caught:
        read_accepted(FILE.replace(old, new), "accepted.toml")
    assert what in caught.value.what
    assert allowed in caught.value.allowed
    assert caught.value.next


ACCEPTED = judged(ENTRY, PACKAGE, packages=(UNIMPORTABLE,))
TERMS = "accepted until torch<3 by ann: meant so"


def printed(report: GateReport) -> str:
    out = io.StringIO()
    render(report, Console(file=out, width=100))
    return out.getvalue()


def test_the_headline_counts_what_is_accepted_apart() -> None:
    assert words.headline(ACCEPTED) == (
        "1 heavier of 7 verdicts, 2 changes accepted (exit 1: something changed)"
    )


@pytest.mark.parametrize("form", [printed, to_markdown, to_html])
def test_every_report_lists_what_is_accepted(form: object) -> None:
    assert callable(form)
    text = form(ACCEPTED).replace("&lt;", "<").replace("&#60;", "<")
    assert "beyond" in text
    assert "accepted as [meant]" in text.replace("&#91;", "[").replace("&#93;", "]")
    assert f"ImportError: gone; {TERMS}" in text
    assert "accepts 1 slower" in text
    assert "accepts 1 unimportable" in text


def test_junit_passes_an_accepted_cost_and_an_accepted_package() -> None:
    cases = {
        case.get("name"): [child.tag for child in case]
        for case in ElementTree.fromstring(to_junit(ACCEPTED)).iter("testcase")
    }
    assert cases["decode@256x1"] == ["system-out"]
    assert cases["peak.load"] == ["failure"]
    assert cases["sae-lens"] == ["system-out"]


def test_json_says_which_entry_accepts_a_cost_and_a_package() -> None:
    data = json.loads(json_text(ACCEPTED))
    (comparison,) = data["bench"]["comparisons"]
    assert [each["accepted"] for each in comparison["compared"]] == ["meant", "", "", ""]
    assert data["packages"][0]["accepted"] == "broken"
    first, second = data["accepted"]
    assert (first["quantity"], first["behaviour"]) == ("model/decode*", None)
    assert (second["package"], second["found"]) == ("sae-lens", {"unimportable": 1})
