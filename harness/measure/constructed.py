"""Circuits written by hand into the GPT-2 architecture, so that what a measure should say is known.

The induction circuit: the two heads of Elhage et al. 2021, "A Mathematical Framework for
Transformer Circuits": a previous-token head in layer 0 tells each position which token stands
before it, an induction head in layer 1 looks for the position whose predecessor equals the
present token and copies what stands there. The other head of each layer, and the MLPs, are zero.

The attribution circuit: every head writes a known amount in a known direction.
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
        _write_embeddings(model)
        _write_previous_token_head(blocks[0].attn)
        _write_induction_head(blocks[1].attn)
    return model


AMOUNTS = ((3.0, -1.0), (0.5, 2.0))
"""What head [layer, head] of the attribution circuit adds to the logit difference."""

ANSWER, OTHER, BYSTANDER = 1, 2, 3
"""The tokens that the attribution circuit decides between, and one that both leave alone."""

BYSTANDERS = 4.0
"""What every head of the attribution circuit adds to the bystander's logit."""


def attribution_circuit() -> Any:
    """A GPT2LMHeadModel of the same shape whose direct logit attribution is AMOUNTS.

    Every head reads the constant, which is the same wherever it attends, and writes towards
    the answer what is above zero in AMOUNTS, towards the other what is below: the logit of
    ANSWER minus that of OTHER is the sum of AMOUNTS after any token but these two. What it
    writes towards the bystander counts for neither.
    """
    import torch

    model = _empty()
    with torch.no_grad():
        _write_embeddings(model)
        for block, amounts in zip(model.transformer.h, AMOUNTS, strict=True):
            for head, amount in enumerate(amounts):
                values = torch.zeros(FEATURES, 1)
                values[_CONSTANT] = 1 / _NORM
                output = torch.zeros(1, FEATURES)
                # Each feature is a pair, and so is its unembedding: both halves count.
                output[0, ANSWER if amount > 0 else OTHER] = abs(amount) / 2
                output[0, BYSTANDER] = BYSTANDERS / 2
                nothing = torch.zeros(FEATURES, 1)
                _write_head(
                    block.attn,
                    queries=nothing,
                    keys=nothing,
                    values=values,
                    output=output,
                    head=head,
                )
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


def _write_embeddings(model: Any) -> None:
    """A feature a token, a feature a position, the constant; norms that change nothing."""
    model.transformer.wte.weight.copy_(_pairs(_identity(TOKENS, _TOKEN)))
    places = _identity(POSITIONS, _POSITION)
    places[:, _CONSTANT] = _NORM
    model.transformer.wpe.weight.copy_(_pairs(places))
    for norm in (*(block.ln_1 for block in model.transformer.h), model.transformer.ln_f):
        norm.weight.fill_(_NORM / FEATURES**0.5)


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
    attention: Any,
    *,
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    output: Tensor,
    head: int = 0,
) -> None:
    """Fill one head: queries, keys, values [feature, d_head], output [d_head, feature]."""
    width = D_MODEL // HEADS
    sharpness = _SHARPNESS * width**0.5
    combined, projection = attention.c_attn.weight, attention.c_proj.weight
    for index, matrix in enumerate((sharpness * queries, keys, values)):
        start = index * D_MODEL + head * width
        combined[:FEATURES, start : start + matrix.shape[1]] = matrix
    projection[head * width : head * width + len(output)] = _pairs(output)


def tokenizer() -> Any:
    """A word a token: transformer-lens wants a tokenizer beside every model."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = {f"w{index}": index for index in range(TOKENS)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="w0")),
        bos_token="w0",
        eos_token="w0",
        pad_token="w0",
    )


def as_hooked(model: Any) -> Any:
    """`model` as a HookedTransformer, by transformer-lens's own conversion of GPT-2 weights.

    Nothing is folded or centred. Raises ImportError from transformer-lens 4 on.
    """
    from transformer_lens import HookedTransformer, HookedTransformerConfig
    from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights

    shape = model.config
    hooked = HookedTransformer(
        HookedTransformerConfig(
            n_layers=shape.n_layer,
            d_model=shape.n_embd,
            d_head=shape.n_embd // shape.n_head,
            n_heads=shape.n_head,
            d_mlp=4 * shape.n_embd,
            d_vocab=shape.vocab_size,
            n_ctx=shape.n_positions,
            act_fn=shape.activation_function,
            eps=shape.layer_norm_epsilon,
            normalization_type="LN",
            original_architecture="GPT2LMHeadModel",
            default_prepend_bos=False,
            init_weights=False,
            device="cpu",
        )
    )
    hooked.load_and_process_state_dict(
        convert_gpt2_weights(model, hooked.cfg),
        fold_ln=False,
        center_writing_weights=False,
        center_unembed=False,
        fold_value_biases=False,
    )
    return hooked.eval()
