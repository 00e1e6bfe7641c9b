"""transformer-lens, sae-lens and nnsight, called with nothing that may be left out."""

from __future__ import annotations

import pytest

from harness.measure.surface import brief, fields_of
from harness.measure.wording import answer, returned
from harness.plugin import requires, tier, until

REMOVED = "HookedTransformer is gone: use TransformerBridge"


def _ids(*ids):
    import torch

    return torch.tensor([ids])


def read(made, names):
    return {name: answer(lambda n=name: getattr(made, n)).kind for name in names}


SIZES = (
    "n_layers",
    "d_model",
    "n_heads",
    "d_head",
    "d_mlp",
    "d_vocab",
    "n_ctx",
    "n_key_value_heads",
    "act_fn",
    "normalization_type",
    "positional_embedding_type",
    "default_prepend_bos",
    "tokenizer_prepends_bos",
    "use_attn_result",
    "use_split_qkv_input",
    "use_hook_mlp_in",
    "device",
    "dtype",
    "original_architecture",
    "final_rms",
    "gated_mlp",
    "parallel_attn_mlp",
    "attn_implementation",
)


@requires("transformer-lens", "transformers", "accelerate")
def test_a_bridge_is_this(tiny, observe):
    import torch

    bridge = tiny.bridge
    observe.exact("class", type(bridge).__name__)
    observe.exact("configuration", read(bridge.cfg, SIZES))
    observe.exact("training", bridge.training)
    observe.exact("dtype", sorted({str(p.dtype) for p in bridge.parameters()}))
    observe.exact("wrapped", type(bridge.original_model).__name__)
    observe.exact("hooks", len(bridge.hook_dict))
    blocks = sorted(name for name in bridge.hook_dict if "blocks.1." not in name)
    observe.exact("hooks but those of block 1", blocks)
    with torch.no_grad():
        observe.exact("loss", returned(bridge(_ids(5, 6), return_type="loss")))


@requires("transformer-lens", "transformers", "accelerate")
def test_a_bridge_booted_from_a_folder_is_this(tiny, observe):
    """Nothing but the folder is given: dtype and device are the library's to choose."""
    from transformer_lens.model_bridge import TransformerBridge

    made = []
    told = answer(
        lambda: made.append(TransformerBridge.boot_transformers(str(tiny.checkpoint))) or "a bridge"
    )
    observe.exact("answer", told.kind)
    for bridge in made:
        observe.exact("dtypes", sorted({str(p.dtype) for p in bridge.parameters()}))
        observe.exact("training", bridge.training)
        observe.exact("attention", bridge.original_model.config._attn_implementation)
        observe.exact("tokenizer", type(bridge.tokenizer).__name__)
        observe.exact("padding side", bridge.tokenizer.padding_side)
        observe.exact("pad token", brief(bridge.tokenizer.pad_token))


@tier("quick")
@requires("transformer-lens", "transformers", "accelerate")
def test_calls_of_a_bridge_return_this(tiny, observe):
    import torch

    bridge = tiny.bridge
    calls = {
        "to_tokens": lambda: bridge.to_tokens("ab").tolist(),
        "to_tokens of a batch": lambda: bridge.to_tokens(["ab", "c"]).tolist(),
        "to_str_tokens": lambda: bridge.to_str_tokens("ab"),
        "to_string": lambda: bridge.to_string(_ids(66, 67)[0]),
        "to_single_token": lambda: bridge.to_single_token("a"),
        "get_token_position": lambda: bridge.get_token_position("b", "ab"),
        "forward on a text": lambda: bridge("ab"),
        "forward on ids": lambda: bridge(_ids(5, 6)),
        "forward on a batch": lambda: bridge(["ab", "c"]),
        "run_with_cache": lambda: [type(item).__name__ for item in bridge.run_with_cache("ab")],
        "cache on its device": lambda: str(
            next(iter(bridge.run_with_cache("ab")[1].cache_dict.values())).device
        ),
        "cache as a dictionary": lambda: (
            type(bridge.run_with_cache("ab", return_cache_object=False)[1]).__name__
        ),
        "cache of a text": lambda: returned(bridge.run_with_cache("ab")[1]["resid_post", 0]),
        "cache without the batch": lambda: returned(
            bridge.run_with_cache("ab", remove_batch_dim=True)[1]["resid_post", 0]
        ),
        "run_with_hooks": lambda: bridge.run_with_hooks("ab"),
        "generate": lambda: (
            type(bridge.generate("ab", max_new_tokens=2, stop_at_eos=False, verbose=False)).__name__
        ),
        "generate from ids": lambda: bridge.generate(
            _ids(5, 6), max_new_tokens=2, stop_at_eos=False, verbose=False
        ),
        "generate greedily": lambda: returned(
            bridge.generate(
                _ids(5, 6), max_new_tokens=2, do_sample=False, stop_at_eos=False, verbose=False
            )
        ),
        "W_E": lambda: bridge.W_E,
        "W_Q": lambda: bridge.W_Q,
        "W_O": lambda: bridge.W_O,
        "W_U": lambda: bridge.W_U,
        "tokenizer": lambda: type(bridge.tokenizer).__name__,
        "state_dict": lambda: len(bridge.state_dict()),
    }
    torch.manual_seed(0)
    for name, call in calls.items():
        observe.exact(name, answer(call).kind)


@until("transformer-lens", "4.0.0", REMOVED)
@requires("transformer-lens", "torch")
def test_a_hooked_transformer_of_a_configuration_is_this(observe):
    import torch
    from transformer_lens import HookedTransformer, HookedTransformerConfig

    config = HookedTransformerConfig(
        n_layers=1, d_model=8, n_ctx=6, d_head=4, act_fn="relu", d_vocab=10
    )
    told = {name: row for name, row in fields_of(config).items() if name not in ("device", "seed")}
    observe.surface("configuration", told)
    model = HookedTransformer(config)
    observe.exact("hooks", sorted(model.hook_dict))
    observe.exact("weights", {name: list(p.shape) for name, p in model.named_parameters()})
    observe.exact("training", model.training)
    observe.exact("dtype", str(model.W_E.dtype))
    with torch.no_grad():
        output, cache = model.run_with_cache(_ids(1, 2, 3))
    observe.exact("forward", returned(output))
    observe.exact("cache", [type(cache).__name__, len(cache), cache.has_batch_dim])
    observe.exact("loss", answer(lambda: model(_ids(1, 2, 3), return_type="loss")).kind)
    observe.exact("to_tokens", answer(lambda: model.to_tokens("a")).kind)


@requires("transformer-lens", "torch")
def test_a_hook_point_is_this(observe):
    import torch
    from transformer_lens import hook_points

    point = hook_points.HookPoint()
    point.name = "here"
    observe.exact("passes on", torch.equal(point(torch.ones(2)), torch.ones(2)))
    seen = []
    point.add_hook(lambda value, hook: seen.append(hook.name))
    point(torch.ones(2))
    observe.exact("tells the hook its name", seen)
    observe.exact("hooks", [len(point.fwd_hooks), len(point.bwd_hooks)])
    point.remove_hooks()
    observe.exact("hooks when removed", [len(point.fwd_hooks), len(point.bwd_hooks)])
    observe.exact("context", brief(point.ctx))


AUTOENCODERS = (
    "StandardSAE",
    "TopKSAE",
    "JumpReLUSAE",
    "GatedSAE",
    "StandardTrainingSAE",
    "TopKTrainingSAE",
    "JumpReLUTrainingSAE",
    "GatedTrainingSAE",
    "BatchTopKTrainingSAE",
)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[tier("quick")] if n == "StandardSAE" else []) for n in AUTOENCODERS],
)
@requires("sae-lens", "torch")
def test_an_autoencoder_of_a_configuration_is_this(name, observe):
    import sae_lens
    import torch

    config = getattr(sae_lens, f"{name}Config")(d_in=4, d_sae=128)
    fields = {key: row for key, row in fields_of(config).items() if key != "metadata"}
    observe.surface("configuration", fields)
    metadata = {key for key in vars(config.metadata) if not key.startswith("_")}
    observe.exact("metadata", sorted(metadata))
    made = getattr(sae_lens, name)(config)
    observe.exact("weights", {key: list(p.shape) for key, p in made.named_parameters()})
    observe.exact("dtypes", sorted({str(p.dtype) for p in made.parameters()}))
    observe.exact("training", made.training)
    given = torch.ones(2, 3, 4)
    observe.exact("encoded", answer(lambda: made.encode(given)).kind)
    observe.exact("decoded", answer(lambda: made.decode(made.encode(given))).kind)
    observe.exact("forward", answer(lambda: made(given)).kind)
    observe.exact("half", answer(lambda: made.encode(given.half())).kind)
    observe.exact("error term", answer(lambda: made.use_error_term).kind)
    observe.exact("hooks", sorted(getattr(made, "hook_dict", {})))


@tier("quick")
@requires("sae-lens", "torch")
def test_these_fields_are_in_the_configuration_and_these_in_its_metadata(observe):
    """Where a field lies has moved: `cfg.hook_name` before sae-lens 6, `cfg.metadata` since."""
    import sae_lens

    names = (
        "d_in d_sae dtype device architecture hook_name hook_layer hook_head_index model_name "
        "context_size prepend_bos dataset_path activation_fn activation_fn_str metadata "
        "apply_b_dec_to_input normalize_activations finetuning_scaling_factor"
    )
    made = sae_lens.StandardSAE(sae_lens.StandardSAEConfig(d_in=4, d_sae=8))
    found = {}
    for name in names.split():
        places = [
            place
            for place, holder in (("cfg", made.cfg), ("metadata", made.cfg.metadata))
            if name in (vars(holder) or {}) or name in dir(holder)
        ]
        found[name] = " and ".join(places) or "nowhere"
    observe.exact("places", found)


@requires("sae-lens", "transformer-lens", "torch")
def test_a_runner_configuration_defaults_to_these_fields(observe):
    from dataclasses import fields

    import sae_lens

    machine = ("checkpoint_path", "output_path", "device", "logger", "sae", "seed")
    runner = sae_lens.LanguageModelSAERunnerConfig
    observe.surface(
        "fields",
        {item.name: brief(item.default) for item in fields(runner) if item.name not in machine},
    )


@requires("nnsight", "torch")
def test_a_wrapped_model_traces_like_this(observe):
    import torch
    from nnsight import NNsight

    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, -1.0], [2.0, 0.5]]))
        net[0].bias.zero_()
    traced = NNsight(net)
    with traced.trace(torch.ones(1, 2)):
        first = traced[0].output.save()
        given = traced[1].input.save()
        last = traced.output.save()
    observe.exact("types", [type(value).__name__ for value in (first, given, last)])
    observe.exact("gradient", first.requires_grad)
    observe.exact("values", [first.tolist(), last.tolist()])
    observe.exact("wrapped", type(traced._module).__name__)
    observe.exact("children", [type(child).__name__ for child in traced.children()])


@requires("nnsight", "transformers", "torch", "accelerate", "tokenizers")
def test_a_language_model_is_this(tiny, observe):
    from nnsight import LanguageModel

    model = LanguageModel(tiny.model, tokenizer=tiny.tokenizer)
    observe.exact("dispatched", brief(getattr(model, "dispatched", None)))
    observe.exact("padding side", model.tokenizer.padding_side)
    observe.exact("pad token", brief(model.tokenizer.pad_token))
    with model.trace("ab"):
        hidden = model.model.layers[0].output.save()
        logits = model.lm_head.output.save()
    observe.exact("block", type(hidden).__name__)
    observe.exact("logits", returned(logits))
    observe.exact("gradient", logits.requires_grad)


@requires("nnsight", "transformers", "torch", "accelerate", "tokenizers")
def test_a_language_model_of_a_folder_is_answered_like_this(tiny, observe):
    from nnsight import LanguageModel

    observe.exact("answer", answer(lambda: type(LanguageModel(str(tiny.checkpoint))).__name__).kind)
