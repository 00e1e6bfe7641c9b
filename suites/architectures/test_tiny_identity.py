"""What each tiny model is once loaded: class, size, names of its weights, filled-in defaults."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from harness.plugin import requires
from suites.architectures.tiny import folder, kinds, names

pytestmark = requires("transformers", "torch")


@pytest.mark.parametrize("name", names())
def test_a_type_loads_as_this_model(name, plain, observe):
    """Loaded with no argument but the folder."""
    model, _ = plain(name)
    entries, head = model.get_input_embeddings(), model.get_output_embeddings()
    observe.exact("class", type(model).__name__)
    observe.exact("parameters", sum(parameter.numel() for parameter in model.parameters()))
    observe.exact("dtypes", sorted({str(each.dtype) for each in model.state_dict().values()}))
    observe.exact("attention", getattr(model.config, "_attn_implementation", None))
    observe.exact("tied", head is not None and head.weight is entries.weight)
    observe.exact("generates", model.can_generate())


@pytest.mark.parametrize("name", names())
def test_the_weights_of_a_type_have_these_names(name, tiny, observe):
    """How many, the first and last few, and a digest of all names and shapes."""
    state = tiny(name).state_dict()
    observe.exact(
        "state-dict keys", digest({key: list(value.shape) for key, value in state.items()})
    )


def digest(shapes: dict[str, list[int]]) -> dict[str, Any]:
    keys = sorted(shapes)
    text = json.dumps(shapes, sort_keys=True)
    return {
        "number": len(keys),
        "first": keys[:3],
        "last": keys[-3:],
        "names and shapes": hashlib.sha256(text.encode()).hexdigest()[:16],
    }


@pytest.mark.parametrize("name", names())
def test_a_type_finds_all_weights_in_the_file_and_no_others(name, plain, observe):
    _, info = plain(name)
    found = {key: sorted(map(str, value)) for key, value in info.items() if value}
    observe.exact("loading", found)
    assert not found


@pytest.mark.parametrize("name", names())
def test_the_configuration_of_a_type_fills_in_these_defaults(name, plain, observe):
    """What the type's configuration holds beside what all do and what the file says."""
    import transformers

    config = plain(name)[0].config
    given = json.loads((folder(kinds()[name]) / "config.json").read_text(encoding="utf-8"))
    common = transformers.PretrainedConfig().to_dict()
    filled = {
        key: value
        for key, value in config.to_dict().items()
        if key not in common and given.get(key, ...) != value and not key.startswith("_")
    }
    observe.exact("defaults", sorted(f"{key}={said(value)}" for key, value in filled.items()))


def said(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
