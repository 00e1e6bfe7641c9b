"""The bridge over one tiny model of each family that its document names."""

from __future__ import annotations

import subprocess
from unittest import mock

import pytest

from harness.measure.hooks import block_names
from harness.plugin import documents, tier

pytestmark = [pytest.mark.requires("transformer-lens", "transformers"), tier("quick")]

SHAPE = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
FAMILIES = {
    "Llama": ("LlamaForCausalLM", SHAPE),
    "Mistral": ("MistralForCausalLM", SHAPE),
    "Qwen": ("Qwen3ForCausalLM", {**SHAPE, "head_dim": 8}),
    "Gemma": ("Gemma3ForCausalLM", {**SHAPE, "head_dim": 8}),
    "OLMo": ("Olmo2ForCausalLM", SHAPE),
    "Phi": ("Phi3ForCausalLM", SHAPE),
    "Mamba": (
        "MambaForCausalLM",
        {
            "vocab_size": 64,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "state_size": 8,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "pad_token_id": 0,
        },
    ),
    "LLaVA": ("LlavaForConditionalGeneration", {}),
}
ATTENTION = {"attn.hook_in", "attn.hook_out", "attn.hook_pattern", "mlp.hook_in", "mlp.hook_out"}


def _ids():
    import torch

    return torch.arange(9, 19)[None]


def _model(family):
    """A tiny model of the family, every parameter from a seeded generator."""
    import torch
    import transformers

    name, shape = FAMILIES[family]
    cls = getattr(transformers, name)
    config = _llava_config() if family == "LLaVA" else cls.config_class(**shape)
    model = cls(config).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.copy_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model


def _llava_config():
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig

    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=16,
        patch_size=8,
        projection_dim=32,
    )
    return LlavaConfig(
        vision_config=vision,
        text_config=LlamaConfig(**SHAPE),
        image_token_index=5,
        vision_feature_layer=-1,
    )


def _write_tokenizer(folder):
    """A word a token: the bridge wants a tokenizer beside every model."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = {"<pad>": 0, "<s>": 1, "</s>": 2, **{f"w{index}": index for index in range(3, 64)}}
    PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<pad>")),
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
    ).save_pretrained(folder)


def _boot(family, folder):
    """(logits of transformers, logits of the bridge, its cache) over the same ids."""
    import torch
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import AutoTokenizer

    model = _model(family)
    model.save_pretrained(folder)
    _write_tokenizer(folder)
    # Where a processor does not load, transformer-lens installs torchvision, and a torch with it:
    # the plugin refuses that with a warning, a script of this behaviour has no plugin.
    refuse = OSError("a test run installs nothing")
    with torch.no_grad(), mock.patch.object(subprocess, "check_call", side_effect=refuse):
        expected = model(input_ids=_ids()).logits
        bridge = TransformerBridge.boot_transformers(
            str(folder),
            hf_model=model,
            tokenizer=AutoTokenizer.from_pretrained(folder),
            device="cpu",
        )
        return expected, *bridge.run_with_cache(_ids())


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param("bridge.family.Llama", marks=documents("bridge.family.Llama")),
        pytest.param("bridge.family.Mistral", marks=documents("bridge.family.Mistral")),
        pytest.param("bridge.family.Qwen", marks=documents("bridge.family.Qwen")),
        pytest.param("bridge.family.Gemma", marks=documents("bridge.family.Gemma")),
        pytest.param("bridge.family.OLMo", marks=documents("bridge.family.OLMo")),
        pytest.param("bridge.family.Phi", marks=documents("bridge.family.Phi")),
        pytest.param("bridge.family.Mamba", marks=documents("bridge.family.Mamba")),
        pytest.param("bridge.family.LLaVA", marks=documents("bridge.family.LLaVA")),
    ],
)
def test_a_family_boots_and_computes_as_transformers_does(claim, tmp_path_factory, keep, observe):
    import torch

    family = claim.removeprefix("bridge.family.")
    expected, found, cache = keep(
        ("family", family), lambda: _boot(family, tmp_path_factory.mktemp(family))
    )
    same = torch.allclose(found, expected, rtol=1e-4, atol=1e-5)
    observe.exact("cached", len(cache))
    observe.claim(claim, f"{FAMILIES[family][0]}: boots, logits agree: {same}", holds=same)


@documents("bridge.uniform-hooks", "tl.non-transformers-advice")
def test_which_hook_points_all_families_share(tmp_path_factory, keep, observe):
    names = {}
    for family in FAMILIES:
        _, _, cache = keep(
            ("family", family),
            lambda family=family: _boot(family, tmp_path_factory.mktemp(family)),
        )
        names[family] = block_names(cache.keys(), 0)
    everywhere = set.intersection(*names.values())
    lacking = sorted(family for family in names if not names[family] >= ATTENTION)
    observe.exact("in every family", sorted(everywhere))
    assert {"hook_in", "hook_out"} <= everywhere
    observe.claim(
        "bridge.uniform-hooks",
        f"attention and MLP hooks missing in {', '.join(lacking) or 'none'}; "
        f"in every family: {', '.join(sorted(everywhere))}",
        holds=not lacking,
    )
    scanned = sorted(name for name in names["Mamba"] if "ssm" in name or "mixer" in name)
    observe.claim(
        "tl.non-transformers-advice",
        f"the bridge boots a Mamba and caches {len(scanned)} activations of its mixer",
        holds=not scanned,
    )
