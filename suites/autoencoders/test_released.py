"""Released autoencoders: the registry, and the document's workflow over stand-ins for weights."""

from __future__ import annotations

import pytest

from harness.plugin import documents, needs, requires, until

pytestmark = pytest.mark.requires("sae-lens", "transformer-lens", "transformers")

RELEASE, ID = "gpt2-small-res-jb", "blocks.8.hook_resid_pre"
REMOVED = ("transformer-lens", "4.0", "HookedTransformer was removed")


@pytest.fixture
def hub(stand_in_hub):
    """A hub cache with stand-ins for gpt2 and for the release."""
    return stand_in_hub("gpt2", "jbloom/GPT2-Small-SAEs-Reformatted")


@pytest.fixture
def hooked_gpt2(hub, keep):
    """The stand-in as the document loads it."""

    def make():
        from transformer_lens import HookedTransformer

        return HookedTransformer.from_pretrained("gpt2-small", device="cpu").eval()

    return keep("sae-gpt2", make)


def _resid_pre(model):
    import torch

    with torch.no_grad():
        _, cache = model.run_with_cache(model.to_tokens("Hello world"), names_filter=ID)
    return cache[ID]


@documents("sae.release-id")
@requires("sae-lens")
def test_the_release_and_the_id_are_registered(observe):
    from sae_lens.loading.pretrained_saes_directory import get_pretrained_saes_directory

    release = get_pretrained_saes_directory().get(RELEASE)
    ids = sorted(release.saes_map) if release else []
    observe.exact("ids", len(ids))
    observe.claim("sae.release-id", release.repo_id if release else None, holds=ID in ids)


@documents("sae.from-pretrained.return")
@requires("sae-lens")
def test_from_pretrained_returns_one_autoencoder(hub, observe):
    from sae_lens import SAE

    found = SAE.from_pretrained(RELEASE, ID)
    observe.claim("sae.from-pretrained.return", type(found).__name__, holds=isinstance(found, SAE))


@documents("sae.encode", "sae.tl-compat")
@until(*REMOVED)
def test_encode_takes_the_documents_activation(hub, hooked_gpt2, observe):
    import torch
    from sae_lens import SAE

    sae = SAE.from_pretrained(RELEASE, ID)
    with torch.no_grad():
        features = sae.encode(_resid_pre(hooked_gpt2))
    shape = list(features.shape)
    observe.claim("sae.encode", shape, holds=shape == [1, 3, sae.cfg.d_sae])
    observe.claim("sae.tl-compat", "SAE.encode of a HookedTransformer's cache", holds=True)


@documents("sae.hook-matches")
@until(*REMOVED)
def test_the_activation_depends_on_how_the_model_was_loaded(hub, hooked_gpt2, observe):
    """The release was trained on centred writing weights, which the document's loading gives."""
    import torch
    from sae_lens import SAE
    from transformer_lens.model_bridge import TransformerBridge

    told = SAE.from_pretrained(RELEASE, ID).cfg.metadata.model_from_pretrained_kwargs
    hooked = _resid_pre(hooked_gpt2)
    raw = TransformerBridge.boot_transformers("gpt2", device="cpu")
    compatible = TransformerBridge.boot_transformers("gpt2", device="cpu")
    compatible.enable_compatibility_mode()
    centred = hooked.mean(-1).abs().max() < 1e-4
    by = {
        "bridge": bool(torch.allclose(_resid_pre(raw), hooked, atol=1e-4)),
        "bridge in compatibility mode": bool(
            torch.allclose(_resid_pre(compatible), hooked, atol=1e-4)
        ),
    }
    observe.exact("the same activation under", by)
    observe.exact("trained with", told)
    observe.claim(
        "sae.hook-matches",
        "centred in HookedTransformer.from_pretrained, as the release was trained",
        holds=bool(centred) and bool(told.get("center_writing_weights")),
    )


@documents("sae.real-sparsity")
@needs(subject="gpt2")
def test_a_released_autoencoder_is_sparse(subject, hf_tokenizer, observe):
    """About 60 of 24,576 features; needs the release's weights in the hub's cache."""
    import torch
    from sae_lens import SAE
    from transformer_lens import HookedTransformer

    try:
        sae = SAE.from_pretrained(RELEASE, ID)
    except Exception as error:
        pytest.skip(f"needs the weights of {RELEASE} in the hub's cache ({type(error).__name__})")
    model = HookedTransformer.from_pretrained("gpt2-small", tokenizer=hf_tokenizer, device="cpu")
    with torch.no_grad():
        features = sae.encode(_resid_pre(model))[:, 1:]
    active = float((features > 0).sum(-1).float().mean())
    observe.claim("sae.real-sparsity", f"{active:.0f} active", holds=active < 600, steady=False)
