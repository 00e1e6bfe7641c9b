"""The museum's decisions: reading cases, judging a report, recall and exit codes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import museum
from harness.museum.evidence import differences
from harness.vocabulary.errors import HarnessError, UsageError
from harness.vocabulary.gated import (
    BehaviourVerdict,
    GateReport,
    ObservationVerdict,
    PackageVerdict,
)
from harness.vocabulary.museum import Case, CaseResult, Sighting, Standing
from harness.vocabulary.observations import Observation
from harness.vocabulary.tiers import TIERS
from harness.vocabulary.verdicts import Verdict

ENTRY = """\
["widget-2-size"]
package = "widget"
what = "wider"
baseline = "widget==1"
candidate = "widget==2"
kinds = ["changed"]
select = ["widgets"]
shows = ["11 -> 16"]
why = "it no longer fits"
where = "reproduced"
"""

CASE = museum.read_cases(ENTRY, "museum.toml")[0]
SILENT = replace(CASE, id="widget-2-silent", kinds=(), shows=())


def observed(name: str, old: object, new: object) -> ObservationVerdict:
    verdict = Verdict.SAME if old == new else Verdict.CHANGED
    return ObservationVerdict(
        name, Observation(name, "exact", old), Observation(name, "exact", new), verdict
    )


def behaviour(
    verdict: Verdict, *observations: ObservationVerdict, reason: str = "", name: str = "size"
) -> BehaviourVerdict:
    return BehaviourVerdict(
        f"widgets/test_widget.py::test_{name}", "widget", verdict, reason, (), observations
    )


def report(
    *behaviours: BehaviourVerdict,
    packages: tuple[PackageVerdict, ...] = (),
    stack_verdict: str = "built",
) -> GateReport:
    return GateReport(
        baseline=None,
        candidate=None,
        moved=(),
        stack_verdict=stack_verdict,
        stack_reason="" if stack_verdict == "built" else "widget 2 wants gears",
        packages=packages,
        behaviours=behaviours,
        skipped=(),
        notes=(),
        exit_code=0,
        seconds=1.0,
    )


WIDER = behaviour(Verdict.CHANGED, observed("size", 11, 16))
SAME = behaviour(Verdict.SAME, observed("kind", "round", "round"), name="kind")


def test_a_case_is_read_whole() -> None:
    assert (
        Case(
            id="widget-2-size",
            package="widget",
            what="wider",
            baseline="widget==1",
            candidate="widget==2",
            select=("widgets",),
            kinds=("changed",),
            shows=("11 -> 16",),
            why="it no longer fits",
            where="reproduced",
        )
        == CASE
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('what = "wider"\n', "", "what is missing"),
        ('"widget"', '"trnsformers"', "no library is called 'trnsformers'"),
        ('what = "wider"', "what = 3", "what is no text"),
        ('what = "wider"', 'what = " "', "what is no text"),
        ('["changed"]', '["chnged"]', "'chnged' is no verdict"),
        ('["changed"]', '["same"]', "'same' is no verdict"),
        ('["changed"]', '"changed"', "kinds is no list"),
        ('kinds = ["changed"]\n', "", "shows is given without kinds"),
        ('["widgets"]', "[]", "select is empty"),
        ("package =", "pakage =", "unknown field 'pakage'"),
        ('"widget-2-size"', "widget-2.0-size", "unknown field '0-size'"),
        ('"widget-2-size"', '"Widget 2"', "no id of a case"),
        ('why = "it', "why = it", "cannot be read"),
        (ENTRY, "", "there is no case"),
        ('where = "reproduced"', 'where = "x"\nprecisions = ["nf5"]', "'nf5' is no precision"),
    ],
)
def test_what_is_no_case_is_one_clear_error(old: str, new: str, said: str) -> None:
    with pytest.raises(HarnessError) as caught:
        museum.read_cases(ENTRY.replace(old, new), "museum.toml")
    assert said in caught.value.what
    assert caught.value.where.startswith("museum.toml")
    assert caught.value.allowed
    assert caught.value.next


def test_a_verdict_of_the_right_kind_that_shows_the_change_finds_it() -> None:
    result = museum.judge(CASE, report(SAME, WIDER))
    assert result.standing is Standing.FOUND
    assert [each.behaviour for each in result.finders] == [WIDER.behaviour]
    assert result.finders[0].evidence == "size: 11 -> 16"
    assert result.others == ()


def test_another_change_of_the_same_kind_is_not_taken_for_it() -> None:
    heavier = behaviour(Verdict.CHANGED, observed("weight", 2, 3))
    result = museum.judge(CASE, report(heavier))
    assert result.standing is Standing.MISSED
    assert result.reason == "what is changed does not show 11 -> 16"


def test_the_wrong_kind_is_missed() -> None:
    drifted = behaviour(Verdict.DRIFTED, observed("size", 11, 16))
    result = museum.judge(CASE, report(drifted))
    assert result.standing is Standing.MISSED
    assert result.reason == "seen as drifted, which is not changed"


def test_all_same_is_missed() -> None:
    assert museum.judge(CASE, report(SAME)).reason == "every behaviour selected is same"


def test_what_else_is_not_same_is_told_beside() -> None:
    broken = behaviour(Verdict.BROKEN, reason="ValueError: no", name="turn")
    result = museum.judge(CASE, report(WIDER, broken))
    assert result.standing is Standing.FOUND
    assert [(each.verdict, each.evidence) for each in result.others] == [
        ("broken", "ValueError: no")
    ]


def test_a_package_that_does_not_import_is_found_as_such() -> None:
    case = replace(CASE, kinds=("unimportable",), shows=("gears",))
    packages = (PackageVerdict("widget", "unimportable", "no module named gears"),)
    result = museum.judge(case, report(SAME, packages=packages))
    assert [each.behaviour for each in result.finders] == ["import widget"]


def test_a_stack_that_cannot_be_built_is_unknown_and_never_found() -> None:
    result = museum.judge(CASE, report(stack_verdict="unsolvable"))
    assert (result.standing, result.unbuilt) == (Standing.UNKNOWN, True)
    assert result.reason == "unsolvable: widget 2 wants gears"


@pytest.mark.parametrize("case", [CASE, SILENT])
def test_no_evidence_is_unknown(case: Case) -> None:
    lost = behaviour(Verdict.UNKNOWN, reason="ran out of time")
    assert museum.judge(case, report(lost, SAME)).standing is Standing.UNKNOWN
    assert museum.judge(case, report()).standing is Standing.UNKNOWN


def test_a_change_that_one_behaviour_shows_is_found_whatever_another_lost() -> None:
    lost = behaviour(Verdict.UNKNOWN, reason="ran out of time", name="turn")
    result = museum.judge(CASE, report(lost, WIDER))
    assert result.standing is Standing.FOUND
    assert [each.verdict for each in result.others] == ["unknown"]


def test_nothing_but_same_is_silent() -> None:
    same = (PackageVerdict("widget", "same"),)
    assert museum.judge(SILENT, report(SAME, packages=same)).standing is Standing.SILENT


@pytest.mark.parametrize(
    "verdict", [v for v in Verdict if v.value not in ("same", "unknown", "failing")]
)
def test_any_other_verdict_where_nothing_changed_is_a_false_alarm(verdict: Verdict) -> None:
    result = museum.judge(SILENT, report(SAME, behaviour(verdict)))
    assert result.standing is Standing.ALARMED
    assert museum.tally([result]).alarms == 1


def test_what_is_red_on_both_sides_alike_is_no_false_alarm() -> None:
    failing = behaviour(Verdict.FAILING, reason="ValueError: no")
    result = museum.judge(SILENT, report(SAME, failing))
    assert (result.standing, len(result.others)) == (Standing.SILENT, 1)


def test_where_nothing_holds_nothing_is_said_of_silence() -> None:
    failing = behaviour(Verdict.FAILING, reason="ValueError: no")
    result = museum.judge(SILENT, report(failing))
    assert (result.standing, len(result.others)) == (Standing.UNKNOWN, 1)


def test_differences_name_every_place() -> None:
    old = {"a": [1, {"b": True}], "gone": "x", "list": ["p", "q"]}
    new = {"a": [1, {"b": 1}], "new": 2, "list": ["q", "r", "r"]}
    assert list(differences("v", old, new)) == [
        "v.a[1].b: true -> 1",
        "v.gone: x -> nothing",
        "v.list: 2 -> 3 elements",
        "v.list without p",
        "v.list with r, r",
        "v.new: nothing -> 2",
    ]


def result(standing: Standing, case: Case = CASE, unbuilt: bool = False) -> CaseResult:
    return CaseResult(case, standing, unbuilt=unbuilt)


FOUND, MISSED = result(Standing.FOUND), result(Standing.MISSED)
UNBUILT = result(Standing.UNKNOWN, unbuilt=True)
LOST = result(Standing.UNKNOWN)
QUIET, ALARMED = result(Standing.SILENT, SILENT), result(Standing.ALARMED, SILENT)


def test_recall_counts_only_what_was_answered() -> None:
    tally = museum.tally([FOUND, FOUND, MISSED, UNBUILT, LOST, QUIET])
    assert (tally.cases, tally.found, tally.unknown) == (5, 2, 2)
    assert tally.recall == 2 / 3
    assert (tally.silent_cases, tally.silent) == (1, 1)


def test_a_tier_is_counted_where_it_alone_would_have_found_the_change() -> None:
    package = Sighting("import widget", "", "unimportable", "", "quick")
    behaviours = [Sighting("t.py::test_a", "c", "changed", "", tier) for tier in TIERS]
    results = [replace(FOUND, finders=(each,)) for each in (package, *behaviours)]
    assert museum.tally([*results, MISSED, QUIET]).by_tier == (2, 3, 4)


def test_without_an_answer_there_is_no_recall() -> None:
    assert museum.tally([UNBUILT]).recall is None


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([FOUND, QUIET], 0),
        ([FOUND, MISSED], 1),
        ([FOUND, ALARMED], 1),
        ([MISSED, UNBUILT], 1),
        ([FOUND, UNBUILT], 3),
        ([FOUND, LOST], 4),
        ([], 4),
    ],
)
def test_the_exit_code_says_what_matters_most(results: list[CaseResult], code: int) -> None:
    assert museum.exit_code(results) == code


def test_cases_are_chosen_by_id_and_by_package() -> None:
    other = replace(CASE, id="gear-3", package="gear")
    cases = (CASE, SILENT, other)
    assert museum.chosen(cases, [], [], "f") == cases
    assert museum.chosen(cases, [], ["gear"], "f") == (other,)
    assert museum.chosen(cases, [SILENT.id], ["widget"], "f") == (SILENT,)


@pytest.mark.parametrize(
    ("ids", "packages", "said", "following"),
    [
        (["widget-2-sise"], [], "no case is called 'widget-2-sise'", "--case widget-2-size"),
        ([], ["widgets"], "no case of a package is called 'widgets'", "--package widget"),
    ],
)
def test_a_case_that_is_not_there_is_named(
    ids: list[str], packages: list[str], said: str, following: str
) -> None:
    with pytest.raises(UsageError) as caught:
        museum.chosen([CASE], ids, packages, "f")
    assert (caught.value.what, caught.value.next) == (said, following)


def test_a_case_without_a_behaviour_in_the_tier_is_missed_there() -> None:
    assert museum.unseen(CASE, "quick").reason == "no behaviour of the quick tier is for it"
    assert museum.unseen(SILENT, "quick").standing is Standing.SILENT
