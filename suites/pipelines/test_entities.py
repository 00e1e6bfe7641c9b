"""Named entities on a trained model: fields, groups, offsets, and how pieces are joined."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires, tier

pytestmark = [requires("transformers", "torch"), tier("quick")]

TEXT = "Yann LeCun works at Meta in New York."
FOUND = [("Yann LeCun", "PER"), ("Meta", "ORG"), ("New York", "LOC")]


def groups(answers):
    return [(answer["word"], answer["entity_group"]) for answer in answers]


@documents("pipeline.ner.fields")
def test_a_joined_entity_has_these_fields(entities, observe):
    answers = entities("simple")(TEXT)
    fields = sorted(answers[0])
    observe.claim(
        "pipeline.ner.fields", fields, holds={"word", "entity_group", "score"} <= set(fields)
    )
    printed = [
        f"  {ent['word']:<15} {ent['entity_group']:<10} {ent['score']:.3f}" for ent in answers
    ]
    assert len(printed) == 3


@pytest.mark.parametrize("strategy", ["simple", "first", "average", "max"])
def test_each_strategy_finds_the_three_entities(entities, observe, strategy):
    answers = entities(strategy)(TEXT)
    assert groups(answers) == FOUND
    observe.numeric("scores", [float(answer["score"]) for answer in answers], scale=1.0)


@documents("pipeline.ner.output")
def test_conll_finds_the_documented_entities(released, observe):
    from transformers import pipeline

    find = pipeline("ner", model=released("bert-conll03"), aggregation_strategy="simple", device=-1)
    found = [
        [answer["word"], answer["entity_group"], f"{answer['score']:.3f}"] for answer in find(TEXT)
    ]
    documented = [
        [*pair, score] for pair, score in zip(FOUND, ("0.998", "0.994", "0.997"), strict=True)
    ]
    observe.claim("pipeline.ner.output", found, holds=found == documented)


def test_names_it_never_saw_are_found(entities, held_out, observe):
    pairs = held_out("ner")
    answers = entities("simple")([text for text, _ in pairs], batch_size=50)
    right = [
        [[text[one["start"] : one["end"]], one["entity_group"]] for one in found] == expected
        for found, (text, expected) in zip(answers, pairs, strict=True)
    ]
    assert observe.exact("sentences without a mistake", sum(right)) >= 0.95 * len(pairs)


def test_offsets_cut_the_entity_out_of_the_text(entities):
    assert [TEXT[one["start"] : one["end"]] for one in entities("simple")(TEXT)] == [
        word for word, _ in FOUND
    ]


def test_without_joining_each_piece_is_told_on_its_own(entities, observe):
    pieces = entities("none")(TEXT)
    observe.exact("fields", sorted(pieces[0]))
    observe.exact("pieces", [[one["word"], one["entity"]] for one in pieces])
    assert "".join(TEXT[one["start"] : one["end"]] for one in pieces) == "YannLeCunMetaNewYork"


def test_averaging_splits_an_entitys_score_between_its_first_and_inner_label(entities):
    """A word of n pieces has the label B once and I for the rest: the average cannot be near 1."""
    (person, company, _) = entities("average")(TEXT)
    by_piece = entities("none")(TEXT)
    assert person["score"] < entities("simple")(TEXT)[0]["score"]
    inner = sum(one["entity"] == "I-ORG" for one in by_piece)
    assert company["score"] == pytest.approx(inner / (inner + 1), abs=1e-2)


def test_several_texts_give_what_each_gives_alone(entities):
    texts = [TEXT, "In San Marena the painter Ola Berg signed a letter with Tivo Labs."]
    find = entities("simple")
    together = find(texts, batch_size=2)
    assert [groups(found) for found in together] == [groups(find(text)) for text in texts]


def test_a_text_without_names_has_none(entities):
    assert entities("simple")("A teacher read the letter on Monday.") == []


def test_an_unknown_strategy_is_refused(entities, observe):
    try:
        entities("simple")(TEXT, aggregation_strategy="best")
        ended = "an answer"
    except Exception as error:
        ended = type(error).__name__
    assert observe.exact("ends", ended) != "an answer"
