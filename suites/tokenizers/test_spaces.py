"""Decoding: spaces stay where they were, and special tokens go when they are to be skipped."""

from __future__ import annotations

from harness.plugin import needs, requires

TEXT = "let x = f ( a , b ) ; print ( x ) ! do n't , we 're done . yes ?"


@requires("transformers")
@needs("causal-lm")
def test_spaces_before_punctuation_survive_a_round_trip(hf_tokenizer):
    ids = hf_tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    assert hf_tokenizer.decode(ids) == TEXT
    assert hf_tokenizer.batch_decode([ids, ids]) == [TEXT, TEXT]


@requires("transformers")
@needs("causal-lm")
def test_special_tokens_are_left_out_of_a_text_only_when_asked(hf_tokenizer):
    ids = hf_tokenizer("one two", add_special_tokens=False)["input_ids"]
    end = hf_tokenizer.eos_token_id
    assert hf_tokenizer.decode([*ids, end]) == f"one two{hf_tokenizer.eos_token}"
    assert hf_tokenizer.decode([*ids, end], skip_special_tokens=True) == "one two"
