"""Which tasks a pipeline can be built for, by which class, with which model where none is named."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires, tier

pytestmark = [requires("transformers", "torch"), tier("quick")]


@pytest.fixture
def registry():
    from transformers.pipelines import PIPELINE_REGISTRY

    return PIPELINE_REGISTRY


def implementation(entry):
    """The name of a task's class: older releases hold the class, newer ones its path."""
    found = entry["impl"]
    return found.rsplit(".", 1)[1] if isinstance(found, str) else found.__name__


def default_model(entry):
    """The repository and revision used where no model is named."""
    found = entry["default"]["model"]
    return tuple(found["pt"] if isinstance(found, dict) else found)


def test_these_tasks_have_these_classes(registry, observe):
    tasks = {
        task: implementation(registry.supported_tasks[task])
        for task in sorted(registry.supported_tasks)
    }
    observe.exact("classes", tasks)
    observe.exact("aliases", dict(sorted(registry.task_aliases.items())))


@documents("pipeline.task-class")
def test_each_task_has_a_class_of_its_own(registry, observe):
    from transformers import Pipeline, pipelines

    names = [implementation(entry) for entry in registry.supported_tasks.values()]
    assert all(issubclass(getattr(pipelines, name), Pipeline) for name in names)
    shared = sorted({name for name in names if names.count(name) > 1})
    observe.claim(
        "pipeline.task-class",
        {"tasks": len(names), "classes": len(set(names)), "shared": shared},
        holds=not shared,
    )


@documents("pipeline.task-count")
def test_the_number_of_tasks(registry, observe):
    names = registry.get_supported_tasks()
    aliases = [name for name in names if name in registry.task_aliases]
    observe.claim(
        "pipeline.task-count",
        {"task names": len(names), "of these aliases": len(aliases)},
        holds=len(names) > 30,
    )


@documents("pipeline.text-classification-task")
def test_text_classification_is_a_task(registry):
    assert "text-classification" in registry.supported_tasks


@documents("pipeline.sentiment-alias")
def test_sentiment_analysis_means_text_classification(registry):
    assert registry.check_task("sentiment-analysis")[0] == "text-classification"


@documents("pipeline.default-sentiment")
def test_the_default_model_of_text_classification(registry, observe):
    repository, revision = default_model(registry.supported_tasks["text-classification"])
    observe.exact("revision", revision)
    observe.claim(
        "pipeline.default-sentiment",
        repository,
        holds=repository.rpartition("/")[2] == "distilbert-base-uncased-finetuned-sst-2-english",
    )


def test_the_default_models_of_the_text_tasks(registry, observe):
    tasks = (
        "token-classification",
        "text-generation",
        "fill-mask",
        "zero-shot-classification",
        "feature-extraction",
    )
    observe.exact("models", {task: default_model(registry.supported_tasks[task]) for task in tasks})


@pytest.mark.parametrize(
    ("task", "claim"),
    [
        pytest.param(
            "question-answering",
            "pipeline.task.question-answering",
            marks=documents("pipeline.task.question-answering"),
            id="question-answering",
        ),
        pytest.param(
            "summarization",
            "pipeline.task.summarization",
            marks=documents("pipeline.task.summarization"),
            id="summarization",
        ),
        pytest.param(
            "translation",
            "pipeline.task.translation",
            marks=documents("pipeline.task.translation"),
            id="translation",
        ),
        pytest.param(
            "zero-shot-classification",
            "pipeline.task.zero-shot-classification",
            marks=documents("pipeline.task.zero-shot-classification"),
            id="zero-shot-classification",
        ),
        pytest.param(
            "image-classification",
            "pipeline.task.image-classification",
            marks=documents("pipeline.task.image-classification"),
            id="image-classification",
        ),
        pytest.param(
            "automatic-speech-recognition",
            "pipeline.task.automatic-speech-recognition",
            marks=documents("pipeline.task.automatic-speech-recognition"),
            id="automatic-speech-recognition",
        ),
    ],
)
def test_the_task_is_registered(registry, observe, task, claim):
    registered = task in registry.get_supported_tasks()
    observe.claim(claim, "registered" if registered else "not registered", holds=registered)


@pytest.mark.parametrize(
    "task", ["text2text-generation", "summarization", "translation", "question-answering"]
)
def test_asking_for_the_task_ends_so(observe, bundled, task):
    """Without a network the registry's own answer comes first; a default model is never reached."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, pipeline

    model = AutoModelForSeq2SeqLM.from_pretrained(bundled("numbers"))
    tokenizer = AutoTokenizer.from_pretrained(bundled("numbers"))
    try:
        found = type(pipeline(task, model=model, tokenizer=tokenizer)).__name__
    except KeyError as error:
        found = f"KeyError: {error.args[0].partition('. See the migration')[0]}"
        found = found.partition(", available tasks")[0]
    observe.exact("ends", found)


def test_no_task_and_no_model_is_refused():
    from transformers import pipeline

    with pytest.raises(RuntimeError, match="without either a task or a model"):
        pipeline()
