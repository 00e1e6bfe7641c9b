"""What a run of a model called gpt2 caches, what a filter keeps of it, and where."""

from __future__ import annotations

import pytest

from harness.plugin import documents, tier

pytestmark = [pytest.mark.requires("transformer-lens", "transformers"), tier("quick")]

EIFFEL = "The Eiffel Tower is in"


@documents("tl.hooked.hookpoints")
def test_every_activation_that_is_cached_has_a_hook_point(gpt2_bridge, eiffel, observe):
    cached, points = set(eiffel[1].keys()), set(gpt2_bridge.hook_dict)
    per_layer = len(points) / gpt2_bridge.cfg.n_layers
    observe.claim(
        "tl.hooked.hookpoints",
        f"{len(points)} hook points, {len(cached)} in the cache",
        holds=cached <= points and per_layer > 12,
    )


@documents("tl.cache.names-filter", "tl.cache.filter-saves-memory")
def test_the_documents_filter_keeps_one_activation_a_layer(gpt2_bridge, eiffel, observe):
    import torch

    with torch.no_grad():
        _, few = gpt2_bridge.run_with_cache(
            eiffel[0], names_filter=lambda name: "resid_post" in name
        )
    observe.exact("keys of block 0", sorted(name for name in few if ".0." in name))
    observe.claim(
        "tl.cache.names-filter",
        len(few),
        holds=len(few) == 12 and all("resid_post" in name for name in few),
    )
    sizes = [sum(_bytes(cache)) for cache in (few, eiffel[1])]
    observe.claim(
        "tl.cache.filter-saves-memory",
        f"{sizes[0]} of {sizes[1]} bytes",
        holds=sizes[0] < sizes[1] / 10,
    )


def _bytes(cache):
    """Of each storage once: the bridge has one activation under several names."""
    storages = {value.data_ptr(): value.nbytes for value in cache.values()}
    return storages.values()


@documents("tl.cache.device-cpu", "tl.issue.memory")
def test_the_documents_cure_for_memory_runs(gpt2_bridge, eiffel, observe):
    import torch

    with torch.no_grad():
        _, few = gpt2_bridge.run_with_cache(
            eiffel[0],
            names_filter=lambda n: "resid_post" in n or "pattern" in n,
            device="cpu",
        )
    devices = sorted({value.device.type for value in few.values()})
    observe.claim("tl.cache.device-cpu", devices, holds=devices == ["cpu"])
    observe.claim(
        "tl.issue.memory",
        f"{len(few)} of {len(eiffel[1])} activations, on {devices[0]}",
        holds=len(few) == 24 and devices == ["cpu"],
    )


@documents("tl.cache.device-cpu")
def test_a_cache_on_the_cpu_of_a_model_on_the_gpu(hub, observe):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    from transformer_lens.model_bridge import TransformerBridge

    model = TransformerBridge.boot_transformers("gpt2", device="cuda")
    with torch.no_grad():
        _, few = model.run_with_cache(
            EIFFEL, names_filter=lambda n: "resid_post" in n, device="cpu"
        )
    devices = sorted({value.device.type for value in few.values()})
    observe.claim("tl.cache.device-cpu", devices, holds=devices == ["cpu"])


@documents("tl.classes.ActivationCache")
def test_the_cache_is_used_as_a_dictionary(eiffel, observe):
    from transformer_lens import ActivationCache

    cache = eiffel[1]
    name = "blocks.5.hook_resid_post"
    used = {
        "[]": cache[name] is cache["resid_post", 5],
        "in": name in cache and "none-such" not in cache,
        "keys": name in list(cache.keys()),
        "values": len(list(cache.values())) == len(cache),
        "items": dict(cache.items())[name] is cache[name],
        "iteration": name in list(iter(cache)),
        "missing": _lacks(cache, "none-such"),
    }
    observe.claim(
        "tl.classes.ActivationCache",
        used,
        holds=type(cache) is ActivationCache and all(used.values()),
    )


def _lacks(cache, name):
    try:
        cache[name]
    except KeyError:
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
def test_the_circuits_of_a_model_are_factored_matrices(gpt2_bridge, observe):
    width, heads = gpt2_bridge.cfg.d_model, gpt2_bridge.cfg.n_heads
    shapes = [list(gpt2_bridge.OV.shape), list(gpt2_bridge.QK.shape)]
    kinds = {type(gpt2_bridge.OV).__name__, type(gpt2_bridge.QK).__name__}
    observe.claim(
        "tl.classes.FactoredMatrix",
        shapes,
        holds=kinds == {"FactoredMatrix"} and shapes == [[12, heads, width, width]] * 2,
    )
