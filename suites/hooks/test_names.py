"""Which models transformer-lens says it knows, by its own registries: no weights needed."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires, tier, until

pytestmark = tier("quick")

REMOVED = ("transformer-lens", "4.0", "HookedTransformer and its list of names were removed")
NOT_HOSTED = ("llama-7b-hf", "llama-13b-hf", "llama-30b-hf", "llama-65b-hf")
"""What 3.x lists as NON_HF_HOSTED_MODEL_NAMES: 4.x has the names and no longer that list."""


def _resolve(name):
    """(official name or None, how loading it by name would end).

    By the list of HookedTransformer.from_pretrained, or from 4.0 on by the same list where
    TransformerBridge.boot_transformers looks names up.
    """
    resolve, known_names, not_hosted = _lists()
    try:
        official = resolve(name)
    except ValueError:
        like = [known for known in known_names if known.startswith(f"{name}-")]
        return None, f"ValueError: {name} not found; there are {', '.join(sorted(like)[:3])}, ..."
    if official in not_hosted:
        return official, f"{official}: not hosted, hf_model must be passed in"
    return official, official


def _lists():
    """(from a name to the official one, all names, those that the hub has not)."""
    try:
        from transformer_lens import loading_from_pretrained as loading
    except ImportError:
        from transformer_lens import supported_models as names

        aliases = [alias for those in names.MODEL_ALIASES.values() for alias in those]
        return names.get_official_model_name, aliases, NOT_HOSTED
    aliases = loading.make_model_alias_map()
    return loading.get_official_model_name, aliases, loading.NON_HF_HOSTED_MODEL_NAMES


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param("tl.alias.gpt2", marks=documents("tl.alias.gpt2")),
        pytest.param("tl.alias.gpt2-medium", marks=documents("tl.alias.gpt2-medium")),
        pytest.param("tl.alias.gpt2-large", marks=documents("tl.alias.gpt2-large")),
        pytest.param("tl.alias.gpt2-xl", marks=documents("tl.alias.gpt2-xl")),
        pytest.param("tl.alias.gpt2-small", marks=documents("tl.alias.gpt2-small")),
        pytest.param("tl.alias.llama-7b", marks=documents("tl.alias.llama-7b")),
        pytest.param("tl.alias.llama-13b", marks=documents("tl.alias.llama-13b")),
        pytest.param("tl.alias.llama-2-7b", marks=documents("tl.alias.llama-2-7b")),
        pytest.param("tl.alias.llama-2-13b", marks=documents("tl.alias.llama-2-13b")),
        pytest.param("tl.alias.pythia-70m", marks=documents("tl.alias.pythia-70m")),
        pytest.param("tl.alias.pythia-12b", marks=documents("tl.alias.pythia-12b")),
        pytest.param("tl.alias.gpt-j-6b", marks=documents("tl.alias.gpt-j-6b")),
        pytest.param("tl.alias.mistral-7b", marks=documents("tl.alias.mistral-7b")),
        pytest.param("tl.alias.mixtral-8x7b", marks=documents("tl.alias.mixtral-8x7b")),
        pytest.param("tl.alias.opt", marks=documents("tl.alias.opt")),
        pytest.param("tl.alias.gpt-neo", marks=documents("tl.alias.gpt-neo")),
        pytest.param("tl.alias.phi", marks=documents("tl.alias.phi")),
        pytest.param("tl.alias.qwen", marks=documents("tl.alias.qwen")),
        pytest.param("tl.alias.gemma", marks=documents("tl.alias.gemma")),
    ],
)
@requires("transformer-lens")
def test_what_a_documented_name_resolves_to(claim, observe):
    official, ends = _resolve(claim.removeprefix("tl.alias."))
    observe.claim(claim, ends, holds=official is not None and ends == official)


@until(*REMOVED)
@requires("transformer-lens")
def test_a_name_that_is_not_hosted_is_refused_before_anything_is_built(observe):
    from transformer_lens import loading_from_pretrained as loading

    config = loading.get_pretrained_model_config("llama-7b")
    with pytest.raises(NotImplementedError) as caught:
        loading.get_pretrained_state_dict("llama-7b-hf", config)
    observe.exact("error", str(caught.value))


@documents("tl.alias.pythia-range")
@requires("transformer-lens")
def test_pythia_comes_in_every_size_of_the_range(observe):
    sizes = ("70m", "160m", "410m", "1b", "1.4b", "2.8b", "6.9b", "12b")
    known = [size for size in sizes if _resolve(f"pythia-{size}")[0] is not None]
    observe.claim("tl.alias.pythia-range", known, holds=known == list(sizes))


@documents("tl.models.count")
@requires("transformer-lens")
def test_how_many_models_are_in_the_list(observe):
    from transformer_lens.supported_models import OFFICIAL_MODEL_NAMES

    count = len(set(OFFICIAL_MODEL_NAMES))
    observe.claim("tl.models.count", count, holds=count > 50)


@documents("bridge.arch-count")
@requires("transformer-lens")
def test_how_many_architectures_the_bridge_adapts(observe):
    from transformer_lens.factories.architecture_adapter_factory import SUPPORTED_ARCHITECTURES

    adapters = len(set(SUPPORTED_ARCHITECTURES.values()))
    observe.claim(
        "bridge.arch-count",
        f"{adapters} adapters for {len(SUPPORTED_ARCHITECTURES)} class names",
        holds=adapters > 50,
    )


@requires("transformer-lens")
def test_the_package_says_which_models_were_verified(observe):
    """The data behind the page that the document points to."""
    import json
    from importlib.resources import files

    data = files("transformer_lens.tools.model_registry") / "data" / "supported_models.json"
    registry = json.loads(data.read_text(encoding="utf-8"))
    entries = registry["models"]
    verified = sum(entry["status"] == 1 for entry in entries)
    observe.exact("models, verified", [len(entries), verified])
    assert 0 < verified < len(entries)


@documents("bridge.import-path")
@requires("transformer-lens")
def test_the_bridge_is_where_the_document_imports_it_from(observe):
    from transformer_lens.model_bridge import TransformerBridge

    boots = callable(TransformerBridge.boot_transformers)
    observe.claim("bridge.import-path", TransformerBridge.__name__, holds=boots)


@documents("bridge.canonical-way")
@requires("transformer-lens")
def test_the_library_recommends_the_bridge_over_hooked_transformer(observe):
    import warnings

    try:
        from transformer_lens import HookedTransformer, HookedTransformerConfig
    except ImportError as gone:
        observe.claim(
            "bridge.canonical-way", "HookedTransformer is gone", holds="Bridge" in str(gone)
        )
        return
    config = HookedTransformerConfig(
        n_layers=1, d_model=4, n_ctx=2, d_head=2, d_vocab=3, act_fn="gelu", seed=0
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        HookedTransformer(config)
    said = [str(w.message) for w in caught if issubclass(w.category, DeprecationWarning)]
    advice = next((text for text in said if "TransformerBridge" in text), None)
    observe.claim("bridge.canonical-way", advice, holds=advice is not None)
