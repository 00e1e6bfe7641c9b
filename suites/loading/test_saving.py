"""Saving and loading again: the files, the bits, and how damage is answered."""

from __future__ import annotations

import json

import pytest

from harness.plugin import documents, precisions, requires, tier


@tier("quick")
@precisions("float32", "bfloat16")
@documents("save.roundtrip")
def test_a_saved_model_loads_with_the_same_bits(model, work_dir):
    import torch

    model.save_pretrained(work_dir)
    again = type(model).from_pretrained(work_dir, dtype=model.dtype)
    before, after = model.state_dict(), again.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)


@precisions("float32", "int8")
def test_a_state_dict_taken_between_two_passes_leaves_the_second_as_the_first(cell, fresh_model):
    import torch

    ids = torch.arange(5, 37)[None]
    with torch.no_grad():
        before = fresh_model(ids)[0]
        fresh_model.state_dict()
        assert torch.equal(before, fresh_model(ids)[0])


@requires("transformers", "torch")
@documents("save.cache-files")
def test_saving_writes_these_files(tiny_llama, work_dir, observe):
    tiny_llama.save_pretrained(work_dir)
    observe.exact("files", sorted(path.name for path in work_dir.iterdir()))


@requires("transformers", "torch")
def test_asking_for_no_safetensors_writes_these_files(tiny_llama, work_dir, observe):
    try:
        tiny_llama.save_pretrained(work_dir, safe_serialization=False)
        outcome = sorted(path.name for path in work_dir.iterdir())
    except Exception as error:
        outcome = type(error).__name__
    observe.exact("outcome", outcome)


@requires("transformers", "torch")
def test_a_small_shard_size_splits_the_weights_without_loss(tiny_llama, work_dir, observe):
    import torch

    tiny_llama.save_pretrained(work_dir, max_shard_size="10KB")
    shards = list(work_dir.glob("model-*.safetensors"))
    assert len(shards) > 1
    assert (work_dir / "model.safetensors.index.json").exists()
    again = type(tiny_llama).from_pretrained(work_dir)
    before, after = tiny_llama.state_dict(), again.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@requires("transformers", "torch")
@documents("save.load-as-automodel")
def test_a_causal_model_loads_headless_through_automodel(tiny_llama, work_dir):
    import torch
    import transformers

    tiny_llama.save_pretrained(work_dir)
    headless = transformers.AutoModel.from_pretrained(work_dir)
    assert type(headless).__name__ == "LlamaModel"
    before = tiny_llama.model.state_dict()
    after = headless.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)


@requires("transformers", "torch")
@documents("save.missing-error")
def test_an_uncached_name_offline_is_an_os_error():
    import transformers

    with pytest.raises(OSError, match=r"(?i)offline|connect|cached|identifier"):
        transformers.AutoModelForCausalLM.from_pretrained("no-such-owner/no-such-model")


@requires("transformers", "torch")
def test_an_empty_folder_is_answered_with_this_error(work_dir, observe):
    observe.exact("error", error_of_loading(work_dir))


@requires("transformers", "torch")
def test_an_unknown_architecture_is_answered_with_this_error(work_dir, observe):
    (work_dir / "config.json").write_text(json.dumps({"model_type": "no-such-architecture"}))
    observe.exact("error", error_of_loading(work_dir))


@requires("transformers", "torch")
def test_a_configuration_without_weights_is_answered_with_this_error(tiny_llama, work_dir, observe):
    tiny_llama.config.save_pretrained(work_dir)
    observe.exact("error", error_of_loading(work_dir))


@requires("transformers", "torch")
def test_truncated_weights_are_answered_with_this_error(tiny_llama, work_dir, observe):
    tiny_llama.save_pretrained(work_dir)
    weights = work_dir / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    observe.exact("error", error_of_loading(work_dir))


@requires("transformers", "torch")
def test_a_shape_that_does_not_fit_is_answered_with_this_error(tiny_llama, work_dir, observe):
    tiny_llama.save_pretrained(work_dir)
    config = json.loads((work_dir / "config.json").read_text())
    (work_dir / "config.json").write_text(json.dumps(config | {"intermediate_size": 40}))
    observe.exact("error", error_of_loading(work_dir))


def error_of_loading(folder):
    """The type of what from_pretrained raises, or that it raised nothing."""
    import transformers

    try:
        transformers.AutoModelForCausalLM.from_pretrained(folder)
    except Exception as error:
        return type(error).__name__
    return "none"
