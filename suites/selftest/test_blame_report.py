"""What the reports of a gate say of what brought its changes: from constructed findings."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from report_world import SCRIPT, behaviour
from rich.console import Console

from harness.report import terminal
from harness.report.blame import bisected, rows
from harness.report.blame import terminal as blame
from harness.report.blame.middles import middle_json, middles_by_change
from harness.report.files import json_text
from harness.report.html import to_html
from harness.report.markdown import to_markdown
from harness.vocabulary.blame import (
    Answer,
    BisectReport,
    Blamed,
    BlameReport,
    Change,
    Effort,
    History,
    Key,
    Middle,
    Searched,
    Standing,
    Transition,
    Unsearched,
)
from harness.vocabulary.gated import GateReport
from harness.vocabulary.observations import Observation
from harness.vocabulary.records import Outcome
from harness.vocabulary.stacks import Lock, Move
from harness.vocabulary.verdicts import Verdict

BEFORE, AFTER, BETWEEN, _ = Answer
LOSS, RING, FLIP, COIN = (
    behaviour(Verdict.CHANGED, name=name) for name in ("loss", "ring", "flip", "coin")
)
MOVED = (
    Move("transformers", "5.11.0", "5.23.0"),
    Move("tokenizers", "0.22.2", "0.23.3"),
    Move("paint", None, "1.2"),
)


def key(which: object) -> Key:
    return (getattr(which, "behaviour"), getattr(which, "cell"))  # noqa: B009


def named(turns: tuple[Transition, ...], which: object, **more: object) -> Blamed:
    moves = frozenset({"transformers"})
    group = Blamed(Standing.NAMED, moves, frozenset(), (("transformers", turns),), (key(which),))
    return replace(group, **more)  # type: ignore[arg-type]


ONE = Transition(
    "5.13.1", "5.14.0", BEFORE, AFTER, beside=(Move("tokenizers", "0.22.2", "0.23.1"),)
)
AFTER_GAP = Transition("5.13.1", "5.15.0", BEFORE, AFTER, unknown=("5.14.0", "5.14.1"))
CAME = Transition("5.2.0", "5.3.0", BEFORE, BETWEEN)
WENT = Transition("5.21.0", "5.22.0", BETWEEN, BEFORE)
IDS = Observation("ids", "exact", [3, 17])
GAVE = (
    Middle("5.3.0", Outcome(*key(FLIP), "held", observations=(IDS,))),
    Middle("5.9.0", Outcome(*key(FLIP), "raised", f"TypeError: {SCRIPT}")),
)
BOTH_WAYS = History(
    key(FLIP),
    "transformers",
    Standing.NAMED,
    (CAME, WENT),
    middles=GAVE,
    runs=((BEFORE, 12), (BETWEEN, 4)),
)

FOUND = BlameReport(
    groups=(
        named((ONE,), LOSS),
        Blamed(
            Standing.NAMED,
            frozenset({"paint", "transformers"}),
            frozenset({"tokenizers"}),
            (("transformers", (ONE,)),),
            (key(RING),),
        ),
        named((CAME, WENT), FLIP, histories=(BOTH_WAYS,)),
        Blamed(
            Standing.FLAKY,
            frozenset(),
            frozenset(),
            (),
            (key(COIN),),
            reason="with no move it answers now this, now that",
        ),
    ),
    changes={},
    unsearched=(Unsearched(("loading/test_it.py::test_it", "cell"), Verdict.UNKNOWN, SCRIPT),),
    searched=(
        Searched(
            "transformers",
            ("5.11.0", "5.14.0", "5.23.0"),
            (("5.12.0", "yanked: broken"), ("6.0.0rc1", "a pre-release")),
            note="the index did not answer",
        ),
    ),
    effort=Effort(12, 2, 1, 310, 95, 64, 754.0),
)

REPORT = GateReport(
    baseline=Lock("old", (("transformers", "5.11.0"),)),
    candidate=Lock("new", (("transformers", "5.23.0"),)),
    moved=MOVED,
    stack_verdict="built",
    stack_reason="",
    packages=(),
    behaviours=(LOSS, RING, FLIP, COIN),
    skipped=(),
    notes=(),
    exit_code=1,
    seconds=800.0,
    blame=FOUND,
    command=("--candidate", "new"),
)


def printed(report: GateReport) -> str:
    console = Console(file=io.StringIO(), width=120, no_color=True)
    terminal.render(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


SAID = (
    "3 of 4 changes put on 3 causes",
    "transformers 5.14.0",
    "transformers 5.13.1 gives the old answer, 5.14.0 the new answer",
    "moved beside transformers 5.14.0: tokenizers 0.22.2 → 0.23.1",
    "paint added 1.2 together with transformers 5.14.0",
    "none of these moves suffices without the others",
    "moved with it wherever it was seen: tokenizers 0.22.2 → 0.23.3",
    "transformers: appeared in 5.3.0, gone in 5.22.0",
    "runs of it along transformers: 12 gave the old answer, 4 gave another answer; none disagrees",
    "in transformers 5.3.0: ids: [3, 17]",
    "in transformers 5.9.0: raised: TypeError",
    "put on nothing: it disagrees with itself",
    "with no move it answers now this, now that",
    "transformers 5.12.0 left out: yanked: broken",
    "transformers 6.0.0rc1 left out: a pre-release",
    "the releases of transformers: the index did not answer",
    "12 environments built and 2 kept from before, 1 that cannot be made",
    "310 probes in 64 runs of pytest, 95 kept or shared",
    "unknown: ",
)


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("form", [printed, to_markdown, to_html])
def test_every_report_says_what_brought_the_changes(form: object, said: str) -> None:
    assert callable(form)
    assert said in form(REPORT)


@pytest.mark.parametrize("form", [printed, to_markdown, to_html])
def test_the_groups_stand_before_the_behaviours_and_the_unnamed_last(form: object) -> None:
    assert callable(form)
    text = form(REPORT)
    places = [
        text.index(part)
        for part in ("transformers 5.14.0", "put on nothing", "Behaviours that are not same")
    ]
    assert places == sorted(places)


def test_what_a_reason_holds_is_never_markup() -> None:
    assert SCRIPT not in to_html(REPORT)
    assert SCRIPT not in to_markdown(REPORT)


def test_a_gate_without_blame_says_nothing_of_it() -> None:
    without = replace(REPORT, blame=None)
    assert "What brought the changes" not in printed(without) + to_markdown(without)
    assert "What brought the changes" not in to_html(without)
    assert "blame" not in json.loads(json_text(without))


def test_what_is_unknown_around_a_release_is_said_and_no_release_is_named_exactly() -> None:
    blamed = replace(FOUND, groups=(named((AFTER_GAP,), LOSS),))
    text = printed(replace(REPORT, blame=blamed))
    assert "transformers up to 5.15.0" in text
    assert "unknown between them: 5.14.0, 5.14.1" in text
    (group,) = json.loads(json_text(replace(REPORT, blame=blamed)))["blame"]["groups"]
    assert group["releases"] == {"transformers": None}


def test_of_a_bisection_too_no_place_is_named_exactly_where_one_before_it_is_unknown() -> None:
    assert rows.turned(AFTER_GAP) == "appeared in one of 5.14.0 to 5.15.0"


def test_a_stack_that_cannot_be_made_is_told_with_its_reason_by_blame_too() -> None:
    console = Console(file=io.StringIO(), width=120, no_color=True)
    blame.render(replace(REPORT, stack_verdict="unsolvable", stack_reason="there is no x"), console)
    assert isinstance(console.file, io.StringIO)
    assert "\nthere is no x\n" in console.file.getvalue()


def test_packages_that_cannot_be_told_apart_are_named_together() -> None:
    pair = frozenset({"tokenizers", "transformers"})
    blamed = named((), LOSS, moves=frozenset(), inseparable=pair, transitions=())
    row = rows.blame_rows(REPORT, replace(FOUND, groups=(blamed,))).groups[0]
    assert row.title == "tokenizers 0.22.2 → 0.23.3 together with transformers 5.11.0 → 5.23.0"
    assert row.facts == (
        "from end to end none of these moves without the others: "
        "tokenizers 0.22.2 → 0.23.3, transformers 5.11.0 → 5.23.0",
    )


def test_that_a_move_must_come_along_is_said_only_where_that_is_known() -> None:
    tokenizers = frozenset({"tokenizers"})
    blamed = named((), LOSS, inseparable=tokenizers, unclear=tokenizers, transitions=())
    row = rows.blame_rows(REPORT, replace(FOUND, groups=(blamed,))).groups[0]
    assert row.facts == (
        "whether it needs these as well is unknown, since nothing answered without: "
        "tokenizers 0.22.2 → 0.23.3",
    )


def test_of_packages_of_which_none_answers_alone_it_is_unknown_which_are_needed() -> None:
    pair, one = frozenset({"tokenizers", "transformers"}), frozenset({"transformers"})
    blamed = named((), LOSS, moves=frozenset(), inseparable=pair, unclear=one, transitions=())
    report = replace(REPORT, blame=replace(FOUND, groups=(blamed,)))
    assert rows.blame_rows(report, replace(FOUND, groups=(blamed,))).groups[0].facts == (
        "which of these moves it needs is unknown, since nothing answered with one less: "
        "tokenizers 0.22.2 → 0.23.3, transformers 5.11.0 → 5.23.0",
    )
    (group,) = json.loads(json_text(report))["blame"]["groups"]
    assert group["unclear"] == ["transformers"]


def test_of_packages_that_move_together_the_one_with_a_release_of_its_own_is_named() -> None:
    pair = frozenset({"tokenizers", "transformers"})
    alone = replace(ONE, beside=())
    titles = [
        rows.blame_rows(REPORT, replace(FOUND, groups=(blamed,))).groups[0].title
        for turn in (alone, ONE)
        for blamed in [named((turn,), LOSS, moves=frozenset(), inseparable=pair)]
    ]
    assert titles == ["transformers 5.14.0", "transformers 5.14.0 with tokenizers 0.23.1"]


def test_the_json_has_groups_turns_and_what_it_took() -> None:
    found = json.loads(json_text(REPORT))
    assert found["command"] == ["--candidate", "new"]
    first, _, third, fourth = found["blame"]["groups"]
    assert first["releases"] == {"transformers": "5.14.0"}
    assert third["releases"] == {"transformers": None}
    assert [turn["first"] for turn in third["turns"]["transformers"]] == ["5.3.0", "5.22.0"]
    gave = [(each["status"], each["observations"]) for each in third["histories"][0]["middles"]]
    assert gave == [("held", {"ids": [3, 17]}), ("raised", {})]
    assert (fourth["standing"], fourth["moves"]) == ("flaky", [])
    assert found["blame"]["effort"]["environments"] == 12


def bisect_report(*histories: History) -> BisectReport:
    return BisectReport(
        Lock("core", (("transformers", "5.23.0"),)),
        Searched("transformers", ("5.0.0", "5.3.0", "5.22.0", "5.23.0")),
        histories,
        {},
    )


SEEN = (("5.0.0", BEFORE), ("5.1.0", BEFORE), ("5.3.0", BETWEEN), ("5.22.0", BEFORE))


def test_a_bisection_prints_each_history_once_with_all_that_share_it() -> None:
    same = [
        History(
            key(which),
            "transformers",
            Standing.NAMED,
            (CAME, WENT),
            SEEN,
            True,
            runs=((BEFORE, 7), (BETWEEN, count)),
        )
        for which, count in ((LOSS, 9), (RING, 6))
    ]
    console = Console(file=io.StringIO(), width=120, no_color=True)
    bisected.render(bisect_report(*same), console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.count("transformers: appeared in 5.3.0, gone in 5.22.0") == 1
    seen = "the old answer in 5.0.0 to 5.1.0, another answer in 5.3.0, the old answer in 5.22.0"
    assert f"seen: {seen}\n" in text
    assert text.index("test_loss") < text.index("test_ring")
    runs = "7 gave the old answer, 6 to 9 gave another answer; none disagrees"
    assert f"runs of each change along transformers: {runs}\n" in text


@pytest.mark.parametrize(("standing", "code"), [(Standing.NAMED, 0), (Standing.FLAKY, 4)])
def test_a_bisection_that_names_no_release_is_inconclusive(standing: Standing, code: int) -> None:
    history = History(key(LOSS), "transformers", standing, reason="it answers now this, now that")
    assert bisected.exit_code(bisect_report(history)) == code


@pytest.mark.parametrize(
    ("scanned", "answers", "code"),
    [
        (True, "bbb", 0),
        (False, "bbb", 4),
        (True, "bab", 4),
        (True, "mmm", 4),
        (True, "bb", 4),
        (True, "", 4),
    ],
)
def test_that_nothing_changes_is_found_where_the_releases_between_were_probed(
    scanned: bool, answers: str, code: int
) -> None:
    said = {"a": Answer.AFTER, "b": Answer.BEFORE, "m": Answer.BETWEEN}
    probed = tuple((f"5.{minor}.0", said[answer]) for minor, answer in enumerate(answers))
    history = History(
        key(LOSS), "transformers", Standing.UNVERIFIED, (), probed, scanned, "it is the same"
    )
    assert bisected.exit_code(bisect_report(history)) == code


def test_a_long_value_of_a_middle_release_is_left_out_of_the_data_and_cut_in_words() -> None:
    long = replace(IDS, name="all", value=list(range(500)))
    held = Outcome(*key(FLIP), "held", observations=(IDS, long))
    before = replace(held, observations=(IDS, replace(long, value=list(range(400)))))
    middle = Middle("5.3.0", held)
    assert middle_json(middle)["observations"] == {"ids": [3, 17]}
    change = Change(*key(FLIP), Verdict.CHANGED, before, None)
    history = replace(BOTH_WAYS, middles=(middle,))
    ((line,),) = middles_by_change([history], {key(FLIP): change}).values()
    assert line.startswith("in transformers 5.3.0: all[400]: ")
    assert len(line) < 120
