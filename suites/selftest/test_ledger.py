"""The ledger: what outcomes say of claims, each case worked out by hand."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from harness.ledger import behaviours_of, changes, confirmed, decide, outdated_by, read_claims
from harness.ledger.book import Checker
from harness.report.ledger import html, jsonform, markdown, rows, terminal
from harness.vocabulary.claims import Claim, ClaimVerdict, Entry, Ledger
from harness.vocabulary.errors import HarnessError
from harness.vocabulary.gated import BehaviourVerdict
from harness.vocabulary.observations import Observation
from harness.vocabulary.records import Outcome, Status
from harness.vocabulary.verdicts import Verdict

VERSIONS = {"transformers": "5.23.0"}
SMALL = Claim("model.size", "models", "The small model has 11.2M parameters.", 11_200_000)


def claim_observation(holds: bool, observed: object, name: str = "model.size") -> Observation:
    return Observation(name, "claim", {"holds": holds, "observed": observed, "steady": True})


def outcome(status: Status, *observations: Observation, reason: str = "", cell: str = "c"):
    return Outcome("m/test_m.py::test_size", cell, status, reason, ("model.size",), observations)


def entry_of(*outcomes: Outcome, claim: Claim = SMALL, checkers: tuple[Checker, ...] = ()) -> Entry:
    [found] = decide("reference", [claim], {claim.id: checkers}, outcomes, VERSIONS).entries
    return found


def test_a_behaviour_that_held_without_more_says_that_its_claim_holds() -> None:
    found = entry_of(outcome("held"))
    assert (found.verdict, found.observed) == (ClaimVerdict.HOLDS, None)
    assert rows.observed_text(found) == "as documented"


def test_a_finding_counts_though_its_behaviour_held() -> None:
    found = entry_of(outcome("held", claim_observation(False, 16_300_000)))
    assert (found.verdict, found.observed) == (ClaimVerdict.WRONG, 16_300_000)


@pytest.mark.parametrize("status", ["failed", "raised"])
def test_a_behaviour_that_ended_badly_says_that_its_claim_does_not_hold(status: Status) -> None:
    found = entry_of(outcome(status, reason="AttributeError: gone"))
    assert (found.verdict, found.reason) == (ClaimVerdict.WRONG, "AttributeError: gone")
    assert rows.observed_text(found) == "AttributeError: gone"


def test_one_cell_against_a_claim_outweighs_those_for_it() -> None:
    found = entry_of(
        outcome("held", claim_observation(True, 1), cell="a"),
        outcome("held", claim_observation(False, 2), cell="b"),
    )
    assert (found.verdict, found.observed, found.cells) == (ClaimVerdict.WRONG, 2, ("b",))


def test_what_held_once_is_outdated_where_it_does_not_and_holds_where_it_does() -> None:
    once = Claim("model.size", "models", "", 1, since="transformers 5.0.0", now="dtype=")
    broken = entry_of(outcome("raised", reason="TypeError: x"), claim=once)
    assert broken.verdict is ClaimVerdict.OUTDATED
    assert rows.remedy(broken) == "since transformers 5.0.0; now: dtype="
    held = entry_of(outcome("held"), claim=once)
    assert (held.verdict, rows.remedy(held)) == (ClaimVerdict.HOLDS, "")


@pytest.mark.parametrize(
    ("since", "verdict"),
    [
        ("transformers 5.23.0", ClaimVerdict.OUTDATED),
        ("transformers 5.24.0", ClaimVerdict.WRONG),
        ("another 1.0", ClaimVerdict.OUTDATED),
        ("long ago", ClaimVerdict.OUTDATED),
    ],
)
def test_a_claim_is_outdated_from_its_release_on(since: str, verdict: ClaimVerdict) -> None:
    claim = Claim("model.size", "models", "", 1, since=since)
    assert entry_of(outcome("raised", reason="x"), claim=claim).verdict is verdict


def test_an_observation_that_it_holds_does_not_outweigh_a_failure() -> None:
    found = entry_of(outcome("failed", claim_observation(True, 3), reason="not 4"))
    assert (found.verdict, found.observed, found.reason) == (ClaimVerdict.WRONG, None, "not 4")


@pytest.mark.parametrize(
    ("outcomes", "claim", "checkers", "reason"),
    [
        ((outcome("absent", reason="no vllm here"),), SMALL, (), "no vllm here"),
        ((outcome("skipped", reason="needs CUDA"),), SMALL, (), "needs CUDA"),
        ((outcome("unknown", reason="out of memory"),), SMALL, (), "out of memory"),
        ((), Claim("model.size", "m", "", 1, unchecked="a website"), (), "a website"),
        ((), SMALL, (Checker("t", "gpt2"),), "needs the subject gpt2, which is not at hand"),
        ((), SMALL, (Checker("t"),), "its behaviour did not run"),
        ((), SMALL, (), "no behaviour checks it"),
    ],
)
def test_a_claim_of_which_nothing_ran_is_unchecked_and_says_why(
    outcomes: tuple[Outcome, ...], claim: Claim, checkers: tuple[Checker, ...], reason: str
) -> None:
    found = entry_of(*outcomes, claim=claim, checkers=checkers)
    assert (found.verdict, found.reason) == (ClaimVerdict.UNCHECKED, reason)


def ledger(*outcomes: Outcome) -> Ledger:
    return decide("some stack", [SMALL], {}, outcomes, VERSIONS)


def test_two_ledgers_differ_where_a_verdict_does() -> None:
    holds, wrong = ledger(outcome("held")), ledger(outcome("failed", reason="no"))
    assert changes(holds, holds) == ()
    [change] = changes(holds, wrong)
    assert rows.change_text(change) == "holds → wrong"
    assert outdated_by(holds, wrong).entries[0].verdict is ClaimVerdict.OUTDATED
    assert outdated_by(wrong, wrong).entries[0].verdict is ClaimVerdict.WRONG


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [(Verdict.CHANGED, 1), (Verdict.GONE, 1), (Verdict.SAME, 0), (Verdict.FLAKY, 0)],
)
def test_a_change_counts_where_a_behaviour_that_names_the_claim_moved(
    verdict: Verdict, kept: int
) -> None:
    changed = changes(ledger(outcome("held")), ledger(outcome("failed")))
    told = BehaviourVerdict("b", "c", verdict, claims=("model.size",))
    other = BehaviourVerdict("b", "c", Verdict.CHANGED, claims=("another",))
    assert len(confirmed(changed, [told, other])) == kept


def test_every_form_shows_documented_beside_observed() -> None:
    holds, found = ledger(outcome("held")), ledger(outcome("held", claim_observation(False, 16.3)))
    changed = changes(holds, found)
    stream = io.StringIO()
    terminal.render(found, Console(file=stream, width=100), changed, "reference")
    for text in (
        stream.getvalue(),
        html.to_html(found, changed, "reference"),
        markdown.to_markdown(found, changed, "reference"),
        json.dumps(jsonform.to_json(found, changed, "reference")),
    ):
        assert "11200000" in text
        assert "16.3" in text
        assert "model.size" in text
    assert "1 claims under some stack: 0 hold, 1 wrong" in stream.getvalue()


def test_the_json_has_the_documented_fields() -> None:
    [claim] = jsonform.to_json(ledger(outcome("held", claim_observation(False, 3))))["claims"]
    assert {key: claim[key] for key in ("id", "system", "verdict", "documented", "observed")} == {
        "id": "model.size",
        "system": "models",
        "verdict": "wrong",
        "documented": 11_200_000,
        "observed": 3,
    }
    assert claim["behaviour"] == ["m/test_m.py::test_size"]


def test_foreign_text_is_escaped() -> None:
    found = ledger(outcome("raised", reason="<script>|`x`</script>"))
    assert "<script>" not in html.to_html(found)
    assert "<script>" not in markdown.to_markdown(found)
    assert "\\|" in markdown.to_markdown(found)


def project(tmp_path: Path, claims: str, suite: str = "") -> Path:
    (tmp_path / "fixtures").mkdir()
    (tmp_path / "suites" / "theme").mkdir(parents=True)
    (tmp_path / "fixtures" / "claims.yaml").write_text(claims, encoding="utf-8")
    (tmp_path / "suites" / "theme" / "test_it.py").write_text(suite, encoding="utf-8")
    return tmp_path


def test_behaviours_are_found_by_decorator_parameter_class_and_module(tmp_path: Path) -> None:
    home = project(
        tmp_path,
        "[]",
        "pytestmark = [documents('module')]\n"
        "@documents('one', 'two')\n@needs(subject='gpt2')\ndef test_a(): pass\n"
        "@pytest.mark.parametrize('x', [pytest.param(1, marks=documents('three'))])\n"
        "def test_b(x): pass\n"
        "@documents('four')\nclass TestC:\n    def test_d(self): pass\n"
        "def helper(): documents('not')\n",
    )
    found = behaviours_of(home)
    assert found["one"] == found["two"] == (Checker("theme/test_it.py::test_a", "gpt2"),)
    assert found["three"] == (Checker("theme/test_it.py::test_b"),)
    assert found["four"] == (Checker("theme/test_it.py::TestC::test_d"),)
    assert len(found["module"]) == 3
    assert "not" not in found


def test_claims_are_read_with_what_became_of_them(tmp_path: Path) -> None:
    home = project(
        tmp_path,
        "- {id: a, system: s, claim: c, expected: 1, outdated: {since: lib 2, now: y}}\n"
        "- {id: b, system: s, claim: c, expected: [x], unchecked: no GPU,"
        " places: [{document: doc.txt, place: '3'}]}\n",
    )
    first, second = read_claims(home)
    assert (first.since, first.now) == ("lib 2", "y")
    assert (second.unchecked, second.documented, second.places) == (
        "no GPU",
        ["x"],
        ("doc.txt, 3",),
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: b", "no list"),
        ("- {id: a}", "lacks claim"),
        ("- {id: a, system: s, claim: c, expected: 1, unheard: 1}", "unknown fields: unheard"),
        ("- {id: a, system: s, claim: c, expected: 1}\n" * 2, "twice"),
        ("- [", "cannot be read"),
        ("- {id: a, system: s, claim: c, expected: 1, outdated: 5.0}", "outdated"),
    ],
)
def test_a_damaged_claims_file_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(HarnessError, match=what):
        read_claims(project(tmp_path, text))
