"""The documents' workflows on a model called gpt2: patching, indirect objects, induction."""

from __future__ import annotations

import pytest

from harness.measure.patching import patch_each_position
from harness.plugin import documents

pytestmark = pytest.mark.requires("transformer-lens", "transformers")

PARIS, ROME = 6342, 10598


def _metric(logits):
    """As the document has it, for every prompt of a batch."""
    return logits[:, -1, PARIS] - logits[:, -1, ROME]


@pytest.fixture
def patching_runs(gpt2_bridge, keep):
    """(corrupted tokens, clean cache, clean metric, [layer, position] patched)."""

    def make():
        import torch

        clean = gpt2_bridge.to_tokens("The Eiffel Tower is in the city of")
        corrupted = gpt2_bridge.to_tokens("The Colosseum is in the city of")
        copies = corrupted.expand(clean.shape[1], -1)
        with torch.no_grad():
            logits, cache = gpt2_bridge.run_with_cache(clean)
            rows = [
                _metric(gpt2_bridge.run_with_hooks(copies, fwd_hooks=[hook]))
                for hook in (
                    patch_each_position(layer, cache["resid_post", layer])
                    for layer in range(gpt2_bridge.cfg.n_layers)
                )
            ]
        return corrupted, cache, float(_metric(logits)[0]), torch.stack(rows)

    return keep("patching-runs", make)


@documents("tl.patching.result-shape", "tl.patching.last-layer-identity")
def test_patching_gives_layers_by_positions(patching_runs, observe):
    _, _, clean, table = patching_runs
    shape = list(table.shape)
    observe.claim("tl.patching.result-shape", shape, holds=shape == [12, 11])
    observe.claim(
        "tl.patching.last-layer-identity",
        "the last layer at the last position gives the clean value",
        holds=abs(float(table[-1, -1]) - clean) < 1e-3,
    )


@documents("tl.patching.loop-runs")
def test_the_documents_hook_patches_one_position(gpt2_bridge, patching_runs):
    """The body of the document's loop, at the places where something is to be seen.

    The bridge's hook says blocks.0.hook_out where it was set by the older name: the cache must
    have both, as an unfiltered one does.
    """
    import torch

    corrupted, clean_cache, _, table = patching_runs
    for layer, pos in ((0, 2), (5, 4), (11, 10)):

        def patch_hook(activation, hook, pos=pos):
            activation[0, pos] = clean_cache[hook.name][0, pos]
            return activation

        with torch.no_grad():
            patched = gpt2_bridge.run_with_hooks(
                corrupted, fwd_hooks=[(f"blocks.{layer}.hook_resid_post", patch_hook)]
            )
        torch.testing.assert_close(_metric(patched)[0], table[layer, pos], rtol=0, atol=1e-4)


@documents("tl.patching.import")
def test_patching_imports_and_patches(gpt2_bridge, patching_runs, observe):
    import pandas
    import torch
    from transformer_lens import patching

    corrupted, cache, clean, _ = patching_runs
    with torch.no_grad():
        found = patching.generic_activation_patch(
            gpt2_bridge,
            corrupted,
            cache,
            lambda logits: _metric(logits)[0],
            patching.layer_pos_patch_setter,
            "resid_post",
            index_df=pandas.DataFrame({"layer": [11], "pos": [10]}),
        )
    assert abs(float(found[0]) - clean) < 1e-3
    ready = [name for name in dir(patching) if name.startswith("get_act_patch_")]
    observe.claim("tl.patching.import", f"{len(ready)} ready-made patches", holds=bool(ready))


@documents("tl.ioi.weights-shapes")
def test_gpt2s_output_weights_have_the_documented_shapes(hub, observe):
    """GPT-2 small's own size, its memory reserved and never written."""
    import torch
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import AutoModelForCausalLM, GPT2Config

    with torch.device("meta"):
        weightless = AutoModelForCausalLM.from_config(GPT2Config())
    model = TransformerBridge.boot_transformers(
        "gpt2", hf_model=weightless.to_empty(device="cpu"), device="cpu"
    )
    shapes = {"W_O": list(model.W_O.shape), "W_U": list(model.W_U.shape)}
    observe.claim(
        "tl.ioi.weights-shapes",
        shapes,
        holds=shapes == {"W_O": [12, 12, 64, 768], "W_U": [768, 50257]},
    )


@documents("tl.ioi.z-shape", "tl.ioi.dla-shape")
def test_the_documents_ioi_prompt_in_the_cache(gpt2_bridge, observe):
    """With the document's own lines for the contribution of each head."""
    import torch

    prompt = "When John and Mary went to the store, Mary gave a bottle to"
    with torch.no_grad():
        _, cache = gpt2_bridge.run_with_cache(
            gpt2_bridge.to_tokens(prompt), names_filter=lambda name: name.endswith("hook_z")
        )
        john, mary = (gpt2_bridge.to_single_token(name) for name in (" John", " Mary"))
        heads = torch.stack([cache["z", layer][0, -1] for layer in range(12)])
        towards = gpt2_bridge.W_U[:, john] - gpt2_bridge.W_U[:, mary]
        table = torch.einsum("lhd,lhdm,m->lh", heads, gpt2_bridge.W_O, towards)
    shape = list(cache["z", 0].shape)
    observe.claim("tl.ioi.z-shape", shape, holds=shape[:3] == [1, 15, 12])
    observe.claim("tl.ioi.dla-shape", list(table.shape), holds=list(table.shape) == [12, 12])


@documents("tl.induction.no-bos", "tl.induction.shape", "tl.induction.range")
def test_ids_are_run_without_a_token_in_front(gpt2_bridge, observe):
    import torch

    with torch.no_grad():
        _, cache = gpt2_bridge.run_with_cache(torch.tensor([[1000, 2000, 1000]]))
    shape = list(cache["pattern", 0].shape)
    observe.claim("tl.induction.no-bos", shape, holds=shape == [1, 12, 3, 3])
    scores = torch.stack([cache["pattern", layer][0][:, 2, 1] for layer in range(12)])
    observe.claim("tl.induction.shape", list(scores.shape), holds=list(scores.shape) == [12, 12])
    inside = bool((scores >= 0).all() and (scores <= 1).all())
    observe.claim("tl.induction.range", "within 0 and 1", holds=inside)
