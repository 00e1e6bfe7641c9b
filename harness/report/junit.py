"""The report as JUnit XML: one testcase a behaviour and cell, for dashboards of a CI."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from harness.report import acceptances, summary, words
from harness.report.bench import again, missing, rows
from harness.report.excerpts import sides
from harness.report.plain import clean, one_line
from harness.vocabulary.costs import Compared, CostVerdict
from harness.vocabulary.gated import (
    BehaviourVerdict,
    GateReport,
    ObservationVerdict,
    PackageVerdict,
)
from harness.vocabulary.verdicts import UNIMPORTABLE, Verdict

_LINES = 20
"""So many observations of a behaviour are told; gate.json has all."""


def to_junit(report: GateReport) -> str:
    """`report` as JUnit XML.

    Of the verdicts that fail the gate `broken` is an error, the others are failures; what is
    accepted passes, and an entry that no longer accepts anything is a failure. `unknown` is
    skipped, as is each reason for skipping. Of costs each quantity is a testcase: `inconclusive`
    is skipped, as is what could not be measured, unless only the candidate could not and that
    fails the gate. A stack that cannot be built, a package that cannot be imported, and a gate
    without any evidence are errors of their own, so that no exit code other than 0 looks like
    success.
    """
    cases = [_behaviour(result, report) for result in report.behaviours]
    cases += _costs(report)
    cases += [_accepted(row) for row in acceptances.rows(report)]
    cases += [_package(acceptances.with_terms(entry)) for entry in report.packages]
    cases += [_skip(skip.reason, skip.count) for skip in report.skipped]
    if report.exit_code != 0 and not any(_bad(case) for case in cases):
        cases.append(_gate(report))
    baseline, candidate = words.names(report)
    suite = Element("testsuite", {"name": f"{baseline} → {candidate}", **_totals(cases, report)})
    suite.extend(cases)
    suites = Element("testsuites", {"name": "gate", **_totals(cases, report)})
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _behaviour(result: BehaviourVerdict, report: GateReport) -> Element:
    path, _, name = one_line(result.behaviour).rpartition("::")
    case = _case(path.removesuffix(".py").replace("/", "."), f"{name}[{one_line(result.cell)}]")
    verdict = result.verdict
    message = f"{verdict.value}: {one_line(result.reason) or words.MEANING[verdict]}"
    if result.accepted is not None:
        told = f"{message}\n{acceptances.terms(result.accepted)}"
        _child(case, "system-out", "", f"{told}\n{_story(result)}")
    elif verdict in report.fail_on:
        tag = "error" if verdict is Verdict.BROKEN else "failure"
        _child(case, tag, message, _story(result)).set("type", verdict.value)
    elif verdict is Verdict.UNKNOWN:
        _child(case, "skipped", message)
    elif verdict is not Verdict.SAME:
        _child(case, "system-out", "", f"{message}\n{_story(result)}")
    return case


def _costs(report: GateReport) -> list[Element]:
    if report.bench is None:
        return []
    several = len(report.bench.comparisons) > 1
    cases = []
    for comparison in report.bench.comparisons:
        arm = comparison.baseline
        end = f"[{one_line(arm.subject)}-{arm.precision}-{arm.device}]" if several else ""
        commands = dict(again.commands(comparison))
        cases += [_cost(each, end, commands, report) for each in comparison.compared]
        for row in missing.rows(comparison):
            case = _case("costs", f"not measured{end}")
            if row.lost and report.lost:
                _child(case, "failure", row.text).set("type", Verdict.GONE.value)
            else:
                _child(case, "skipped", row.text)
            cases.append(case)
    return cases


def _cost(each: Compared, end: str, commands: Mapping[str, str], report: GateReport) -> Element:
    row, verdict = rows.row(each), each.decision.verdict
    case = _case(f"costs.{one_line(each.quantity.task)}", f"{row.name}{end}")
    story = f"{row.baseline} -> {row.candidate}, ratio {row.ratio} ({row.interval})"
    message = f"{verdict.value}: {row.reason or rows.MEANING[verdict]}"
    if verdict is CostVerdict.INCONCLUSIVE:
        _child(case, "skipped", message, story)
    elif Verdict(verdict.value) in report.fail_on and not each.accepted:
        command = commands.get(one_line(each.quantity.id), "")
        told = f"{story}\n$ {command}" if command else story
        _child(case, "failure", message, told).set("type", verdict.value)
    else:
        plain = verdict is CostVerdict.SAME and not row.reason
        _child(case, "system-out", "", story if plain else f"{message}\n{story}")
    return case


def _accepted(row: acceptances.EntryRow) -> Element:
    case = _case("accepted", row.id)
    if row.fails:
        told = f"{row.terms}\nnext: {row.next}"
        _child(case, "failure", row.standing, told).set("type", "accepted")
    else:
        _child(case, "system-out", "", f"{row.standing}\n{row.terms}")
    return case


def _package(entry: PackageVerdict) -> Element:
    case = _case("packages", one_line(entry.package))
    if entry.verdict == UNIMPORTABLE and entry.accepted is None:
        _child(case, "error", f"unimportable: {one_line(entry.reason)}").set("type", entry.verdict)
    elif entry.verdict != "same":
        _child(case, "system-out", "", f"{entry.verdict}: {clean(entry.reason)}")
    return case


def _skip(reason: str, count: int) -> Element:
    case = _case("skipped", one_line(reason))
    _child(case, "skipped", f"{words.plural(count, 'behaviour')}: {one_line(reason)}")
    return case


def _gate(report: GateReport) -> Element:
    case = _case("gate", report.stack_verdict)
    _child(case, "error", words.headline(report), clean(report.stack_reason))
    return case


def _story(result: BehaviourVerdict) -> str:
    entries = summary.differing(result)
    lines = [_line(entry) for entry in entries[:_LINES]]
    if len(entries) > _LINES:
        lines.append(f"and {words.plural(len(entries) - _LINES, 'more observation')}")
    lines += [f"$ {command}" for command in words.again(result)]
    return "\n".join(lines)


def _line(entry: ObservationVerdict) -> str:
    cut = sides(entry.baseline, entry.candidate, 60)
    told = f"{one_line(entry.name)}{cut.at}: {cut.baseline} -> {cut.candidate}"
    return f"{told} ({size})" if (size := words.size(entry)) else told


def _case(classname: str, name: str) -> Element:
    return Element("testcase", classname=classname or "gate", name=name)


def _child(case: Element, tag: str, message: str, text: str = "") -> Element:
    child = SubElement(case, tag, {"message": message} if message else {})
    child.text = text or None
    return child


def _bad(case: Element) -> bool:
    return case.find("error") is not None or case.find("failure") is not None


def _totals(cases: list[Element], report: GateReport) -> dict[str, str]:
    found = {tag: sum(1 for c in cases if c.find(tag) is not None) for tag in _TAGS}
    return {
        "tests": str(len(cases)),
        "errors": str(found["error"]),
        "failures": str(found["failure"]),
        "skipped": str(found["skipped"]),
        "time": f"{report.seconds:.3f}",
    }


_TAGS = ("error", "failure", "skipped")
