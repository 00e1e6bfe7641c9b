"""What the circuit behaviours share: the IOI prompts as ids, and runs kept once a cell."""

from __future__ import annotations

import pytest

from harness.measure import ioi
from harness.vocabulary.places import home


@pytest.fixture
def ioi_batches(tokenizer):
    """The IOI prompts of fixtures/prompts/ioi.toml as ids without special tokens."""
    prompts = ioi.read_prompts(home() / "fixtures" / "prompts" / "ioi.toml")
    try:
        return ioi.batches(prompts, tokenizer.encode)
    except ioi.NotOneToken as error:
        pytest.skip(f"IOI needs names of one token: {error.what}")


@pytest.fixture
def ioi_bridge(bridge, ioi_batches, keep):
    """The IOI outcome under the bridge, and what its cache says of the direct path."""
    from harness.measure.attribution import Stream, attribute, head_outputs, read_out

    def parts(batch):
        import torch

        layers = range(bridge.cfg.n_layers)

        def last(name):
            return torch.stack([cache[name, layer][:, -1] for layer in layers])

        endings = ("attn.hook_z", "hook_attn_out", "hook_mlp_out", "blocks.0.hook_resid_pre")
        logits, cache = bridge.run_with_cache(
            batch.ids,
            names_filter=lambda name: name.endswith(endings) or name == "ln_final.hook_scale",
        )
        differences = ioi.logit_differences(logits, batch.indirect_objects, batch.subjects)
        stream = Stream(
            embedding=cache["resid_pre", 0][:, -1],
            heads=head_outputs(last("z"), bridge.W_O),
            attention=last("attn_out"),
            mlps=last("mlp_out"),
        )
        norm = bridge.ln_final.original_component
        read = read_out(
            bridge.W_U,
            bridge.b_U,
            norm.weight,
            getattr(norm, "bias", None),
            cache["ln_final.hook_scale"][:, -1],
            batch.indirect_objects,
            batch.subjects,
        )
        return batch.prompts, differences, attribute(stream, read)

    def make():
        import torch

        with torch.no_grad():
            return [parts(batch) for batch in ioi_batches]

    return keep("ioi-bridge", make)


@pytest.fixture
def head_table(ioi_bridge):
    """Direct logit attribution by head, [layer, head], averaged over all prompts."""
    import torch

    sizes = torch.tensor([len(prompts) for prompts, _, _ in ioi_bridge], dtype=torch.float32)
    tables = torch.stack([attribution.heads for _, _, attribution in ioi_bridge])
    return (tables * (sizes / sizes.sum())[:, None, None]).sum(0)
