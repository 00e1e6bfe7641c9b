"""The ids that the bridge makes of texts: BOS, padding, words of one token."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.requires("transformer-lens", "transformers")


@pytest.fixture
def gpt2_ids(gpt2_bridge):
    tokenizer = gpt2_bridge.tokenizer
    return lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]


def test_a_text_begins_with_bos_unless_told_otherwise(gpt2_bridge, gpt2_ids):
    text = "The Eiffel Tower"
    bos = gpt2_bridge.tokenizer.bos_token_id
    assert gpt2_bridge.to_tokens(text)[0].tolist() == [bos, *gpt2_ids(text)]
    assert gpt2_bridge.to_tokens(text, prepend_bos=False)[0].tolist() == gpt2_ids(text)
    assert gpt2_bridge.to_string(gpt2_bridge.to_tokens(text, prepend_bos=False)[0]) == text


def test_texts_are_padded_on_the_side_asked_for(gpt2_bridge, gpt2_ids):
    texts = ["The Eiffel Tower is in", "Rome"]
    short, width = gpt2_ids("Rome"), len(gpt2_ids(texts[0]))
    pad = gpt2_bridge.tokenizer.pad_token_id
    found = {
        side: gpt2_bridge.to_tokens(texts, prepend_bos=False, padding_side=side)[1].tolist()
        for side in ("left", "right")
    }
    padding = [pad] * (width - len(short))
    assert found == {"left": [*padding, *short], "right": [*short, *padding]}


def test_a_word_of_two_tokens_is_no_single_token(gpt2_bridge):
    assert gpt2_bridge.to_single_token(" Paris") == 6342
    with pytest.raises(AssertionError):
        gpt2_bridge.to_single_token("Neel")
    assert gpt2_bridge.get_token_position(" Paris", "in Paris, Paris", prepend_bos=False) == 1
    assert gpt2_bridge.get_token_position(" Paris", "in Paris, Paris", mode="last") == 4
