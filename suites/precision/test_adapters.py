"""QLoRA (Dettmers et al. 2023): low-rank adapters trained upon weights of 4 bits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness.plugin import documents, needs, precisions, requires

RANK, LAYERS, STEPS, RATE = 8, 2, 3, 1e-2


@pytest.fixture
def adapters(model):
    """Adapters on q and v of the model's last layers while the behaviour runs: [down, up, …].

    The up matrices are zero, so that they add nothing yet.
    """
    import torch

    layers = getattr(model.base_model, "layers", None)
    if layers is None or not hasattr(layers[0], "self_attn"):
        pytest.skip(f"adapters go to q_proj and v_proj, which {type(model).__name__} lacks")
    adapters, hooks = [], []
    for layer in layers[-LAYERS:]:
        for projection in (layer.self_attn.q_proj, layer.self_attn.v_proj):
            generator = torch.Generator().manual_seed(len(adapters))
            down = torch.randn(RANK, projection.in_features, generator=generator) * 0.02
            pair = (
                torch.nn.Parameter(down),
                torch.nn.Parameter(torch.zeros(projection.out_features, RANK)),
            )
            hooks.append(projection.register_forward_hook(with_adapter(*pair)))
            adapters += pair
    yield adapters
    for hook in hooks:
        hook.remove()


def with_adapter(down, up):
    def hook(module, inputs, output):
        return output + (inputs[0].to(down.dtype) @ down.T @ up.T).to(output.dtype)

    return hook


@needs("causal-lm")
@precisions("nf4")
@requires("bitsandbytes")
@documents("precision.qlora-use")
def test_adapters_upon_4_bit_weights_learn_and_the_weights_stay(
    model, adapters, sequences, observe
):
    import torch

    ids = torch.tensor([sequences[0]], device=model.device)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    optimiser = torch.optim.Adam(adapters, lr=RATE)
    losses = []
    for _ in range(STEPS + 1):
        loss = model(ids, labels=ids).loss
        losses.append(loss.item())
        for adapter, gradient in zip(adapters, torch.autograd.grad(loss, adapters), strict=True):
            adapter.grad = gradient
        optimiser.step()
    unchanged = all(weight.equal(before[name]) for name, weight in model.named_parameters())
    fell = all(later < earlier for earlier, later in pairwise(losses))
    observe.claim(
        "precision.qlora-use",
        {"the loss fell": fell, "the weights of 4 bits stayed": unchanged},
        holds=fell and unchanged,
    )
