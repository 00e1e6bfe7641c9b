"""transformer-lens on a model called gpt2: GPT-2's tokenizer, layers and heads, random weights."""

from __future__ import annotations

import pytest

from harness.plugin import documents, until

pytestmark = pytest.mark.requires("transformer-lens", "transformers")

REMOVED = ("transformer-lens", "4.0", "HookedTransformer was removed")
EIFFEL = "The Eiffel Tower is in"


@pytest.fixture
def hub(keep, tmp_path_factory, monkeypatch):
    """A hub cache in which gpt2 is a stand-in, for this behaviour only."""
    from harness.subjects import standins

    def make():
        place = tmp_path_factory.mktemp("hub")
        standins.lay_out(place, ["gpt2"])
        return place

    from transformers.utils import hub

    place = keep("hub", make)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(place / "hub"))
    if hasattr(hub, "TRANSFORMERS_CACHE"):  # transformers 4 reads its own copy of it
        monkeypatch.setattr(hub, "TRANSFORMERS_CACHE", str(place / "hub"))
    return place


@pytest.fixture
def gpt2(hub, keep):
    """HookedTransformer.from_pretrained("gpt2-small"), as the document loads it."""

    def make():
        from transformer_lens import HookedTransformer

        return HookedTransformer.from_pretrained("gpt2-small", device="cpu").eval()

    return keep("gpt2", make)


@pytest.fixture
def gpt2_bridge(hub, keep):
    """TransformerBridge.boot_transformers("gpt2"), as the document loads it."""

    def make():
        from transformer_lens.model_bridge import TransformerBridge

        return TransformerBridge.boot_transformers("gpt2", device="cpu")

    return keep("gpt2-bridge", make)


@pytest.fixture
def eiffel(gpt2, keep):
    """(tokens, logits, cache) of the document's prompt."""

    def make():
        import torch

        tokens = gpt2.to_tokens(EIFFEL)
        with torch.no_grad():
            return tokens, *gpt2.run_with_cache(tokens)

    return keep("eiffel", make)


@documents("tl.hooked.from-pretrained", "tl.alias.gpt2-small")
@until(*REMOVED)
def test_from_pretrained_loads_gpt2_by_its_other_name(gpt2, observe):
    observe.exact("model name", gpt2.cfg.model_name)
    observe.claim(
        "tl.hooked.from-pretrained",
        type(gpt2).__name__,
        holds=type(gpt2).__name__ == "HookedTransformer",
    )
    observe.claim("tl.alias.gpt2-small", gpt2.cfg.model_name, holds=gpt2.cfg.model_name == "gpt2")


@documents("tl.hooked.matches-hf")
@until(*REMOVED)
def test_folding_and_centring_leave_the_log_probabilities(gpt2, hub, eiffel, observe):
    import torch
    from transformers import AutoModelForCausalLM

    tokens, logits, _ = eiffel
    with torch.no_grad():
        expected = AutoModelForCausalLM.from_pretrained("gpt2")(tokens).logits
    off = torch.log_softmax(logits, -1) - torch.log_softmax(expected, -1)
    shifted = float((logits - expected).abs().max())
    observe.claim(
        "tl.hooked.matches-hf",
        "log-probabilities agree" + (", logits are shifted" if shifted > 1e-3 else ""),
        holds=float(off.abs().max()) < 1e-3,
    )


@documents("tl.hooked.hookpoints")
@until(*REMOVED)
def test_every_activation_that_is_computed_is_cached(gpt2, eiffel, observe):
    """What is left out by default needs use_attn_result and the like to be computed at all."""
    cached, points = set(eiffel[2].keys()), set(gpt2.hook_dict)
    left_out = sorted({name.split(".", 2)[-1] for name in points - cached})
    observe.exact("not computed by default", left_out)
    observe.claim(
        "tl.hooked.hookpoints",
        f"{len(points)} hook points, {len(cached)} in the cache",
        holds=cached <= points and len(cached) > 12 * gpt2.cfg.n_layers,
    )


@documents("tl.eiffel-tokens")
@until(*REMOVED)
def test_the_documents_prompt_is_bos_and_seven_tokens(gpt2, observe):
    ids = gpt2.to_tokens(EIFFEL)[0].tolist()
    bos = gpt2.tokenizer.bos_token_id
    observe.claim("tl.eiffel-tokens", ids, holds=ids[0] == bos and len(ids) == 8)


@documents("tl.cache.names-filter", "tl.cache.filter-saves-memory")
@until(*REMOVED)
def test_the_documents_filter_keeps_one_activation_a_layer(gpt2, eiffel, observe):
    import torch

    with torch.no_grad():
        _, few = gpt2.run_with_cache(eiffel[0], names_filter=lambda name: "resid_post" in name)
    observe.claim(
        "tl.cache.names-filter",
        len(few),
        holds=len(few) == 12 and all("resid_post" in name for name in few),
    )
    sizes = [sum(value.nbytes for value in cache.values()) for cache in (few, eiffel[2])]
    observe.claim("tl.cache.filter-saves-memory", f"{sizes[0]} of {sizes[1]} bytes", holds=True)
    assert sizes[0] < sizes[1] / 10


@documents("tl.cache.names-filter")
def test_the_same_filter_on_the_bridge(gpt2_bridge, observe):
    import torch

    with torch.no_grad():
        _, few = gpt2_bridge.run_with_cache(EIFFEL, names_filter=lambda name: "resid_post" in name)
    observe.exact("keys of block 0", sorted(name for name in few if ".0." in name))
    observe.claim("tl.cache.names-filter", len(few), holds=len(few) == 12)


@documents("tl.cache.device-cpu", "tl.issue.memory")
@until(*REMOVED)
def test_the_documents_cure_for_memory_runs(gpt2, eiffel, observe):
    import torch

    with torch.no_grad():
        _, few = gpt2.run_with_cache(
            eiffel[0],
            names_filter=lambda n: "resid_post" in n or "pattern" in n,
            device="cpu",
        )
    devices = sorted({value.device.type for value in few.values()})
    observe.claim("tl.cache.device-cpu", devices, holds=devices == ["cpu"])
    observe.claim(
        "tl.issue.memory",
        f"{len(few)} of {len(eiffel[2])} activations, on {devices[0]}",
        holds=len(few) == 24 and devices == ["cpu"],
    )


@documents("tl.cache.device-cpu")
@until(*REMOVED)
def test_a_cache_on_the_cpu_of_a_model_on_the_gpu(hub, observe):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    from transformer_lens import HookedTransformer

    model = HookedTransformer.from_pretrained("gpt2-small", device="cuda")
    with torch.no_grad():
        _, few = model.run_with_cache(
            EIFFEL, names_filter=lambda n: "resid_post" in n, device="cpu"
        )
    devices = sorted({value.device.type for value in few.values()})
    observe.claim("tl.cache.device-cpu", devices, holds=devices == ["cpu"])


@documents("tl.classes.ActivationCache")
@until(*REMOVED)
def test_the_cache_is_used_as_a_dictionary(eiffel, observe):
    from transformer_lens import ActivationCache

    cache = eiffel[2]
    name = "blocks.5.hook_resid_post"
    used = {
        "[]": cache[name] is cache["resid_post", 5],
        "in": name in cache and "none-such" not in cache,
        "keys": name in list(cache.keys()),
        "values": len(list(cache.values())) == len(cache),
        "items": dict(cache.items())[name] is cache[name],
        "iteration": name in list(iter(cache)),
        "missing": _raises(KeyError, lambda: cache["none-such"]),
    }
    observe.claim(
        "tl.classes.ActivationCache",
        used,
        holds=type(cache) is ActivationCache and all(used.values()),
    )


def _raises(kind, call):
    try:
        call()
    except kind:
        return True
    return False


@documents("tl.classes.FactoredMatrix")
def test_a_factored_matrix_computes_without_its_product(observe):
    import torch
    from transformer_lens import FactoredMatrix

    generator = torch.Generator().manual_seed(0)
    a, b, c = (torch.randn(*shape, generator=generator) for shape in ((9, 2), (2, 9), (9, 9)))
    factored, product = FactoredMatrix(a, b), a @ b
    same = {
        "AB": torch.allclose(factored.AB, product, atol=1e-5),
        "norm": torch.allclose(factored.norm(), product.norm(), rtol=1e-4),
        "singular values": torch.allclose(
            factored.S, torch.linalg.svdvals(product)[:2], rtol=1e-4, atol=1e-4
        ),
        "transposed": torch.allclose(factored.T.AB, product.T, atol=1e-5),
        "multiplied": torch.allclose((factored @ c).AB, product @ c, atol=1e-4),
        "stays factored": type(factored @ c).__name__ == "FactoredMatrix",
    }
    observe.claim("tl.classes.FactoredMatrix", same, holds=all(same.values()))


@documents("tl.classes.FactoredMatrix")
@until(*REMOVED)
def test_the_circuits_of_a_model_are_factored_matrices(gpt2, observe):
    width, heads = gpt2.cfg.d_model, gpt2.cfg.n_heads
    shapes = [list(gpt2.OV.shape), list(gpt2.QK.shape)]
    kinds = {type(gpt2.OV).__name__, type(gpt2.QK).__name__}
    observe.claim(
        "tl.classes.FactoredMatrix",
        shapes,
        holds=kinds == {"FactoredMatrix"} and shapes == [[12, heads, width, width]] * 2,
    )


@documents("tl.patching.import")
@until(*REMOVED)
def test_patching_imports_beside_hooked_transformer(observe):
    from transformer_lens import HookedTransformer, patching

    assert HookedTransformer is not None
    ready = [name for name in dir(patching) if name.startswith("get_act_patch_")]
    observe.claim("tl.patching.import", f"{len(ready)} ready-made patches", holds=bool(ready))


@documents("tl.patching.single-tokens", "tl.ioi.single-tokens")
@until(*REMOVED)
def test_the_documents_answers_are_single_tokens_of_gpt2(gpt2, observe):
    cities = {name: gpt2.to_single_token(name) for name in (" Paris", " Rome")}
    observe.claim(
        "tl.patching.single-tokens", cities, holds=cities == {" Paris": 6342, " Rome": 10598}
    )
    names = {name: gpt2.to_single_token(name) for name in (" John", " Mary")}
    observe.claim("tl.ioi.single-tokens", names, holds=names == {" John": 1757, " Mary": 5335})


@documents("tl.patching.same-length", "tl.patching.minimal-difference")
@until(*REMOVED)
def test_the_documents_prompts_have_one_length_in_gpt2s_tokens(gpt2, observe):
    clean = gpt2.to_tokens("The Eiffel Tower is in the city of")
    corrupted = gpt2.to_tokens("The Colosseum is in the city of")
    shapes = [list(clean.shape), list(corrupted.shape)]
    observe.claim("tl.patching.same-length", shapes, holds=shapes[0] == shapes[1])
    differing = int((clean != corrupted).sum())
    observe.claim(
        "tl.patching.minimal-difference",
        f"{differing} of {clean.shape[1]} tokens differ",
        holds=differing < clean.shape[1] / 2,
    )


@documents("tl.patching.result-shape", "tl.patching.last-layer-identity")
@until(*REMOVED)
def test_the_librarys_own_patching_gives_layers_by_positions(gpt2, observe):
    """The stream after attention: what an MLP adds at one position no other reads any more."""
    import torch
    from transformer_lens import patching

    clean = gpt2.to_tokens("The Eiffel Tower is in the city of")
    corrupted = gpt2.to_tokens("The Colosseum is in the city of")
    with torch.no_grad():
        logits, cache = gpt2.run_with_cache(clean)
        table = patching.get_act_patch_resid_mid(
            gpt2, corrupted, cache, lambda logits: logits[0, -1, 6342] - logits[0, -1, 10598]
        )
    shape = list(table.shape)
    observe.claim("tl.patching.result-shape", shape, holds=shape == [12, 11])
    metric = float(logits[0, -1, 6342] - logits[0, -1, 10598])
    restored = float(table[-1, -1])
    observe.claim(
        "tl.patching.last-layer-identity",
        "the last layer at the last position gives the clean value",
        holds=abs(restored - metric) < 1e-3,
    )


@documents("tl.ioi.weights-shapes")
@until(*REMOVED)
def test_gpt2s_output_weights_have_the_documented_shapes(observe):
    """GPT-2 small's own size, its memory reserved and never written."""
    from transformer_lens import HookedTransformer, HookedTransformerConfig

    model = HookedTransformer(
        HookedTransformerConfig(
            n_layers=12,
            d_model=768,
            n_heads=12,
            d_head=64,
            d_mlp=3072,
            d_vocab=50257,
            n_ctx=1024,
            act_fn="gelu_new",
            init_weights=False,
            device="cpu",
        )
    )
    shapes = {"W_O": list(model.W_O.shape), "W_U": list(model.W_U.shape)}
    observe.claim(
        "tl.ioi.weights-shapes",
        shapes,
        holds=shapes == {"W_O": [12, 12, 64, 768], "W_U": [768, 50257]},
    )


@documents("tl.ioi.z-shape", "tl.ioi.dla-shape")
@until(*REMOVED)
def test_the_documents_ioi_prompt_in_the_cache(gpt2, observe):
    import torch

    tokens = gpt2.to_tokens("When John and Mary went to the store, Mary gave a bottle to")
    with torch.no_grad():
        _, cache = gpt2.run_with_cache(tokens, names_filter=lambda name: name.endswith("hook_z"))
    shape = list(cache["z", 0].shape)
    observe.claim("tl.ioi.z-shape", shape, holds=shape[:3] == [1, 15, 12])
    table = [len(cache), shape[2]]
    observe.claim("tl.ioi.dla-shape", table, holds=table == [12, 12])


@documents("tl.induction.no-bos", "tl.induction.shape", "tl.induction.range")
@until(*REMOVED)
def test_ids_are_run_without_a_token_in_front(gpt2, observe):
    import torch

    with torch.no_grad():
        _, cache = gpt2.run_with_cache(torch.tensor([[1000, 2000, 1000]]))
    shape = list(cache["pattern", 0].shape)
    observe.claim("tl.induction.no-bos", shape, holds=shape == [1, 12, 3, 3])
    scores = torch.stack([cache["pattern", layer][0][:, 2, 1] for layer in range(12)])
    observe.claim("tl.induction.shape", list(scores.shape), holds=list(scores.shape) == [12, 12])
    inside = bool((scores >= 0).all() and (scores <= 1).all())
    observe.claim("tl.induction.range", "within 0 and 1", holds=inside)


@documents("tl.issue.tim-single", "tl.issue.neel-two", "tl.issue.single-token-error")
@until(*REMOVED)
def test_one_name_is_a_token_and_the_other_two(gpt2, observe):
    tim = gpt2.to_tokens("Tim", prepend_bos=False)[0].tolist()
    observe.claim("tl.issue.tim-single", tim, holds=len(tim) == 1)
    neel = gpt2.to_str_tokens(gpt2.to_tokens("Neel", prepend_bos=False))
    observe.claim("tl.issue.neel-two", neel, holds=neel == ["Ne", "el"])
    refused = _raises(AssertionError, lambda: gpt2.to_single_token("Neel"))
    observe.claim("tl.issue.single-token-error", "AssertionError", holds=refused)


@documents("tl.issue.ln-scale-attr")
@until(*REMOVED)
def test_the_norms_weight_is_folded_away_by_default(gpt2, hub, observe):
    from transformer_lens import HookedTransformer

    found = type(gpt2.blocks[0].ln2).__name__
    has_weight = hasattr(gpt2.blocks[0].ln2, "w")
    plain = HookedTransformer.from_pretrained_no_processing("gpt2-small", device="cpu")
    unprocessed = plain.blocks[0].ln2
    observe.exact("without processing", [type(unprocessed).__name__, list(unprocessed.w.shape)])
    observe.claim(
        "tl.issue.ln-scale-attr",
        f"{found} has {'' if has_weight else 'no '}w",
        holds=has_weight,
    )


@documents("tl.issue.ln-preact")
@until(*REMOVED)
def test_the_documents_pre_activation_leaves_the_bias_out(gpt2, eiffel, observe):
    import torch

    cache, layer = eiffel[2], 3
    residual = cache["resid_mid", layer]
    with torch.no_grad():
        written = gpt2.blocks[layer].ln2(residual) @ gpt2.W_in[layer]
    expected = cache["pre", layer]
    without_norm = float((residual @ gpt2.W_in[layer] - expected).abs().max())
    off = float((written - expected).abs().max())
    with_bias = float((written + gpt2.b_in[layer] - expected).abs().max())
    assert with_bias < 1e-4 < off < without_norm
    observe.claim(
        "tl.issue.ln-preact", "ln2(resid_mid) @ W_in + b_in is the pre-activation", holds=off < 1e-4
    )


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
