"""IOI prompts and logit differences against cases worked out by hand."""

from __future__ import annotations

import pytest

from harness.measure import ioi

torch = pytest.importorskip("torch")

WORDS = {" Ann": 1, " Bob": 2, " gave": 3, " to": 4, "When": 5, " and": 6}


def _encode(text):
    return [WORDS[f" {word}" if index else word] for index, word in enumerate(text.split(" "))]


def _prompts():
    return ioi.build_prompts(["When{A} and{B} gave{S} to"], [("Ann", "Bob")])


def test_abba_names_the_subject_second_and_baba_first():
    texts = [(prompt.order, prompt.subject, prompt.text) for prompt in _prompts()]
    assert texts == [
        ("ABBA", " Bob", "When Ann and Bob gave Bob to"),
        ("ABBA", " Ann", "When Bob and Ann gave Ann to"),
        ("BABA", " Bob", "When Bob and Ann gave Bob to"),
        ("BABA", " Ann", "When Ann and Bob gave Ann to"),
    ]


def test_a_batch_holds_prompts_of_one_length_with_their_answers():
    encode = {" Ann": [1], " Bob": [2]}
    (batch,) = ioi.batches(_prompts(), lambda text: encode.get(text) or _encode(text))
    assert batch.ids[0].tolist() == [5, 1, 6, 2, 3, 2, 4]
    assert batch.indirect_objects.tolist() == [1, 2, 1, 2]
    assert batch.subjects.tolist() == [2, 1, 2, 1]


def test_a_name_of_two_tokens_is_refused_with_its_ids():
    with pytest.raises(ioi.NotOneToken) as caught:
        ioi.single_token(" Neel", lambda text: [8, 9])
    assert caught.value.ids == (8, 9)
    assert "2 tokens" in str(caught.value)


def test_the_difference_is_read_at_the_last_position():
    logits = torch.zeros(2, 3, 4)
    logits[0, 2] = torch.tensor([0.0, 5.0, 2.0, 9.0])
    logits[1, 2] = torch.tensor([0.0, 1.0, 4.0, 9.0])
    logits[:, 1] = 100
    found = ioi.logit_differences(logits, torch.tensor([1, 1]), torch.tensor([2, 2]))
    assert found.tolist() == [3.0, -3.0]


def test_an_outcome_averages_by_template_and_order():
    prompts = _prompts()
    outcome = ioi.Outcome(prompts, (1.0, 3.0, -1.0, 0.0))
    assert outcome.mean == 0.75
    assert outcome.share_positive == 0.5
    assert outcome.by_template() == [[2.0, -0.5]]
