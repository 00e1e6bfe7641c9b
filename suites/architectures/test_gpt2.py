"""GPT-2 as its configuration builds it, on the meta device: no weights are made."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires, tier

pytestmark = [requires("transformers", "torch"), tier("quick")]

PRINTED = """\
GPT2LMHeadModel(
  (transformer): GPT2Model(
    (wte): Embedding(50257, 768)
    (wpe): Embedding(1024, 768)
    (drop): Dropout(p=0.1, inplace=False)
    (h): ModuleList(
      (0-11): 12 x GPT2Block(
        (ln_1): LayerNorm((768,), eps=1e-05, elementwise_affine=True)
        (attn): GPT2Attention(
          (c_attn): Conv1D(nf=2304, nx=768)
          (c_proj): Conv1D(nf=768, nx=768)
          (attn_dropout): Dropout(p=0.1, inplace=False)
          (resid_dropout): Dropout(p=0.1, inplace=False)
        )
        (ln_2): LayerNorm((768,), eps=1e-05, elementwise_affine=True)
        (mlp): GPT2MLP(
          (c_fc): Conv1D(nf=3072, nx=768)
          (c_proj): Conv1D(nf=768, nx=3072)
          (act): NewGELUActivation()
          (dropout): Dropout(p=0.1, inplace=False)
        )
      )
    )
    (ln_f): LayerNorm((768,), eps=1e-05, elementwise_affine=True)
  )
  (lm_head): Linear(in_features=768, out_features=50257, bias=False)
)"""


@pytest.fixture
def gpt2(keep):
    """GPT2LMHeadModel of the default configuration, on the meta device."""

    def make():
        import torch
        import transformers

        with torch.device("meta"):
            return transformers.GPT2LMHeadModel(transformers.GPT2Config())

    return keep("gpt2 on meta", make)


@documents("config.gpt2.dims")
def test_gpt2_has_twelve_layers_twelve_heads_and_width_768(observe):
    import transformers

    config = transformers.GPT2Config()
    found = {name: getattr(config, name) for name in ("n_layer", "n_head", "n_embd")}
    observe.claim(
        "config.gpt2.dims", found, holds=found == {"n_layer": 12, "n_head": 12, "n_embd": 768}
    )


@documents("config.stores")
def test_a_configuration_answers_to_the_common_names_of_its_sizes(observe):
    import transformers

    names = ("num_hidden_layers", "hidden_size", "num_attention_heads", "vocab_size")
    found = [getattr(transformers.GPT2Config(), name, None) for name in names]
    observe.claim("config.stores", found, holds=found == [12, 768, 12, 50257])


@documents("config.gpt2.print-model")
def test_printing_gpt2_shows_the_documented_tree(gpt2, observe):
    """What differs: lines that only the document has, and lines that only the library prints."""
    printed = str(gpt2)
    documented, found = PRINTED.splitlines(), printed.splitlines()
    only_documented = sorted({line.strip() for line in documented} - {x.strip() for x in found})
    only_printed = sorted({line.strip() for line in found} - {x.strip() for x in documented})
    observe.claim(
        "config.gpt2.print-model",
        {"documented": only_documented, "printed": only_printed},
        holds=printed == PRINTED,
    )


@pytest.mark.parametrize(
    ("name", "parameter", "expected"),
    [
        pytest.param(
            "wte", "transformer.wte.weight", [50257, 768], marks=documents("config.gpt2.shape.wte")
        ),
        pytest.param(
            "wpe", "transformer.wpe.weight", [1024, 768], marks=documents("config.gpt2.shape.wpe")
        ),
        pytest.param(
            "c_attn",
            "transformer.h.0.attn.c_attn.weight",
            [768, 2304],
            marks=documents("config.gpt2.shape.c_attn"),
        ),
        pytest.param(
            "attn.c_proj",
            "transformer.h.0.attn.c_proj.weight",
            [768, 768],
            marks=documents("config.gpt2.shape.attn.c_proj"),
        ),
        pytest.param(
            "c_fc",
            "transformer.h.0.mlp.c_fc.weight",
            [768, 3072],
            marks=documents("config.gpt2.shape.c_fc"),
        ),
        pytest.param(
            "mlp.c_proj",
            "transformer.h.0.mlp.c_proj.weight",
            [3072, 768],
            marks=documents("config.gpt2.shape.mlp.c_proj"),
        ),
        pytest.param(
            "lm_head", "lm_head.weight", [50257, 768], marks=documents("config.gpt2.shape.lm_head")
        ),
    ],
)
def test_a_weight_of_gpt2_has_the_printed_size(gpt2, name, parameter, expected, observe):
    shape = list(gpt2.get_parameter(parameter).shape)
    observe.claim(f"config.gpt2.shape.{name}", shape, holds=shape == expected)


@documents("config.gpt2.blocks")
def test_gpt2_has_twelve_blocks_with_dropout_and_a_head_without_bias(gpt2, observe):
    import torch

    rates = {module.p for module in gpt2.modules() if isinstance(module, torch.nn.Dropout)}
    eps = {module.eps for module in gpt2.modules() if isinstance(module, torch.nn.LayerNorm)}
    found = {
        "blocks": len(gpt2.transformer.h),
        "dropout": sorted(rates),
        "eps": sorted(eps),
        "bias": gpt2.lm_head.bias is not None,
    }
    observe.claim(
        "config.gpt2.blocks",
        found,
        holds=found == {"blocks": 12, "dropout": [0.1], "eps": [1e-05], "bias": False},
    )


@documents("config.gpt2-small.params")
def test_gpt2_cut_to_four_layers_and_width_256_has_this_many_parameters(observe):
    import torch
    import transformers

    config = transformers.GPT2Config(n_layer=4, n_head=4, n_embd=256)
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    count = sum(parameter.numel() for parameter in model.parameters())
    observe.exact("of it the token embedding", model.get_input_embeddings().weight.numel())
    observe.claim("config.gpt2-small.params", count, holds=f"{count / 1e6:.1f}" == "11.2")


@documents("config.mutable")
def test_a_changed_configuration_is_what_the_model_is_built_from(observe):
    import torch
    import transformers

    config = transformers.GPT2Config()
    config.n_layer, config.n_head, config.n_embd = 4, 4, 256
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    found = {
        "blocks": len(model.transformer.h),
        "heads": model.transformer.h[0].attn.num_heads,
        "wte": list(model.transformer.wte.weight.shape),
        "hidden_size": config.hidden_size,
    }
    documented = {"blocks": 4, "heads": 4, "wte": [50257, 256], "hidden_size": 256}
    observe.claim("config.mutable", found, holds=found == documented)


@documents("config.from-config-random")
def test_two_builds_from_one_configuration_have_different_weights():
    import transformers

    config = transformers.GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=32)
    first, second = (transformers.AutoModelForCausalLM.from_config(config) for _ in range(2))
    assert not first.transformer.wte.weight.equal(second.transformer.wte.weight)
    assert not first.transformer.h[0].mlp.c_fc.weight.equal(second.transformer.h[0].mlp.c_fc.weight)
