"""The ids of the documents' words and prompts, by transformer-lens over GPT-2's tokenizer."""

from __future__ import annotations

import pytest

from harness.plugin import documents, tier

pytestmark = [pytest.mark.requires("transformer-lens", "transformers"), tier("quick")]


@documents("tl.eiffel-tokens")
def test_the_documents_prompt_is_bos_and_seven_tokens(gpt2_bridge, observe):
    ids = gpt2_bridge.to_tokens("The Eiffel Tower is in")[0].tolist()
    bos = gpt2_bridge.tokenizer.bos_token_id
    observe.claim("tl.eiffel-tokens", ids, holds=ids[0] == bos and len(ids) == 8)


@documents("tl.patching.single-tokens", "tl.ioi.single-tokens")
def test_the_documents_answers_are_single_tokens_of_gpt2(gpt2_bridge, observe):
    cities = {name: gpt2_bridge.to_single_token(name) for name in (" Paris", " Rome")}
    observe.claim(
        "tl.patching.single-tokens", cities, holds=cities == {" Paris": 6342, " Rome": 10598}
    )
    names = {name: gpt2_bridge.to_single_token(name) for name in (" John", " Mary")}
    observe.claim("tl.ioi.single-tokens", names, holds=names == {" John": 1757, " Mary": 5335})


@documents("tl.patching.same-length", "tl.patching.minimal-difference")
def test_the_documents_prompts_have_one_length_in_gpt2s_tokens(gpt2_bridge, observe):
    clean = gpt2_bridge.to_tokens("The Eiffel Tower is in the city of")
    corrupted = gpt2_bridge.to_tokens("The Colosseum is in the city of")
    shapes = [list(clean.shape), list(corrupted.shape)]
    observe.claim("tl.patching.same-length", shapes, holds=shapes[0] == shapes[1])
    differing = int((clean != corrupted).sum())
    observe.claim(
        "tl.patching.minimal-difference",
        f"{differing} of {clean.shape[1]} tokens differ",
        holds=differing < clean.shape[1] / 2,
    )


@documents("tl.issue.tim-single", "tl.issue.neel-two", "tl.issue.single-token-error")
def test_one_name_is_a_token_and_the_other_two(gpt2_bridge, observe):
    tim = gpt2_bridge.to_tokens("Tim", prepend_bos=False)[0].tolist()
    observe.claim("tl.issue.tim-single", tim, holds=len(tim) == 1)
    neel = gpt2_bridge.to_str_tokens(gpt2_bridge.to_tokens("Neel", prepend_bos=False))
    observe.claim("tl.issue.neel-two", neel, holds=neel == ["Ne", "el"])
    try:
        refused = f"taken for {gpt2_bridge.to_single_token('Neel')}"
    except Exception as error:
        refused = type(error).__name__
    observe.claim("tl.issue.single-token-error", refused, holds=refused == "AssertionError")
