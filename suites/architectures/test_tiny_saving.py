"""Saved equals loaded; and what a file holds, and a larger vocabulary leaves alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from harness.plugin import requires
from suites.architectures.tiny import apart, folder, kinds, logits, names, prompt

pytestmark = requires("transformers", "torch")

LARGER = 72
"""Rows of an embedding that had 64."""


def keys(path: Any) -> set[str]:
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        return set(file.keys())


@pytest.mark.parametrize("name", names())
def test_a_saved_model_computes_what_the_loaded_one_did(name, tiny, work_dir, observe, invariant):
    """Its files, and the keys in which its weights are others than those it was loaded from."""
    import transformers

    model = tiny(name)
    model.save_pretrained(work_dir)
    observe.exact("files", sorted(path.name for path in work_dir.iterdir()))
    given = folder(kinds()[name])
    saved, loaded = keys(work_dir / "model.safetensors"), keys(given / "model.safetensors")
    observe.exact("keys only in the saved file", sorted(saved - loaded))
    observe.exact("keys only in the loaded file", sorted(loaded - saved))
    again = type(model).from_pretrained(work_dir).eval()
    assert isinstance(again, transformers.PreTrainedModel)
    invariant("saved equals loaded", name, apart(logits(again, prompt()), logits(model, prompt())))


@pytest.mark.parametrize("name", names())
def test_a_larger_vocabulary_leaves_the_other_logits_alone(name, tiny, observe, invariant):
    model = tiny(name)
    larger = copy.deepcopy(model)
    larger.resize_token_embeddings(LARGER)
    found = logits(larger, prompt())
    head = larger.get_output_embeddings()
    observe.exact("logits", list(found.shape))
    observe.exact("tied", head is not None and head.weight is larger.get_input_embeddings().weight)
    before = logits(model, prompt())
    invariant("resized keeps logits", name, apart(found[..., : before.shape[-1]], before))


@pytest.mark.parametrize("name", names())
def test_weights_that_are_tied_are_one(name, plain, observe):
    """Names in the state dict that share their memory."""
    model, _ = plain(name)
    places: dict[int, list[str]] = {}
    for key, value in model.state_dict(keep_vars=True).items():
        places.setdefault(value.data_ptr(), []).append(key)
    observe.exact("shared", sorted(sorted(group) for group in places.values() if len(group) > 1))
