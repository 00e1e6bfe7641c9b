"""Sentiment on a trained model: labels, scores, and the documented arithmetic on SST-2's logits."""

from __future__ import annotations

import ast

import pytest

from harness.plugin import documents, requires, tier

pytestmark = [requires("transformers", "torch"), tier("quick")]

DOCUMENTED_LOGITS = [[-4.2767, 4.5486]]
DOCUMENTED_STRING = "[{'label': 'POSITIVE', 'score': 0.9998530149459839}]"
NLP = "HuggingFace makes NLP accessible to everyone."
LIBRARY = "This library is incredibly well designed."
OCEAN = "The panoramic view of the ocean was breathtaking."


@pytest.fixture
def manual(keep, bundled):
    """The model and tokenizer by their Auto classes."""

    def make():
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        folder = bundled("sentiment")
        model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        return model, AutoTokenizer.from_pretrained(folder)

    return keep("sentiment by hand", make)


def test_sentences_it_never_saw_get_their_label(classify, held_out, observe):
    pairs = held_out("sentiment")
    found = classify([text for text, _ in pairs], batch_size=50)
    right = sum(answer["label"] == label for answer, (_, label) in zip(found, pairs, strict=True))
    assert observe.exact("right", right) >= 0.95 * len(pairs)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        pytest.param(NLP, "POSITIVE", id="nlp"),
        pytest.param(LIBRARY, "POSITIVE", id="library"),
        pytest.param(OCEAN, "POSITIVE", id="ocean"),
        pytest.param("The food was not good.", "NEGATIVE", id="not-good"),
        pytest.param("The hotel was not bad.", "POSITIVE", id="not-bad"),
        pytest.param(
            "The film was boring but the music was lovely, so I recommend it.",
            "POSITIVE",
            id="outvoted",
        ),
    ],
)
def test_a_text_gets_this_label_and_score(classify, observe, text, label):
    (answer,) = classify(text)
    assert set(answer) == {"label", "score"}
    assert answer["label"] == label
    observe.numeric("score", answer["score"], scale=1.0)


def test_the_scores_of_all_labels_sum_to_one(classify):
    scores = classify(OCEAN, top_k=None)
    assert [answer["label"] for answer in scores] == ["POSITIVE", "NEGATIVE"]
    assert sum(answer["score"] for answer in scores) == pytest.approx(1.0, abs=1e-6)


def test_top_k_gives_so_many_labels_best_first(classify):
    assert len(classify(OCEAN, top_k=1)) == 1
    two = classify(OCEAN, top_k=2)
    assert two[0]["score"] >= two[1]["score"]


def test_a_batch_scores_as_its_texts_do_alone(classify, held_out):
    texts = [text for text, _ in held_out("sentiment")[:20]]
    for together, text in zip(classify(texts, batch_size=20), texts, strict=True):
        (alone,) = classify(text)
        assert together["label"] == alone["label"]
        assert together["score"] == pytest.approx(alone["score"], abs=1e-5)


def test_the_pipeline_is_the_softmax_of_the_models_logits(classify, manual):
    import torch

    model, tokenizer = manual
    inputs = tokenizer(OCEAN, return_tensors="pt", padding=True, truncation=True)
    with torch.no_grad():
        probabilities = torch.softmax(model(**inputs).logits, dim=-1)[0].tolist()
    scores = {answer["label"]: answer["score"] for answer in classify(OCEAN, top_k=None)}
    for index, probability in enumerate(probabilities):
        assert scores[model.config.id2label[index]] == pytest.approx(probability, abs=1e-6)


def test_function_to_apply_none_gives_logits(classify, manual):
    import torch

    model, tokenizer = manual
    with torch.no_grad():
        logits = model(**tokenizer(OCEAN, return_tensors="pt")).logits[0].tolist()
    answers = classify(OCEAN, top_k=None, function_to_apply="none")
    assert [answer["score"] for answer in answers] == pytest.approx(sorted(logits)[::-1], abs=1e-5)


@documents("pipeline.bundles")
def test_a_pipeline_carries_model_and_tokenizer_in_one_callable(classify, observe):
    assert callable(classify)
    observe.exact("class", type(classify).__name__)
    observe.exact("model", type(classify.model).__name__)
    assert classify.tokenizer(OCEAN)["input_ids"]
    assert classify.task == "text-classification"


def test_a_saved_pipeline_answers_as_before(classify, work_dir):
    from transformers import pipeline

    classify.save_pretrained(work_dir)
    again = pipeline("text-classification", model=str(work_dir), device=-1)
    assert again(OCEAN, top_k=None) == classify(OCEAN, top_k=None)


def test_a_text_longer_than_the_model_is_cut_only_when_asked(classify, observe):
    long = "the film was good . " * 40
    assert classify(long, truncation=True)[0]["label"] == "POSITIVE"
    try:
        classify(long)
        ended = "an answer"
    except Exception as error:
        ended = type(error).__name__
    observe.exact("without truncation", ended)


@documents("auto.id2label")
def test_labels_are_keyed_by_integers_after_loading(observe):
    """The documented JSON has the keys "0" and "1"."""
    from transformers import DistilBertConfig

    config = DistilBertConfig.from_dict(
        {
            "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
            "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
        }
    )
    observe.claim(
        "auto.id2label",
        config.id2label,
        holds=config.id2label == {0: "NEGATIVE", 1: "POSITIVE"},
    )
    assert config.num_labels == 2


@documents("sst2.grad-fn")
def test_logits_and_probabilities_carry_their_gradient_functions(manual, observe):
    import torch

    model, tokenizer = manual
    logits = model(tokenizer(OCEAN, return_tensors="pt")["input_ids"]).logits
    probabilities = torch.nn.functional.softmax(logits, dim=-1)
    names = [type(tensor.grad_fn).__name__ for tensor in (logits, probabilities)]
    observe.claim("sst2.grad-fn", names, holds=names == ["AddmmBackward0", "SoftmaxBackward0"])
    assert "grad_fn=<AddmmBackward0>" in repr(logits)


@documents("sst2.softmax")
def test_the_documented_logits_have_the_documented_probabilities(observe):
    import torch

    probabilities = torch.nn.functional.softmax(torch.tensor(DOCUMENTED_LOGITS), dim=-1)
    printed = repr(probabilities)
    observe.claim("sst2.softmax", printed, holds=printed == "tensor([[1.4695e-04, 9.9985e-01]])")


@documents("sst2.outstring")
def test_the_documented_string_follows_from_the_documented_logits(observe):
    """As written in the document, from logits printed to four digits, in float32.

    float32 has 2**-24 between neighbours here; kernels differ by one of them, which the
    documented sixteen digits spell out. The score is compared to within two, all else exactly.
    """
    import torch

    probabilities = torch.nn.functional.softmax(torch.tensor(DOCUMENTED_LOGITS), dim=-1)
    predicted_class = torch.argmax(probabilities, dim=-1).item()
    labels = ["NEGATIVE", "POSITIVE"]
    out_string = (
        "[{'label': '"
        + str(labels[predicted_class])
        + "', 'score': "
        + str(probabilities[0][predicted_class].tolist())
        + "}]"
    )
    (found,), (documented,) = map(ast.literal_eval, (out_string, DOCUMENTED_STRING))
    score = found.pop("score")
    near = abs(score - documented.pop("score")) <= 2 * 2**-24
    observe.claim(
        "sst2.outstring",
        {**found, "score, to six digits": f"{score:.6f}"},
        holds=found == documented and near,
    )


@documents("pipeline.sentiment-output")
def test_sst2_calls_the_nlp_sentence_positive(released, observe):
    from transformers import pipeline

    answers = pipeline("text-classification", model=released("distilbert-sst2"), device=-1)(NLP)
    rounded = [{**answer, "score": round(answer["score"], 4)} for answer in answers]
    observe.claim(
        "pipeline.sentiment-output",
        rounded,
        holds=rounded == [{"label": "POSITIVE", "score": 0.9998}],
    )


@documents("auto.sst2-probs", "sst2.logits")
def test_sst2_gives_the_documented_logits_and_probabilities(released, observe):
    """Logits as printed, to four digits: kernels may differ by one in the last."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = released("distilbert-sst2")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        ocean = model(**tokenizer(OCEAN, return_tensors="pt")).logits
        library = model(**tokenizer(LIBRARY, return_tensors="pt")).logits
    shares = torch.softmax(library, dim=-1)[0].tolist()
    printed = {model.config.id2label[i]: f"{share:.4f}" for i, share in enumerate(shares)}
    observe.claim(
        "auto.sst2-probs", printed, holds=printed == {"NEGATIVE": "0.0003", "POSITIVE": "0.9997"}
    )
    near = torch.allclose(ocean, torch.tensor(DOCUMENTED_LOGITS), rtol=0, atol=1.5e-4)
    observe.claim(
        "sst2.logits", [[round(value, 3) for value in row] for row in ocean.tolist()], holds=near
    )
