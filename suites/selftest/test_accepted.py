"""Accepted changes: what an entry accepts, when it stands no longer, and how its file is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from harness.gate.accepted import OF_RECORDS, LeftOut, accept, left_out
from harness.gate.acceptedfile import read_accepted
from harness.gate.exitcode import exit_code
from harness.gate.world import Request
from harness.museum import read_cases
from harness.vocabulary.accepted import Acceptance, Accepted, Standing
from harness.vocabulary.gated import BehaviourVerdict, GateReport
from harness.vocabulary.stacks import Lock
from harness.vocabulary.tables import TableError
from harness.vocabulary.verdicts import Verdict

NAME = "tokenizers/test_ids.py::test_ids"
ENTRY = Accepted("ids", NAME, Verdict.CHANGED, "meant so", "ann", "transformers", "<5.25")
VERSIONS = {"transformers": "5.24.0"}
WHOLE = LeftOut()


def result(
    verdict: Verdict = Verdict.CHANGED, cell: str = "gpt2", name: str = NAME
) -> BehaviourVerdict:
    return BehaviourVerdict(name, cell, verdict)


def judged(
    entries: Sequence[Accepted],
    results: Iterable[BehaviourVerdict],
    versions: Mapping[str, str] = VERSIONS,
    left: LeftOut = WHOLE,
) -> GateReport:
    """A gate with these verdicts, whose candidate has these versions, by these entries."""
    report = GateReport(
        baseline=None,
        candidate=Lock("next", tuple(versions.items())),
        moved=(),
        stack_verdict="built",
        stack_reason="",
        packages=(),
        behaviours=tuple(results),
        skipped=(),
        notes=(),
        exit_code=4,
        seconds=0.0,
    )
    return accept(report, entries, left)


def only(
    entry: Accepted,
    *results: BehaviourVerdict,
    versions: dict[str, str] = VERSIONS,
    left: LeftOut = WHOLE,
) -> Acceptance:
    (found,) = judged([entry], results, versions, left).accepted
    return found


def code(entry: Accepted, *results: BehaviourVerdict) -> int:
    report = judged([entry], results)
    return exit_code("built", (), report.behaviours, accepted=report.accepted)


def test_an_accepted_change_does_not_fail_the_gate() -> None:
    assert exit_code("built", (), [result()]) == 1
    assert code(ENTRY, result()) == 0


def test_another_change_beside_it_does() -> None:
    assert code(ENTRY, result(), result(name="a.py::test_other")) == 1


def test_an_unknown_beside_an_accepted_change_leaves_the_gate_inconclusive() -> None:
    assert code(ENTRY, result(), result(Verdict.UNKNOWN, name="a.py::test_other")) == 4


def test_the_verdict_bears_the_entry_that_accepts_it() -> None:
    report = judged([ENTRY], [result(), result(Verdict.BROKEN, "minilm")])
    accepted, other = report.behaviours
    assert (accepted.accepted, other.accepted) == (ENTRY, None)


def test_another_verdict_than_the_accepted_one_fails_the_gate_twice_over() -> None:
    found = only(ENTRY, result(Verdict.BROKEN))
    assert (found.standing, found.found) == (Standing.UNMATCHED, {Verdict.BROKEN: 1})
    assert code(ENTRY, result(Verdict.BROKEN)) == 1


@pytest.mark.parametrize(
    ("pattern", "standing"),
    [("gpt2-nf4-cpu", Standing.HOLDS), ("*-nf4-*", Standing.HOLDS), ("*-fp4-*", Standing.UNSEEN)],
)
def test_a_cell_is_an_id_or_a_pattern(pattern: str, standing: Standing) -> None:
    entry = replace(ENTRY, cell=pattern)
    assert only(entry, result(cell="gpt2-nf4-cpu")).standing is standing


@pytest.mark.parametrize("behaviour", [NAME, "tokenizers", "tokenizers/test_ids.py", "*::test_i*"])
def test_a_behaviour_is_named_as_select_names_it(behaviour: str) -> None:
    assert only(replace(ENTRY, named=behaviour), result()).standing is Standing.HOLDS


def test_an_entry_that_matches_nothing_any_more_fails_the_gate() -> None:
    assert only(ENTRY, result(Verdict.SAME)).standing is Standing.UNMATCHED
    assert exit_code("built", (), [result(Verdict.SAME)]) == 0
    assert code(ENTRY, result(Verdict.SAME)) == 1


def test_one_match_among_many_cells_is_enough() -> None:
    found = only(ENTRY, result(Verdict.SAME), result(cell="minilm"), result(cell="smol"))
    assert (found.standing, found.accepts) == (Standing.HOLDS, 2)


def test_an_entry_whose_behaviours_did_not_run_is_not_judged() -> None:
    other = result(Verdict.SAME, name="a.py::test_other")
    assert only(ENTRY, other, versions={"transformers": "6.0"}).standing is Standing.UNSEEN
    assert code(ENTRY, other) == 0


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.FLAKY])
def test_what_gives_no_evidence_does_not_say_that_a_change_is_gone(verdict: Verdict) -> None:
    assert only(ENTRY, result(Verdict.SAME), result(verdict, "b")).standing is Standing.UNSEEN


def test_a_part_of_what_a_pattern_names_does_not_say_that_the_change_is_gone() -> None:
    entry = replace(ENTRY, named="tokenizers/test_ids.py::*")
    left = LeftOut({"tokenizers/test_ids.py::test_bytes"})
    assert only(entry, result(Verdict.SAME), left=left).standing is Standing.UNSEEN
    assert only(entry, result(), left=left).standing is Standing.HOLDS
    assert only(ENTRY, result(Verdict.SAME), left=left).standing is Standing.UNMATCHED


@pytest.mark.parametrize(
    ("request_", "cells"),
    [
        (Request("a", "b"), False),
        (Request("a", "b", select=("tokenizers",)), False),
        (Request("a", "b", options=("--precision", "nf4")), True),
        (Request("a", "b", options=("--subject", "gpt2", "--tier", "default")), True),
        (Request("a", "b", tier="quick"), True),
        (Request("a", "b", tier="broad"), False),
    ],
)
def test_some_cells_are_left_out_where_cells_are_chosen(request_: Request, cells: bool) -> None:
    assert left_out(request_, ()).cells is cells


def test_without_some_cells_only_an_entry_for_one_cell_can_match_nothing() -> None:
    left = LeftOut(cells=True)
    assert only(ENTRY, result(Verdict.SAME), left=left).standing is Standing.UNSEEN
    one = replace(ENTRY, cell="gpt2")
    assert only(one, result(Verdict.SAME), left=left).standing is Standing.UNMATCHED


@pytest.mark.parametrize(
    ("behaviour", "where", "standing"),
    [
        (NAME, "gpt2", Standing.UNMATCHED),
        (NAME, "*", Standing.UNSEEN),
        ("tokenizers", "gpt2", Standing.UNSEEN),
    ],
)
def test_of_records_only_an_entry_for_one_behaviour_in_one_cell_can_match_nothing(
    behaviour: str, where: str, standing: Standing
) -> None:
    entry = replace(ENTRY, named=behaviour, cell=where)
    assert only(entry, result(Verdict.SAME), left=OF_RECORDS).standing is standing
    assert only(entry, result(), left=OF_RECORDS).standing is Standing.HOLDS


BOUNDS = [
    ("<5.25", "5.24.9", True),
    ("<5.25", "5.25.0", False),
    ("<5.25", "5.25.0rc1", False),
    ("<5.25", "5.25.1.dev0", False),
    ("<=5.25", "5.25.0", True),
    ("==5.24.*", "5.24.3", True),
    ("==5.24.*", "5.25.0", False),
    ("~=5.24.0", "5.24.7", True),
    ("<5.25,>=5.24", "5.23.0", False),
    ("<5.25", "5.24.0+cpu", True),
    ("<5.25", "5.24.0rc1", True),
]


@pytest.mark.parametrize(("bound", "version", "holds"), BOUNDS)
def test_an_entry_holds_as_long_as_the_candidate_is_within_its_bound(
    bound: str, version: str, holds: bool
) -> None:
    entry = replace(ENTRY, versions=bound)
    found = only(entry, result(), versions={"transformers": version})
    assert found.standing is (Standing.HOLDS if holds else Standing.EXPIRED)
    assert found.fails is not holds


def test_an_expired_entry_accepts_nothing() -> None:
    (verdict,) = judged([ENTRY], [result()], {"transformers": "5.25.0"}).behaviours
    assert verdict.accepted is None


def test_an_entry_for_a_package_that_the_candidate_lacks_has_expired() -> None:
    found = only(ENTRY, result(), versions={"torch": "2.13.0"})
    assert (found.standing, found.version) == (Standing.EXPIRED, None)


def test_of_two_entries_for_one_change_the_first_accepts_and_both_stand() -> None:
    second = replace(ENTRY, id="again", named="tokenizers")
    report = judged([ENTRY, second], [result()])
    assert [each.accepted for each in report.behaviours] == [ENTRY]
    assert [each.standing for each in report.accepted] == [Standing.HOLDS, Standing.HOLDS]


FILE = """
["sentencepiece-0.2.3-protos"]
behaviour = "tokenizers/test_sentencepiece.py::test_*proto"
cell = "sentencepiece"
verdict = "broken"
until = "SentencePiece >= 0.2.3, < 0.3"
reason = \"\"\"nobody here
calls them\"\"\"
owner = "ann@example.com"
"""


def test_an_entry_is_read_with_all_its_fields() -> None:
    (entry,) = read_accepted(FILE, "accepted.toml")
    assert entry == Accepted(
        id="sentencepiece-0.2.3-protos",
        named="tokenizers/test_sentencepiece.py::test_*proto",
        verdict=Verdict.BROKEN,
        reason="nobody here calls them",
        owner="ann@example.com",
        package="sentencepiece",
        versions="<0.3,>=0.2.3",
        cell="sentencepiece",
        file="accepted.toml",
    )
    assert entry.until == "sentencepiece<0.3,>=0.2.3"


def test_a_file_without_entries_accepts_nothing() -> None:
    assert read_accepted("# nothing yet\n", "accepted.toml") == ()


DAMAGED = [
    ('owner = "ann@example.com"', "owner = ann", "cannot be read", "mend that line of"),
    ('owner = "ann@example.com"', "", "owner is missing", 'owner = "…"'),
    ('owner = "ann@example.com"', 'owner = " "', "owner is no text, or empty", 'owner = "…"'),
    ('cell = "sentencepiece"', "cell = 3", "cell is no text, or empty", 'cell = "…"'),
    ('cell = "sentencepiece"', 'cells = "a"', "unknown field 'cells'", "cell = …"),
    ('"broken"', '"borken"', "'borken' is no verdict", 'verdict = "broken"'),
    ('"broken"', '"same"', "'same' is no verdict", "take out"),
    ('"broken"', '"flaky"', "'flaky' is no verdict", "take out"),
    ('"SentencePiece >= 0.2.3, < 0.3"', '"sentencepiece>=0.2"', "never ends", "sentencepiece<"),
    ('"SentencePiece >= 0.2.3, < 0.3"', '"sentencepiece"', "never ends", "sentencepiece<"),
    ('"SentencePiece >= 0.2.3, < 0.3"', '"next year"', "is no bound", 'until = "'),
    ('"SentencePiece >= 0.2.3, < 0.3"', '"a[b]<3"', "is no bound", 'until = "a<'),
    ('["sentencepiece-0.2.3-protos"]', "[a.b]", "unknown field 'b'", "in quotes"),
    ('["sentencepiece-0.2.3-protos"]', "", "behaviour stands outside", "below the"),
]


@pytest.mark.parametrize(("old", "new", "what", "next_"), DAMAGED)
def test_a_damaged_file_says_what_where_and_what_to_write(
    old: str, new: str, what: str, next_: str
) -> None:
    assert FILE.count(old) == 1
    with pytest.raises(TableError) as caught:
        read_accepted(FILE.replace(old, new), "accepted.toml")
    error = caught.value
    assert what in error.what
    assert next_ in error.next
    assert error.where.startswith("accepted.toml")
    assert error.allowed


@pytest.mark.parametrize("verdict", ["", 'verdict = ["broken", "gone"]'])
def test_of_a_verdict_that_is_no_text_those_that_can_be_accepted_are_told(verdict: str) -> None:
    assert FILE.count('verdict = "broken"') == 1
    with pytest.raises(TableError) as caught:
        read_accepted(FILE.replace('verdict = "broken"', verdict), "accepted.toml")
    assert (caught.value.allowed or "").split(", ")[0] == "broken"
    assert caught.value.next == 'verdict = "…"'


BOUND_SLIPS = [
    ("0.3", "sentencepiece<0.3"),
    ("0.3<0.4", "sentencepiece<0.4"),
    ("<0.3", "sentencepiece<0.3"),
    ("torch<…", "torch<1"),
    ("torch=3", "torch<3"),
    ("torch", "torch<1"),
    ("torch>=2.13.1", "torch<2.14"),
    ("torch!=2.*", "torch<2.1"),
    ("torch[all]<3", "torch<3"),
    ("next year", "sentencepiece<1"),
]


@pytest.mark.parametrize(("text", "proposed"), BOUND_SLIPS)
def test_the_bound_that_is_proposed_for_one_that_is_none_is_one(text: str, proposed: str) -> None:
    written = '"SentencePiece >= 0.2.3, < 0.3"'
    with pytest.raises(TableError) as caught:
        read_accepted(FILE.replace(written, f'"{text}"'), "accepted.toml")
    assert caught.value.next.startswith(f'until = "{proposed}", ')
    (entry,) = read_accepted(FILE.replace(written, f'"{proposed}"'), "accepted.toml")
    assert entry.until == proposed


def test_a_damaged_file_is_told_of_as_that_of_the_museum_is() -> None:
    told = []
    for read in (read_accepted, read_cases):
        with pytest.raises(TableError) as caught:
            read("[one]\nwhy = ", "own.toml")
        told.append(caught.value)
    first, second = told
    assert first.what == second.what.replace("cases", "accepted changes")
    assert (first.where, first.next) == (second.where, second.next)
