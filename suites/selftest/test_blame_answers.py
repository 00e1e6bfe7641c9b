"""What one outcome says of a change: which end it is like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.blame.answers import answer, changes_of, of_imports
from harness.blame.likely import in_order, likely
from harness.vocabulary.accepted import Accepted
from harness.vocabulary.blame import Answer, Change
from harness.vocabulary.gated import BehaviourVerdict
from harness.vocabulary.observations import Noise, Observation
from harness.vocabulary.records import Outcome, Status
from harness.vocabulary.stacks import Move
from harness.vocabulary.verdicts import Verdict

BEHAVIOUR, CELL = "tokenizers/test_ids.py::test_ids", "tiktoken"


def ended(status: Status, reason: str = "", **exact: Any) -> Outcome:
    observed = tuple(Observation(name, "exact", value) for name, value in exact.items())
    return Outcome(BEHAVIOUR, CELL, status, reason, observations=observed)


def number(value: float, noise: float) -> Outcome:
    observed = Observation("loss", "numeric", value, noise=Noise(noise, "measured"))
    return Outcome(BEHAVIOUR, CELL, "held", observations=(observed,))


def change(before: Outcome | None, after: Outcome | None, verdict: str = "changed") -> Change:
    return Change(BEHAVIOUR, CELL, Verdict(verdict), before, after)


IDS = change(ended("held", ids=[1, 2]), ended("held", ids=[1, 3]))


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (ended("held", ids=[1, 2]), Answer.BEFORE),
        (ended("held", ids=[1, 3]), Answer.AFTER),
        (ended("held", ids=[1, 4]), Answer.BETWEEN),
        (ended("raised", "TypeError: no ids"), Answer.BETWEEN),
        (ended("unknown", "ran out of memory"), Answer.UNKNOWN),
        (ended("absent", "tiktoken is not in this stack"), Answer.UNKNOWN),
        (None, Answer.UNKNOWN),
    ],
)
def test_a_run_is_like_one_end_or_neither_or_no_evidence(
    outcome: Outcome | None, said: Answer
) -> None:
    assert answer(IDS, outcome) is said


def test_a_documented_removal_is_told_apart_from_one_that_raises_something_else() -> None:
    """sentencepiece 0.2.2 refuses a call with a ValueError, 0.2.3 has it no more: a gate between
    them says same, since both are as documented."""
    refused = replace(ended("raised", "ValueError: use proto"), expected=True)
    removed = replace(ended("raised", "AttributeError: no such call"), expected=True)
    broken = change(ended("held"), removed, "broken")
    assert answer(broken, refused) is Answer.BETWEEN
    again = replace(removed, reason="AttributeError: said otherwise")
    assert answer(broken, again) is Answer.AFTER


FIXED = change(ended("failed", "assert 1 == 2", n=1), ended("held", n=2), "fixed")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (ended("failed", "assert 1 == 2", n=1), Answer.BEFORE),
        (ended("held", n=2), Answer.AFTER),
        (ended("failed", "assert 3 == 2", n=3), Answer.BETWEEN),
        (ended("raised", "KeyError: 'n'"), Answer.BETWEEN),
    ],
)
def test_two_that_did_not_hold_are_alike_if_they_failed_alike(
    outcome: Outcome, said: Answer
) -> None:
    assert answer(FIXED, outcome) is said


BROKEN = change(ended("held"), ended("raised", "AttributeError: gone at 0x7f01"), "broken")


def test_an_error_is_known_again_by_its_type() -> None:
    assert answer(BROKEN, ended("raised", "AttributeError: gone at 0x7f02")) is Answer.AFTER
    assert answer(BROKEN, ended("raised", "TypeError: gone")) is Answer.BETWEEN


NEW = change(ended("absent", "not in this stack"), ended("held", n=1), "new")


def test_where_an_end_did_not_run_not_to_run_is_to_be_like_it() -> None:
    assert answer(NEW, ended("absent", "not in this stack")) is Answer.BEFORE
    assert answer(NEW, None) is Answer.BEFORE
    assert answer(NEW, ended("held", n=1)) is Answer.AFTER
    assert answer(NEW, ended("held", n=2)) is Answer.BETWEEN


DRIFTED = change(number(1.0, 0.1), number(1.3, 0.1), "drifted")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.0, Answer.BEFORE),
        (1.3, Answer.AFTER),
        (2.0, Answer.BETWEEN),
    ],
)
def test_numbers_are_compared_with_their_noise(value: float, said: Answer) -> None:
    assert answer(DRIFTED, number(value, 0.1)) is said


def names(*rows: str) -> Outcome:
    observed = Observation("names", "surface", dict.fromkeys(rows, "function"))
    return Outcome(BEHAVIOUR, CELL, "held", observations=(observed,))


LOST = change(names("encode", "decode"), names("decode", "count", "split"))


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (names("encode", "decode"), Answer.BEFORE),
        (names("encode", "decode", "count"), Answer.BEFORE),
        (names("encode", "decode", "count", "split"), Answer.BEFORE),
        (names("decode"), Answer.AFTER),
        (names("decode", "count"), Answer.AFTER),
        (names("decode", "count", "split", "join"), Answer.AFTER),
        (names("count", "split"), Answer.BETWEEN),
    ],
)
def test_what_is_added_before_or_after_a_name_is_lost_is_no_change(
    outcome: Outcome, said: Answer
) -> None:
    assert answer(LOST, outcome) is said


LACKS = "ImportError: cannot import name 'x' from 'y'"
IMPORTS = {"torch": "", "transformers": f"{LACKS}\n  (y.py)"}


def test_a_run_that_failed_on_an_import_is_no_evidence_unless_an_end_failed_so_too() -> None:
    raised = of_imports(ended("raised", f"{LACKS} (y.py)"), IMPORTS)
    assert answer(IDS, raised) is Answer.UNKNOWN
    assert answer(change(ended("held"), ended("raised", LACKS), "broken"), raised) is Answer.UNKNOWN
    assert answer(change(ended("held"), raised, "broken"), raised) is Answer.AFTER


def test_an_import_error_of_the_behaviour_itself_is_an_answer() -> None:
    raised = of_imports(ended("raised", "ImportError: cannot import name 'z'"), IMPORTS)
    assert answer(IDS, raised) is Answer.BETWEEN


def test_between_ends_that_are_the_same_what_differs_is_between() -> None:
    same = change(ended("held", n=1), ended("held", n=1), "same")
    assert answer(same, ended("held", n=1)) is Answer.BEFORE
    assert answer(same, ended("held", n=2)) is Answer.BETWEEN


def test_what_the_gate_is_not_sure_of_is_not_searched_and_says_why() -> None:
    verdicts = [
        BehaviourVerdict("a", "cell", Verdict.CHANGED),
        BehaviourVerdict("b", "cell", Verdict.SAME),
        BehaviourVerdict("c", "cell", Verdict.FLAKY, "the candidate disagrees with itself"),
        BehaviourVerdict("d", "cell", Verdict.FAILING),
    ]
    outcome = ended("held")
    changes, unsearched = changes_of(verdicts, {("a", "cell"): outcome}, {})
    assert [(each.key, each.baseline, each.candidate) for each in changes] == [
        (("a", "cell"), outcome, None)
    ]
    assert [(each.change[0], each.reason) for each in unsearched] == [
        ("c", "the candidate disagrees with itself"),
        ("d", "it does not hold in either stack"),
    ]


def test_what_is_accepted_is_not_searched() -> None:
    entry = Accepted("meant", "a", Verdict.CHANGED, "meant so", "ann", "engine", "<3")
    verdict = BehaviourVerdict("a", "cell", Verdict.CHANGED)
    assert len(changes_of([verdict], {}, {})[0]) == 1
    assert changes_of([replace(verdict, accepted=entry)], {}, {}) == ((), ())


MOVED = ("transformers", "tokenizers", "bitsandbytes", "tiktoken", "huggingface-hub")


@pytest.mark.parametrize(
    ("behaviour", "where", "first"),
    [
        ("tokenizers/test_growth.py::test_runs", "tiktoken", "tiktoken"),
        ("precision/test_four.py::test_logits", "smollm2-nf4-cpu", "bitsandbytes"),
        ("architectures/test_tiny.py::test_logits", "gemma2-float32-cpu", "transformers"),
    ],
)
def test_the_likely_package_is_tried_first(behaviour: str, where: str, first: str) -> None:
    one = Change(behaviour, where, Verdict.CHANGED, None, None)
    assert likely(one, MOVED)[0] == first


def test_libraries_stand_before_what_came_along() -> None:
    moved = [Move(name, "1", "2") for name in ("zipp", "tokenizers", "attrs", "transformers")]
    assert in_order(moved) == ("transformers", "tokenizers", "attrs", "zipp")
