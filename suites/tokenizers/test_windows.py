"""Long texts in windows: together they hold the text, and each repeats its neighbour's end."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness.measure.prompts import CORPUS

LENGTH, STRIDE = 24, 6
TEXT = " ".join(CORPUS.values())


def _windows(tokenizer, **options):
    """(ids without special tokens, characters they came from) of each window."""
    found = tokenizer(
        TEXT,
        max_length=LENGTH,
        stride=STRIDE,
        truncation=True,
        return_overflowing_tokens=True,
        return_special_tokens_mask=True,
        return_offsets_mapping=True,
        **options,
    )
    rows = zip(
        found["input_ids"], found["special_tokens_mask"], found["offset_mapping"], strict=True
    )
    for ids, special, offsets in rows:
        kept = [index for index, flag in enumerate(special) if not flag]
        yield [ids[index] for index in kept], [tuple(offsets[index]) for index in kept]


def _joined(windows):
    """The windows' items one after another, each without what it repeats."""
    first, *rest = windows
    return first + [item for window in rest for item in window[STRIDE:]]


@pytest.mark.parametrize("special", [True, False], ids=["with special tokens", "without"])
def test_windows_cover_the_text_once(hf_tokenizer, special):
    whole = hf_tokenizer(TEXT, add_special_tokens=False, return_offsets_mapping=True)
    windows = list(_windows(hf_tokenizer, add_special_tokens=special))
    assert _joined([ids for ids, _ in windows]) == whole["input_ids"]
    assert _joined([offsets for _, offsets in windows]) == list(map(tuple, whole["offset_mapping"]))


def test_neighbouring_windows_share_the_stride(hf_tokenizer):
    windows = [ids for ids, _ in _windows(hf_tokenizer)]
    assert len(windows) > 2
    for before, after in pairwise(windows):
        assert before[-STRIDE:] == after[:STRIDE]


def test_every_window_but_the_last_is_full(hf_tokenizer):
    found = hf_tokenizer(
        TEXT, max_length=LENGTH, stride=STRIDE, truncation=True, return_overflowing_tokens=True
    )
    lengths = [len(ids) for ids in found["input_ids"]]
    assert set(lengths[:-1]) == {LENGTH}
    assert lengths[-1] <= LENGTH
    assert found["overflow_to_sample_mapping"] == [0] * len(lengths)


def test_windows_of_several_texts_say_which_they_came_from(hf_tokenizer):
    texts = list(CORPUS.values())
    found = hf_tokenizer(
        texts,
        max_length=LENGTH,
        truncation=True,
        add_special_tokens=False,
        return_overflowing_tokens=True,
    )
    joined: dict[int, list[int]] = {}
    for sample, ids in zip(found["overflow_to_sample_mapping"], found["input_ids"], strict=True):
        joined.setdefault(sample, []).extend(ids)
    alone = [hf_tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    assert [joined[index] for index in range(len(texts))] == alone


def test_truncation_on_the_left_keeps_the_end(hf_tokenizer):
    whole = hf_tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    before = hf_tokenizer.truncation_side
    hf_tokenizer.truncation_side = "left"
    try:
        kept = hf_tokenizer(TEXT, max_length=LENGTH, truncation=True, add_special_tokens=False)
    finally:
        hf_tokenizer.truncation_side = before
    assert kept["input_ids"] == whole[-LENGTH:]


def test_a_batch_is_encoded_as_its_texts_are_alone(hf_tokenizer):
    texts = list(CORPUS.values())
    assert hf_tokenizer(texts)["input_ids"] == [hf_tokenizer(text)["input_ids"] for text in texts]


def test_pieces_cover_the_text_in_order_but_for_what_is_normalised_away(hf_tokenizer, observe):
    found = hf_tokenizer(TEXT, add_special_tokens=False, return_offsets_mapping=True)
    starts = [start for start, _ in found["offset_mapping"]]
    assert starts == sorted(starts)
    covered = {place for start, end in found["offset_mapping"] for place in range(start, end)}
    missed = {TEXT[place] for place in range(len(TEXT)) if place not in covered}
    observe.exact("in no piece", sorted(f"U+{ord(character):04X}" for character in missed))
