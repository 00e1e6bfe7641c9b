"""Chat templates: the text they make, its ids, and what `apply_chat_template` returns."""

from __future__ import annotations

import pytest

from harness.plugin import needs, tier

pytestmark = tier("quick")

MESSAGES = (
    {"role": "system", "content": "You answer in one word."},
    {"role": "user", "content": "Capital of Peru?"},
    {"role": "assistant", "content": "Lima"},
    {"role": "user", "content": "And of Chile?"},
)
TURNS = MESSAGES[1:]
"""Without the system message, which some templates refuse."""


def render(tokenizer, messages=TURNS, **options):
    return tokenizer.apply_chat_template(list(messages), tokenize=False, **options)


@needs("tokenizer", "chat")
def test_a_conversation_renders_to_this_text(hf_tokenizer, observe):
    text = observe.exact("text", render(hf_tokenizer))
    contents = [message["content"] for message in TURNS]
    assert all(content in text for content in contents)
    assert [text.index(content) for content in contents] == sorted(map(text.index, contents))


@needs("tokenizer", "chat")
def test_a_conversation_becomes_these_ids(hf_tokenizer, observe):
    ids = hf_tokenizer.apply_chat_template(list(TURNS), tokenize=True, return_dict=False)
    observe.exact("ids", ids)
    assert ids == hf_tokenizer.encode(render(hf_tokenizer), add_special_tokens=False)


@needs("tokenizer", "chat")
def test_apply_chat_template_returns_this_type_by_default(hf_tokenizer, observe):
    returned = hf_tokenizer.apply_chat_template(list(TURNS))
    observe.exact("type", type(returned).__name__)


@needs("tokenizer", "chat")
def test_the_generation_prompt_is_appended_at_the_end(hf_tokenizer, observe):
    without = render(hf_tokenizer, add_generation_prompt=False)
    prompted = render(hf_tokenizer, add_generation_prompt=True)
    assert prompted.startswith(without)
    observe.exact("generation prompt", prompted[len(without) :])


@needs("tokenizer", "chat")
def test_a_system_message_renders_like_this(hf_tokenizer, observe):
    try:
        text = render(hf_tokenizer, MESSAGES)
    except Exception as error:
        text = f"refused with {type(error).__name__}"
    observe.exact("text", text)


@needs("tokenizer", "chat")
def test_an_undefined_role_is_answered_like_this(hf_tokenizer, observe):
    try:
        text = render(hf_tokenizer, [{"role": "narrator", "content": "Night fell."}])
    except Exception as error:
        text = f"refused with {type(error).__name__}"
    observe.exact("text", text)


@needs("tokenizer", "chat")
def test_a_message_without_content_is_refused(hf_tokenizer, observe):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        hf_tokenizer.apply_chat_template("no list of messages")
    observe.exact("error", type(caught.value).__name__)
