"""An induction circuit written by hand into the GPT-2 architecture.

The two heads of Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits": a
previous-token head in layer 0 tells each position which token stands before it, an induction
head in layer 1 looks for the position whose predecessor equals the present token and copies
what stands there. The other head of each layer, and the MLPs, are zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

TOKENS = 24
PERIOD = 16
POSITIONS = 2 * PERIOD
FEATURES = TOKENS + POSITIONS + TOKENS + 1
D_MODEL = 2 * FEATURES
HEADS = 2

_TOKEN = slice(0, TOKENS)
_POSITION = slice(TOKENS, TOKENS + POSITIONS)
_PREVIOUS = slice(TOKENS + POSITIONS, TOKENS + POSITIONS + TOKENS)
_CONSTANT = FEATURES - 1

_NORM = 200.0
_SHARPNESS = 100.0
_COPY = 4.0


def induction_circuit() -> Any:
    """A GPT2LMHeadModel of 2 layers with head [0, 0] previous-token and [1, 0] induction.

    Every feature is stored as a pair (+x, -x), so that LayerNorm finds a mean of zero, and a
    constant pair of 200 dominates the variance, so that its scale is known and undone by its
    weight. Position 0 attends only to itself and would pass for its own predecessor: the
    induction head's key is negative there. Eager attention, evaluation mode.
    """
    import torch

    model = _empty()
    blocks = model.transformer.h
    with torch.no_grad():
        model.transformer.wte.weight.copy_(_pairs(_identity(TOKENS, _TOKEN)))
        places = _identity(POSITIONS, _POSITION)
        places[:, _CONSTANT] = _NORM
        model.transformer.wpe.weight.copy_(_pairs(places))
        for norm in (blocks[0].ln_1, blocks[1].ln_1, model.transformer.ln_f):
            norm.weight.fill_(_NORM / FEATURES**0.5)
        _write_previous_token_head(blocks[0].attn)
        _write_induction_head(blocks[1].attn)
    return model


def random_circuit(seed: int) -> Any:
    """The same shape with every parameter drawn from a normal distribution of spread 0.02."""
    import torch

    model = _empty()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            drawn = torch.randn(parameter.shape, generator=generator) * 0.02
            parameter.copy_(drawn + (1.0 if ".ln_" in name and name.endswith("weight") else 0.0))
    return model


def _empty() -> Any:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=TOKENS,
            n_positions=POSITIONS,
            n_embd=D_MODEL,
            n_layer=2,
            n_head=HEADS,
            bos_token_id=0,
            eos_token_id=0,
            attn_implementation="eager",
        )
    ).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    return model


def _pairs(features: Tensor) -> Tensor:
    import torch

    return torch.cat([features, -features], dim=-1)


def _identity(size: int, place: slice) -> Tensor:
    import torch

    rows = torch.zeros(size, FEATURES)
    rows[:, place] = torch.eye(size)
    return rows


def _write_previous_token_head(attention: Any) -> None:
    import torch

    queries = torch.zeros(FEATURES, POSITIONS)
    queries[_POSITION] = torch.eye(POSITIONS).roll(-1, dims=1)
    queries[_POSITION.start] = 0
    _write_head(
        attention,
        queries=queries,
        keys=_identity(POSITIONS, _POSITION).T,
        values=_identity(TOKENS, _TOKEN).T,
        output=_identity(TOKENS, _PREVIOUS),
    )


def _write_induction_head(attention: Any) -> None:
    keys = _identity(TOKENS, _PREVIOUS).T.clone()
    keys[_POSITION.start] = -2
    _write_head(
        attention,
        queries=_identity(TOKENS, _TOKEN).T,
        keys=keys,
        values=_identity(TOKENS, _TOKEN).T,
        output=_COPY * _identity(TOKENS, _TOKEN),
    )


def _write_head(
    attention: Any, *, queries: Tensor, keys: Tensor, values: Tensor, output: Tensor
) -> None:
    """Fill head 0: queries, keys, values [feature, d_head], output [d_head, feature]."""
    import torch

    sharpness = _SHARPNESS * (D_MODEL // HEADS) ** 0.5
    combined = torch.zeros(D_MODEL, 3 * D_MODEL)
    for index, matrix in enumerate((sharpness * queries, keys, values)):
        start = index * D_MODEL
        combined[:FEATURES, start : start + matrix.shape[1]] = matrix
    attention.c_attn.weight.copy_(combined)
    projection = torch.zeros(D_MODEL, D_MODEL)
    projection[: len(output)] = _pairs(output)
    attention.c_proj.weight.copy_(projection)
