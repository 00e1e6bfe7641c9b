"""The documents' fragments on transformer-lens and sae-lens."""

from __future__ import annotations

import pytest

from harness.plugin import documents, requires, until

ASKED = {
    "boot-bridge": {"logits": "list(logits.shape)", "cache": "type(cache).__name__"},
    "hooked": {"class": "type(model).__name__"},
    "instead/hooked": {"class": "type(model).__name__"},
    "hooked-cache": {"kept": "len(cache)", "residual": "list(residual.shape)[:2]"},
    "hooked-patching": {
        "results": "list(results.shape)",
        "finite": "bool(results.isfinite().all())",
    },
    "hooked-ioi": {"table": "list(head_contributions.shape)"},
    "hooked-induction": {"heads": "len(top_heads.indices)"},
    "hooked-tokenization": {
        "Tim": "model.to_str_tokens('Tim')",
        "Neel": "model.to_str_tokens('Neel')",
    },
    "hooked-layernorm": {},
    "instead/hooked-layernorm": {
        "scale": "list(ln_scale.shape)",
        "is the pre-activation": "bool(torch.allclose(pre_activation, cache['pre', layer], "
        "atol=1e-5))",
    },
    "hooked-memory": {
        "kept": "len(cache)",
        "devices": "sorted({str(x.device) for x in cache.values()})",
    },
    "hooked-autoencoder": {
        "class": "type(sae).__name__",
        "activations": "list(sae_acts.shape)[:2]",
    },
}


@pytest.fixture
def ran(run_fragments):
    return run_fragments(ASKED)


@requires("transformer-lens", "transformers", "torch")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("boot-bridge", marks=documents("fragments.boot-bridge"), id="boot-bridge"),
        pytest.param("hooked", marks=documents("fragments.hooked"), id="hooked"),
        pytest.param("hooked-cache", marks=documents("fragments.hooked-cache"), id="hooked-cache"),
        pytest.param(
            "hooked-patching", marks=documents("fragments.hooked-patching"), id="hooked-patching"
        ),
        pytest.param("hooked-ioi", marks=documents("fragments.hooked-ioi"), id="hooked-ioi"),
        pytest.param(
            "hooked-induction", marks=documents("fragments.hooked-induction"), id="hooked-induction"
        ),
        pytest.param(
            "hooked-tokenization",
            marks=documents("fragments.hooked-tokenization"),
            id="hooked-tokenization",
        ),
        pytest.param(
            "hooked-layernorm", marks=documents("fragments.hooked-layernorm"), id="hooked-layernorm"
        ),
        pytest.param(
            "hooked-memory", marks=documents("fragments.hooked-memory"), id="hooked-memory"
        ),
        pytest.param(
            "hooked-autoencoder",
            marks=[documents("fragments.hooked-autoencoder"), requires("sae-lens")],
            id="hooked-autoencoder",
        ),
    ],
)
def test_a_fragment_runs_as_written(ran, name, observe):
    error = ran[name].error
    observe.claim(f"fragments.{name}", error or "runs", holds=error is None)


@requires("transformer-lens", "transformers", "torch")
def test_the_fragments_give_these_values(ran, observe):
    for name, one in ran.items():
        if one.values:
            observe.exact(name, one.values)


@requires("transformer-lens", "transformers", "torch")
def test_what_to_write_instead_of_hooked_transformer_runs(ran):
    assert ran["instead/hooked"].value("class") == "TransformerBridge"


@requires("transformer-lens", "transformers", "torch")
@until("transformer-lens", "4.0.0", "HookedTransformer is gone")
def test_what_to_write_instead_of_a_folded_norms_weight_runs(ran):
    assert ran["instead/hooked-layernorm"].value("is the pre-activation")
