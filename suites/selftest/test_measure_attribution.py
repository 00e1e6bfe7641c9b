"""Direct logit attribution on numbers small enough to add up by hand."""

from __future__ import annotations

import pytest

from harness.measure.attribution import Stream, attribute, head_outputs, read_out

torch = pytest.importorskip("torch")


def _stream():
    """One layer, one prompt, two heads, d_model 2; the attention bias writes (1, 0)."""
    return Stream(
        embedding=torch.tensor([[1.0, 2.0]]),
        heads=torch.tensor([[[[2.0, 0.0], [0.0, 4.0]]]]),
        attention=torch.tensor([[[3.0, 4.0]]]),
        mlps=torch.tensor([[[-1.0, 1.0]]]),
    )


def _read(norm_bias=None, other=1.0):
    return read_out(
        unembedding=torch.tensor([[3.0, 1.0], [0.0, other]]),
        unembedding_bias=torch.tensor([0.25, 0.0]),
        norm_weight=torch.tensor([1.0, 2.0]),
        norm_bias=norm_bias,
        scale=torch.tensor([[2.0]]),
        answers=torch.tensor([0]),
        others=torch.tensor([1]),
    )


def test_heads_write_z_times_the_output_weights():
    z = torch.tensor([[[[1.0, 2.0]]]])
    weights = torch.tensor([[[[1.0, 0.0, 1.0], [0.0, 3.0, 1.0]]]])
    assert head_outputs(z, weights).tolist() == [[[[1.0, 6.0, 3.0]]]]


def test_parts_of_an_rmsnorm_model_add_up_by_hand():
    found = attribute(_stream(), _read())
    assert found.heads.tolist() == [[2.0, -4.0]]
    assert found.biases.tolist() == [1.0]
    assert found.mlps.tolist() == [-2.0]
    assert found.embedding == -1.0
    assert found.constant == 0.25
    assert found.by_prompt.tolist() == [-3.75]


def test_a_layernorm_subtracts_the_mean_and_adds_its_bias():
    found = attribute(_stream(), _read(norm_bias=torch.tensor([1.0, 0.0]), other=2.0))
    assert found.heads.tolist() == [[3.0, -6.0]]
    assert found.constant == 0.25 + 2.0


def test_the_parts_sum_to_what_the_norm_and_unembedding_give():
    generator = torch.Generator().manual_seed(0)
    heads = torch.randn(3, 4, 2, 6, generator=generator)
    stream = Stream(
        torch.randn(4, 6, generator=generator),
        heads,
        heads.sum(2) + 0.5,
        torch.randn(3, 4, 6, generator=generator),
    )
    final = stream.embedding + stream.attention.sum(0) + stream.mlps.sum(0)
    norm = torch.nn.LayerNorm(6, eps=0.0)
    unembed = torch.nn.Linear(6, 9)
    answers, others = torch.tensor([0, 1, 2, 3]), torch.tensor([4, 5, 6, 7])
    with torch.no_grad():
        norm.weight.copy_(torch.linspace(0.5, 2, 6))
        norm.bias.copy_(torch.linspace(-1, 1, 6))
        logits = unembed(norm(final))
        read = read_out(
            unembed.weight.T,
            unembed.bias,
            norm.weight,
            norm.bias,
            final.std(-1, correction=0, keepdim=True),
            answers,
            others,
        )
        found = attribute(stream, read).by_prompt
    rows = torch.arange(4)
    torch.testing.assert_close(found, logits[rows, answers] - logits[rows, others])
