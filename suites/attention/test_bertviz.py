"""bertviz draws the patterns of every layer and head."""

from __future__ import annotations

import pytest

from harness.plugin import documents, needs, precisions, requires


@requires("bertviz")
@documents("bertviz.import")
def test_model_view_is_imported_as_documented(observe):
    from bertviz import model_view

    observe.claim("bertviz.import", model_view.__name__, holds=callable(model_view))


@requires("bertviz", "torch")
@documents("bertviz.model-view")
def test_a_model_view_holds_every_layer_and_head(observe):
    """Hand-made patterns of 3 layers and 2 heads over 4 tokens: [1, head, query, key] a layer."""
    import json
    import re

    import torch
    from bertviz import model_view

    rows = torch.tril(torch.ones(4, 4))
    pattern = (rows / rows.sum(-1, keepdim=True)).expand(1, 2, 4, 4)
    page = model_view([pattern] * 3, ["a", "b", "c", "d"], html_action="return").data
    drawn = json.loads(re.search(r'"attention": (\[.*?\]), "default_filter"', page, re.S)[1])
    layers = drawn[0]["attn"]
    found = {"layers": len(layers), "heads": len(layers[0]), "tokens": drawn[0]["left_text"]}
    observe.claim(
        "bertviz.model-view",
        found,
        holds=found == {"layers": 3, "heads": 2, "tokens": ["a", "b", "c", "d"]},
    )
    assert layers[0][0][1] == pytest.approx([0.5, 0.5, 0, 0], abs=1e-3)


@needs("causal-lm", "tokenizer")
@precisions("float32")
@requires("bertviz")
def test_the_subjects_patterns_draw_with_eager_attention(load, hf_tokenizer, observe):
    import torch
    from bertviz import model_view

    model = load(attn_implementation="eager").eval()
    ids = hf_tokenizer.encode("No, I am your father", return_tensors="pt")
    with torch.no_grad():
        outputs = model(ids, output_attentions=True)
    tokens = hf_tokenizer.convert_ids_to_tokens(ids[0])
    page = model_view(outputs.attentions, tokens, include_layers=[0], html_action="return").data
    assert "<script" in page
    observe.exact("layers", len(outputs.attentions))
    observe.exact("heads", outputs.attentions[0].shape[1])
