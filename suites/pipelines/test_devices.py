"""Where a pipeline puts its model, and in which precision it loads it."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
from pathlib import Path

import pytest

from harness.plugin import documents, requires, tier

pytestmark = [requires("transformers", "torch"), tier("quick")]

RELEASES = json.loads(Path(__file__).with_name("releases.json").read_text("utf-8"))
"""Facts read from the sources of released wheels by releases.py."""


@pytest.fixture
def parts(bundled):
    """A fresh small model and its tokenizer: for what may move or change them."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = bundled("sentiment")
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    return model, AutoTokenizer.from_pretrained(folder)


def build(model, tokenizer, **options):
    from transformers import pipeline

    return pipeline("text-classification", model=model, tokenizer=tokenizer, **options)


@documents("pipeline.device.default-cpu")
def test_where_the_model_goes_when_nothing_is_said(parts, accelerators, monkeypatch, observe):
    """What the library chooses, told that there is no accelerator and told that there is a GPU.

    Where there is none the move to the GPU is left out: the choice is made before it.
    """
    import torch

    model, tokenizer = parts
    accelerators(gpu=False)
    alone = str(build(model, tokenizer).device)
    accelerators(gpu=True)
    if not torch.cuda.is_available():
        monkeypatch.setattr(model, "to", lambda device: model, raising=False)
    beside_gpu = str(build(model, tokenizer).device)
    observe.claim(
        "pipeline.device.default-cpu",
        {"no accelerator": alone, "with a GPU": beside_gpu},
        holds=(alone, beside_gpu) == ("cpu", "cpu"),
    )


@documents("pipeline.device.zero-first-gpu")
def test_device_zero_is_the_first_gpu(parts, observe):
    chosen = where_it_ran(parts, 0, needs_cuda())
    observe.claim("pipeline.device.zero-first-gpu", chosen, holds=chosen == ["cuda:0"])


def test_device_zero_without_an_accelerator_is_the_cpu(parts, observe):
    import torch

    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("this machine has an accelerator")
    observe.exact("device", str(build(*parts, device=0).device))


@documents("pipeline.device.cuda")
def test_the_device_cuda_is_torchs_current_gpu(parts, observe):
    """The name has no index: torch then means its current GPU, the first unless told otherwise."""
    torch = needs_cuda()
    chosen = where_it_ran(parts, "cuda", torch)
    current = f"cuda:{torch.cuda.current_device()}"
    observe.claim("pipeline.device.cuda", chosen, holds=chosen == [current])


@documents("pipeline.device.mps")
def test_the_device_mps_is_apples(parts, observe):
    import torch

    if not torch.backends.mps.is_available():
        pytest.skip("needs an Apple GPU (mps)")
    chosen = where_it_ran(parts, "mps", torch)
    observe.claim("pipeline.device.mps", chosen, holds=chosen == ["mps:0"])


def needs_cuda():
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return torch


def where_it_ran(parts, device, torch):
    """The devices of the model's parameters and of the logits of one text, read from tensors."""
    made = build(*parts, device=device)
    seen = {str(parameter.device) for parameter in made.model.parameters()}
    made.model.register_forward_hook(lambda _, __, output: seen.add(str(output.logits.device)))
    with torch.no_grad():
        made("The hotel was lovely.")
    return sorted(seen)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_gpu_that_this_machine_lacks_is_refused(parts, observe, device):
    import torch

    present = {"cuda": torch.cuda, "mps": torch.backends.mps}[device].is_available()
    if present:
        pytest.skip(f"this machine has the device {device}")
    with pytest.raises((AssertionError, RuntimeError)) as caught:
        build(*parts, device=device)
    observe.exact("error", type(caught.value).__name__)


@documents("pipeline.device-map-auto")
@requires("accelerate")
def test_a_device_map_spreads_the_model(bundled, work_dir, observe):
    """With room for half of it on the first device the rest goes to the next: here the disk."""
    from transformers import pipeline

    text = "The hotel was lovely."
    whole = pipeline("text-classification", model=bundled("sentiment"), device_map="auto")
    spread = pipeline(
        "text-classification",
        model=bundled("sentiment"),
        device_map="auto",
        model_kwargs={"max_memory": {"cpu": 60_000}, "offload_folder": str(work_dir)},
    )
    places = sorted({str(place) for place in spread.model.hf_device_map.values()})
    observe.exact("answers equal", whole(text) == spread(text))
    observe.claim(
        "pipeline.device-map-auto",
        {"accepted": True, "devices": places},
        holds=len(places) > 1,
    )


def test_a_device_and_a_device_map_conflict(bundled, observe):
    from transformers import pipeline

    try:
        pipeline("text-classification", model=bundled("sentiment"), device=-1, device_map="auto")
        ended = "a pipeline"
    except Exception as error:
        ended = type(error).__name__
    observe.exact("ends", ended)


def test_the_precision_that_a_pipeline_loads_in_is_the_files(bundled, observe):
    from transformers import pipeline

    made = pipeline("text-classification", model=bundled("sentiment"), device=-1)
    observe.exact("dtype", str(made.model.dtype))
    argument = inspect.signature(pipeline).parameters
    named = next(argument[name] for name in ("dtype", "torch_dtype") if name in argument)
    observe.exact("default of the argument", [named.name, str(named.default)])


@documents("pipeline.device-map-since-436")
def test_the_release_that_device_map_came_with(observe):
    without, with_it = (
        [
            version
            for version, facts in RELEASES.items()
            if facts["pipeline() takes device_map"] is has
        ]
        for has in (False, True)
    )
    observe.claim(
        "pipeline.device-map-since-436",
        {"not yet in": without[-1], "first in": with_it[0], "in 4.35.2": "4.35.2" in with_it},
        holds=with_it[0] == "4.36.0",
    )


def test_the_releases_that_changed_pipelines(observe):
    """For each fact the first release, of those recorded, from which it is so."""
    changes: dict[str, list[list[object]]] = {}
    for version, facts in RELEASES.items():
        seen = {name: value for name, value in facts.items() if name not in ("tasks", "aliases")}
        seen["task names"] = len(facts["tasks"]) + len(facts["aliases"])
        for task in ("question-answering", "summarization", "translation"):
            seen[task] = task in facts["tasks"]
        for name, value in seen.items():
            history = changes.setdefault(name, [])
            if not history or history[-1][1] != value:
                history.append([version, value])
    observe.exact("since", changes)


def test_what_was_read_of_this_release_is_what_it_does(random_gpt2):
    from transformers import pipelines

    installed = importlib.metadata.version("transformers")
    if installed not in RELEASES:
        pytest.skip(f"no facts were read of transformers {installed}")
    facts = RELEASES[installed]
    assert sorted(pipelines.PIPELINE_REGISTRY.supported_tasks) == facts["tasks"]
    assert sorted(pipelines.PIPELINE_REGISTRY.task_aliases) == facts["aliases"]
    found = pipelines.TextGenerationPipeline._default_generation_config.max_new_tokens
    assert str(found) == facts["default of new tokens"]
