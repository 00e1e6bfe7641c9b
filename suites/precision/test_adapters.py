"""QLoRA (Dettmers et al. 2023): low-rank adapters trained upon weights of 4 bits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness.measure.processor import processor_has
from harness.plugin import documents, needs, precisions, requires

RANK, LAYERS, STEPS, RATE = 8, 2, 3, 1e-2


@pytest.fixture
def trainable(subject, cell):
    """A model of the cell in training mode, with adapters on q and v of its last layers.

    With it the adapters, [down, up, …]: the up matrices are zero, so that they add nothing yet.
    """
    import torch

    from harness.subjects import load_model

    model = load_model(subject, cell.precision, cell.device).train()
    layers = getattr(model.base_model, "layers", None)
    if layers is None or not hasattr(layers[0], "self_attn"):
        pytest.skip(f"adapters go to q_proj and v_proj, which {type(model).__name__} lacks")
    adapters = []
    for layer in layers[-LAYERS:]:
        for projection in (layer.self_attn.q_proj, layer.self_attn.v_proj):
            generator = torch.Generator().manual_seed(len(adapters))
            down = torch.randn(RANK, projection.in_features, generator=generator) * 0.02
            up = torch.zeros(projection.out_features, RANK)
            pair = [torch.nn.Parameter(matrix.to(model.device)) for matrix in (down, up)]
            projection.register_forward_hook(with_adapter(*pair))
            adapters += pair
    return model, adapters


def with_adapter(down, up):
    def hook(module, inputs, output):
        return output + (inputs[0].to(down.dtype) @ down.T @ up.T).to(output.dtype)

    return hook


@needs("causal-lm")
@precisions("nf4")
@requires("bitsandbytes")
@documents("precision.qlora-use")
def test_adapters_upon_4_bit_weights_learn_and_the_weights_stay(trainable, sequences, observe):
    import torch

    model, adapters = trainable
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


@needs(subject="smollm2-135m-instruct")
@precisions("nf4", "fp4")
@requires("bitsandbytes")
def test_a_4_bit_model_that_computed_in_evaluation_passes_gradients_like_this(
    model, sequences, observe
):
    """bitsandbytes 0.50.2 packs 4-bit weights at the first pass in evaluation mode, and its
    product with packed weights has no backward: adapters below it learn nothing."""
    import torch

    if model.device.type != "cpu" or not processor_has("avx512_bf16"):
        pytest.skip("4-bit weights are packed only on a processor with AVX512-BF16")
    ids = torch.tensor([sequences[0][:4]])
    with torch.no_grad():
        model(ids)
        embedded = model.get_input_embeddings()(ids)
    with torch.enable_grad():
        embedded.requires_grad_()
        projection = next(
            module for module in model.modules() if type(module).__name__ == "Linear4bit"
        )
        total = projection(embedded).sum()
        (gradient,) = torch.autograd.grad(total, embedded, allow_unused=True)
    observe.exact("a gradient reaches the input", gradient is not None)
