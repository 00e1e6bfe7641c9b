"""TransformerBridge on a model called gpt2, as the document boots it."""

from __future__ import annotations

import pytest

from harness.plugin import documents, tier

pytestmark = [pytest.mark.requires("transformer-lens", "transformers"), tier("quick")]


@documents("bridge.boot", "bridge.run-with-cache", "bridge.methods")
def test_the_bridge_boots_gpt2_and_runs_a_string(gpt2_bridge, observe):
    import torch

    with torch.no_grad():
        logits, cache = gpt2_bridge.run_with_cache("Hello world")
    kinds = [type(gpt2_bridge).__name__, type(cache).__name__]
    observe.claim("bridge.boot", kinds[0], holds=kinds[0] == "TransformerBridge")
    shape = list(logits.shape)
    observe.claim(
        "bridge.run-with-cache",
        [shape, kinds[1]],
        holds=shape == [1, 3, 50257] and kinds[1] == "ActivationCache",
    )
    methods = ("to_tokens", "to_string", "generate", "run_with_hooks", "run_with_cache")
    missing = [name for name in methods if not callable(getattr(gpt2_bridge, name, None))]
    observe.claim("bridge.methods", missing or "all there", holds=not missing)


@documents("bridge.legacy-names")
def test_the_bridge_answers_to_the_older_name(gpt2_bridge, observe):
    import torch

    with torch.no_grad():
        _, cache = gpt2_bridge.run_with_cache("Hello world")
    same = torch.equal(cache["blocks.3.hook_resid_pre"], cache["blocks.3.hook_in"])
    observe.claim("bridge.legacy-names", "hook_resid_pre is hook_in", holds=same)


@documents("bridge.preserves-hf")
def test_the_bridge_wraps_the_model_of_transformers(gpt2_bridge, observe):
    kind = type(gpt2_bridge.original_model)
    own = kind.__module__.startswith("transformers.")
    observe.claim("bridge.preserves-hf", f"{kind.__module__}.{kind.__name__}", holds=own)
