"""An encoder-decoder that writes number words as digits: generation whose answers are known."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires, tier, until

pytestmark = [requires("transformers", "torch"), tier("quick")]

EXAMPLES = {
    "seven": "7",
    "nineteen": "19",
    "three hundred and forty two": "342",
    "one thousand and one": "1001",
    "nine thousand eight hundred and seventy six": "9876",
}


def write(numbers, texts, **options):
    import torch

    model, tokenizer = numbers
    inputs = tokenizer(list(texts), return_tensors="pt", padding=True)
    with torch.no_grad():
        output = model.generate(**inputs, max_new_tokens=8, **options)
    return tokenizer.batch_decode(output, skip_special_tokens=True)


def test_numbers_it_never_saw_are_written_right(numbers, held_out, observe):
    pairs = held_out("numbers")
    found = write(numbers, [words for words, _ in pairs])
    right = sum(text == digits for text, (_, digits) in zip(found, pairs, strict=True))
    assert observe.exact("right", right) >= 0.95 * len(pairs)


@pytest.mark.parametrize("words", list(EXAMPLES))
def test_one_number_alone_is_written_right(numbers, words):
    assert write(numbers, [words]) == [EXAMPLES[words]]


def test_beams_find_what_greedy_finds_where_it_is_sure(numbers):
    assert write(numbers, EXAMPLES, num_beams=4) == list(EXAMPLES.values())


def test_the_next_best_beams_are_wrong(numbers, observe):
    found = write(numbers, ["three hundred and forty two"], num_beams=3, num_return_sequences=3)
    assert found[0] == "342"
    observe.exact("beams", found)


def test_generation_without_a_cache_is_the_same(numbers):
    assert write(numbers, EXAMPLES, use_cache=False) == list(EXAMPLES.values())


def test_given_encoder_outputs_stand_for_the_input(numbers):
    import torch

    model, tokenizer = numbers
    inputs = tokenizer(["five hundred and six"], return_tensors="pt")
    with torch.no_grad():
        encoded = model.get_encoder()(**inputs)
        output = model.generate(
            encoder_outputs=encoded, attention_mask=inputs["attention_mask"], max_new_tokens=8
        )
    assert tokenizer.decode(output[0], skip_special_tokens=True) == "506"


def test_the_output_starts_at_the_decoders_start_and_ends_at_the_end(numbers):
    model, tokenizer = numbers
    output = model.generate(**tokenizer(["seven"], return_tensors="pt"), max_new_tokens=8)
    assert output[0, 0] == model.config.decoder_start_token_id
    assert output[0, -1] == tokenizer.eos_token_id


def test_the_loss_of_a_right_answer_is_small_and_of_a_wrong_one_large(numbers):
    import torch

    model, tokenizer = numbers
    inputs = tokenizer(["five hundred and six"], return_tensors="pt")
    with torch.no_grad():
        right, wrong = (
            float(model(**inputs, labels=tokenizer(text, return_tensors="pt")["input_ids"]).loss)
            for text in ("506", "507")
        )
    assert right < 0.1
    assert wrong > 1.0


@until("transformers", "5.0.0", "the text2text-generation pipeline was removed")
def test_the_text2text_pipeline_writes_the_number(bundled):
    from transformers import pipeline

    answers = pipeline("text2text-generation", model=bundled("numbers"), device=-1)("fifty five")
    assert answers == [{"generated_text": "55"}]


def test_the_text_generation_pipeline_over_an_encoder_decoder_ends_so(bundled, observe):
    from transformers import pipeline

    try:
        found = type(pipeline("text-generation", model=bundled("numbers"), device=-1)).__name__
    except Exception as error:
        found = type(error).__name__
    observe.exact("ends", found)


@documents("auto.t5-translation")
def test_t5_small_translates_the_greeting(released, observe):
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    folder = released("t5-small")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    prompt = "translate English to French: Hello, how are you?"
    output = model.generate(**tokenizer(prompt, return_tensors="pt"), max_new_tokens=30)
    text = tokenizer.decode(output[0], skip_special_tokens=True)
    observe.claim("auto.t5-translation", text, holds=text == "Bonjour, comment allez-vous?")
