"""Text generation by pipeline on a trained model, and what decoding strategies do to its text."""

from __future__ import annotations

import copy

import pytest

from harness.measure.generation import generate
from harness.measure.tokens import repeated_ngrams
from harness.plugin import documents, needs, precisions, tier

pytestmark = precisions("float32")

KEY = "The key to good AI is"
PROMPTS = (
    KEY,
    "My dog really wanted to eat",
    "The future of AI is",
    "Once upon a time",
    "The panoramic view of the ocean",
    "In the middle of the city",
)


@pytest.fixture
def generator(keep, model, hf_tokenizer):
    """The pipeline over the cell's model; its tokenizer is a copy, as the pipeline changes it."""

    def make():
        from transformers import pipeline

        return pipeline(
            "text-generation",
            model=model,
            tokenizer=copy.deepcopy(hf_tokenizer),
            device=model.device,
        )

    return keep("generation pipeline", make)


@needs("causal-lm", "tokenizer", "pretrained")
def test_the_pipeline_writes_what_generate_makes(generator, model, hf_tokenizer):
    ids = hf_tokenizer(KEY)["input_ids"]
    output = generate(model, ids, max_new_tokens=6, do_sample=False)
    expected = hf_tokenizer.decode(output[0, len(ids) :], skip_special_tokens=True)
    answer = generator(KEY, max_new_tokens=6, do_sample=False, return_full_text=False)
    assert answer == [{"generated_text": expected}]


@needs("causal-lm", "tokenizer", "pretrained", "chat")
def test_a_chat_gets_one_more_message(generator, observe):
    chat = [{"role": "user", "content": "What is the capital of France?"}]
    (answer,) = generator(chat, max_new_tokens=8, do_sample=False)
    messages = answer["generated_text"]
    assert messages[:-1] == chat
    assert messages[-1]["role"] == "assistant"
    assert "Paris" in observe.exact("answer", messages[-1]["content"])


@needs("causal-lm", "tokenizer", "pretrained")
@documents("homework.params")
def test_four_combinations_of_temperature_and_length(generator, observe):
    """Each keeps its length; close to zero the draws agree, at 1.5 they do not."""
    import torch

    seen = {}
    for temperature in (0.01, 1.5):
        for length in (3, 6):
            torch.manual_seed(0)
            answers = generator(
                KEY,
                do_sample=True,
                temperature=temperature,
                max_new_tokens=length,
                min_new_tokens=length,
                num_return_sequences=3,
                return_tensors=True,
            )
            ids = [tuple(answer["generated_token_ids"]) for answer in answers]
            prompt = len(generator.tokenizer(KEY)["input_ids"])
            assert all(len(row) == prompt + length for row in ids)
            seen[temperature, length] = len(set(ids))
    observe.claim(
        "homework.params",
        {f"temperature {t}, {n} new tokens": count for (t, n), count in seen.items()},
        holds=seen[0.01, 3] == seen[0.01, 6] == 1 and min(seen[1.5, 3], seen[1.5, 6]) > 1,
    )


@tier("broad")
@needs("causal-lm", "tokenizer", "pretrained")
@documents("generation.greedy-repetitive")
def test_greedy_decoding_repeats_itself(model, hf_tokenizer, observe):
    """The share of 4-grams that came before, in 150 tokens after each of six prompts.

    Repetitive is a text in which at least every tenth does. The claim does not hold where fewer
    than half of the greedy texts are, or not more of them than of texts drawn at temperature 1.
    """
    tokenizer = copy.deepcopy(hf_tokenizer)
    tokenizer.padding_side = "left"
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    greedy = continuations(model, tokenizer, do_sample=False)
    drawn = continuations(model, tokenizer, do_sample=True, temperature=1.0, top_k=0, top_p=1.0)
    counts = {
        f"after {length} tokens": [repetitive(greedy, length), repetitive(drawn, length)]
        for length in (50, 100, 150)
    }
    of_greedy, of_drawn = counts["after 150 tokens"]
    observe.claim(
        "generation.greedy-repetitive",
        {"repetitive of six, greedy and drawn": counts},
        holds=of_greedy >= len(PROMPTS) / 2 and of_greedy > of_drawn,
        steady=False,
    )


def continuations(model, tokenizer, **strategy):
    """The ids that follow each prompt, without the ends of those that ended."""
    import torch

    inputs = tokenizer(list(PROMPTS), return_tensors="pt", padding=True).to(model.device)
    torch.manual_seed(0)
    rows = model.generate(
        inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        max_new_tokens=150,
        pad_token_id=tokenizer.pad_token_id,
        **strategy,
    )
    ends = {tokenizer.pad_token_id, tokenizer.eos_token_id}
    news = [row[inputs["input_ids"].shape[1] :].tolist() for row in rows]
    return [[one for one in new if one not in ends] for new in news]


def repetitive(texts, length):
    """How many have, in their first `length` ids, every tenth 4-gram from before, or more."""
    cut = [text[:length] for text in texts]
    return sum(repeated_ngrams(text, 4) >= 0.1 * max(1, len(text) - 3) for text in cut)


@needs(subject="gpt2")
@documents("generation.printed-texts")
def test_gpt2_writes_the_printed_greedy_and_beam_texts(model, hf_tokenizer, observe):
    """The two sampled texts cannot be expected again."""
    ids = hf_tokenizer(KEY)["input_ids"]
    greedy = generate(model, ids, max_new_tokens=30, do_sample=False)
    beam = generate(
        model, ids, max_new_tokens=30, num_beams=5, no_repeat_ngram_size=2, early_stopping=True
    )
    texts = [hf_tokenizer.decode(output[0], skip_special_tokens=True) for output in (greedy, beam)]
    printed = (
        f"{KEY} to make sure that the AI is able to learn from its mistakes. The AI is able to",
        f"{KEY} the ability to learn from experience and adapt to new situations in real time.",
    )
    observe.claim(
        "generation.printed-texts",
        texts,
        holds=all(text.startswith(start) for text, start in zip(texts, printed, strict=True)),
    )


@needs("causal-lm", "tokenizer", "pretrained")
@pytest.mark.parametrize("options", [(0.9, 0.7), (0.95, 1.0), (0.95, 0.6), (0.9, 0.8)], ids=str)
def test_the_recommended_nucleus_and_temperature_are_accepted(generator, options):
    top_p, temperature = options
    (answer,) = generator(
        KEY, do_sample=True, top_p=top_p, temperature=temperature, max_new_tokens=2
    )
    assert answer["generated_text"].startswith(KEY)
